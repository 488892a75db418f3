"""``pretese regimen``: list, show, verify and test regimen files."""

from pathlib import Path

import click

from pretese.bedside.regimen_formats import FORMAT_NAMES
from pretese.commands.option_names import options_named
from pretese.commands.options import format_option, json_option, out_file_option, regimen_set_option
from pretese.commands.output_types import OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo


@click.group("regimen")
def command() -> None:
    """List, show, verify and test regimens."""


@command.command("list")
def show_list() -> None:
    """List the shipped regimens."""
    from pretese.api.protocols.read_regimen import regimen as read_regimen
    from pretese.api.shipped_names import shipped

    for name in shipped().regimens:
        made = read_regimen(name).compiled
        echo(f"{name} {made.version}\n  {made.title}")


@command.command("show", cls=WritingCommand)
@click.argument("regimen")
@format_option(FORMAT_NAMES, "text", "Text, a decision tree, or DMN.")
@click.option("--table", "tables", multiple=True, help="With dmn: only this table.")
@out_file_option("File to write.", OutputFile())
@regimen_set_option
def show(
    regimen: str, form: str, tables: tuple[str, ...], out: Path | None, changes: dict[str, float]
) -> None:
    """Show a regimen as text, as a decision tree, or as DMN."""
    from pretese.api.protocols.read_regimen import regimen as read_regimen
    from pretese.io.output.atomic_file import write_file

    with options_named({"table": "--table"}):
        text = read_regimen(regimen, **changes).show(form, table=tables)
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
    """Verify that a regimen is complete and unambiguous.

    Every table must give exactly one answer for every input, and every path through the months
    must end. All paths are listed with their doses.
    """
    from pretese.api.protocols.read_regimen import regimen as read_regimen

    proof = read_regimen(regimen, **changes).verify()
    if as_json:
        print_json(proof.to_dict())
    elif proof.proved:
        echo(str(proof))
    if not proof.proved:
        raise CheckFailedError("\n".join(proof.faults))


@command.command("test")
@click.argument("regimen")
@click.option("--verbose", is_flag=True, help="Also list the cases that passed.")
@regimen_set_option
@json_option
def test(regimen: str, verbose: bool, changes: dict[str, float], as_json: bool) -> None:
    """Run the test cases of a regimen."""
    from pretese.api.protocols.read_regimen import regimen as read_regimen

    cases = read_regimen(regimen, **changes).test()
    if as_json:
        print_json(cases.to_dict())
    else:
        echo(cases.text(verbose=verbose))
    if cases.failed:
        raise CheckFailedError(f"{cases.failed} of {len(cases.results)} cases failed")
