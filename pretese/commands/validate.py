"""`pretese validate`: this installation, compared with reference values of other programs."""

from pathlib import Path

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import json_option, out_file_option
from pretese.commands.output_types import OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo


@click.command(cls=WritingCommand)
@click.argument("areas", nargs=-1, metavar="[AREA]...")
@out_file_option("HTML page of every comparison, to file away.", OutputFile(".html"))
@json_option
def command(areas: tuple[str, ...], out: Path | None, as_json: bool) -> None:
    """Compare this installation with reference values that come with it.

    The values are those of rpact, gsDesign, East, R and metafor, of publications, of enumeration,
    and of this release. Without an AREA all are compared. Exits with status 3 if a comparison
    fails.
    """
    with options_named():
        found = pretese.validate(areas)
        if out is not None:
            found.write(out)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))
    if found.failed:
        first = found.failed[0]
        raise CheckFailedError(
            f"{len(found.failed)} of {len(found.comparisons)} comparisons failed (first: "
            f"{first.area}, {first.quantity})"
        )
