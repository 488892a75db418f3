"""`pretese picture`: one man's hormones, a cohort's, its quartiles, what shared luck saves."""

from pathlib import Path

import click

import pretese
from pretese.commands.options import out_option, seed_option
from pretese.io.output.atomic_file import check_file
from pretese.pictures.scenario_pictures import PICTURES
from pretese.screen.option_names import options_named
from protocol.errors import InputError


@click.command()
@click.argument("kind", type=click.Choice(list(PICTURES)))
@click.argument("scenario")
@click.option("--man", type=click.IntRange(1), default=1, show_default=True, help="For `man`.")
@seed_option()
@out_option("File to write: .png or .svg.", required=True)
def command(kind: str, scenario: str, man: int, seed: int, out: Path) -> None:
    """Draw a picture of SCENARIO (a shipped name or a file).

    man: hormones hour by hour, with injections and decisions. cohort: all men month by month.
    quartiles: published beside simulated. luck: what common random numbers save.
    """
    if out.suffix not in (".png", ".svg"):
        raise InputError.of(
            "--out", str(out), f"{out.suffix or 'no ending'}", "end in .png or .svg"
        )
    check_file(out, "--out")
    chosen = pretese.scenario(scenario)
    with options_named({"patient": "--man"}):
        figure = chosen.plot(kind, patient=man, seed=seed)
    from pretese.plots.style import save

    save(figure, out, "--out")
