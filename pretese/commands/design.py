"""``pretese design``: list designs, and show one for a protocol or another system."""

from pathlib import Path

import click

from pretese.commands.option_names import options_named
from pretese.commands.options import format_option, out_file_option
from pretese.commands.output_types import OutputFile, WritingCommand
from pretese.screen.terminal import echo
from pretese.trial.exchange.forms import FORMS


@click.group("design")
def command() -> None:
    """List designs, and show one for a protocol or another system."""


@command.command("list")
def list_designs() -> None:
    """List the shipped designs."""
    from pretese.api.shipped_names import shipped
    from pretese.api.trials.read_design import design

    for name in shipped().designs:
        echo(f"{name}\n  {design(name).title}")


@command.command("show", cls=WritingCommand)
@click.argument("design")
@format_option(FORMS, "synopsis", "Synopsis as in ICH M11, or JSON of CDISC USDM.")
@out_file_option("File to write.", OutputFile())
def show_one(design: str, form: str, out: Path | None) -> None:
    """Show DESIGN (a shipped name or a file) as a synopsis, or as a study definition."""
    from pretese.api.trials.read_design import design as read_design
    from pretese.io.output.atomic_file import write_file

    with options_named({"form": "--format"}):
        text = read_design(design).show(form)
    if out is None:
        echo(text.removesuffix("\n"))
    else:
        write_file(out, text, "--out")
        echo(f"wrote {out}", err=True)
