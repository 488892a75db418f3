"""``pretese regimen``: list, show, prove and test protocol files."""

from pathlib import Path

import click

from pretese.api import shipped_names
from pretese.api.protocols import regimens
from pretese.bedside.regimen_page import REGIMEN_FORMATS
from pretese.commands.option_names import options_named
from pretese.commands.options import format_option, json_option, out_option, regimen_set_option
from pretese.io.output.atomic_file import check_file, write_file
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo


@click.group("regimen")
def command() -> None:
    """List, show, prove and test regimens."""


@command.command("list")
def show_list() -> None:
    """List the shipped regimens."""
    for name in shipped_names.shipped().regimens:
        made = regimens.regimen(name).compiled
        echo(f"{name:38} {made.version}  {made.title}")


@command.command("show")
@click.argument("regimen")
@format_option(REGIMEN_FORMATS, "text", "Words, a decision tree, or DMN.")
@click.option("--table", "tables", multiple=True, help="With dmn: this table alone.")
@out_option("File to write.")
@regimen_set_option
def show(
    regimen: str, form: str, tables: tuple[str, ...], out: Path | None, changes: dict[str, float]
) -> None:
    """Show a regimen: in words, as a decision tree, or as DMN."""
    if out is not None:
        check_file(out, "--out")
    with options_named({"table": "--table"}):
        text = regimens.regimen(regimen, **changes).show(form, table=tables)
    if out is None:
        echo(text.removesuffix("\n"))
    else:
        write_file(out, text, "--out")
        echo(f"wrote {out}", err=True)


@command.command("verify")
@click.argument("regimen")
@regimen_set_option
@json_option
def verify(regimen: str, changes: dict[str, float], as_json: bool) -> None:
    """Prove a regimen: tables complete and disjoint, every path ends; list all paths."""
    proof = regimens.regimen(regimen, **changes).verify()
    if as_json:
        print_json(proof.to_dict())
    elif proof.proved:
        echo(str(proof))
    if not proof.proved:
        raise CheckFailedError("\n".join(proof.faults))


@command.command("test")
@click.argument("regimen")
@click.option("--verbose", is_flag=True, help="List the cases that hold, too.")
@regimen_set_option
@json_option
def test(regimen: str, verbose: bool, changes: dict[str, float], as_json: bool) -> None:
    """Run the cases that stand beside a regimen."""
    cases = regimens.regimen(regimen, **changes).test()
    if as_json:
        print_json(cases.to_dict())
    else:
        echo(cases.text(verbose=verbose))
    if cases.failed:
        raise CheckFailedError(f"{cases.failed} of {len(cases.results)} cases do not hold")
