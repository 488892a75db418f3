"""`pretese power`: how often a planned trial finds its effect, and how many men it needs."""

from typing import Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Number, NumberRange, pairs_of, to_number
from pretese.commands.options import (
    json_option,
    out_option,
    replicates_option,
    resume_option,
    scenario_set_option,
    scheduler_option,
    seed_option,
    workers_option,
)
from pretese.io.text.json_text import print_json
from protocol.errors import InputError

#: Arguments of the interface, and the options that stand for them.
_OPTIONS = {
    "patients": "--men", "sensitivity": "--nuisance", "patient_level": "--by-men",
}  # fmt: skip


@click.command()
@click.argument("designs", nargs=-1, required=True, metavar="DESIGN...")
@click.option(
    "--men", multiple=True, type=click.IntRange(10, 100_000),
    help="Men in both arms [the file's]. May be repeated: a curve.",
)  # fmt: skip
@click.option(
    "--effect", "effects", multiple=True, type=NumberRange(0, 100),
    help="Percent of the planned effect, beside 0 and 100. May be repeated: a curve.",
)  # fmt: skip
@click.option("--solve", type=Number(), help="Find the men for this power, such as 0.9.")
@replicates_option(20, 10_000_000, 2000, "Simulated trials.")
@seed_option()
@click.option(
    "--nuisance", "axes", multiple=True, metavar="PATH=V1,V2,...",
    help="Values of an assumption for a worst case, such as dropout=0,10,20. May be repeated: all "
    "combinations.",
)  # fmt: skip
@click.option(
    "--tornado", is_flag=True, help="Move each assumption alone to either end of its range."
)
@scenario_set_option
@out_option("Folder for finished blocks of trials, tables and figures.")
@click.option(
    "--by-men", is_flag=True,
    help="Draw every man, also where counts of men would do. Designs that are compared always are.",
)  # fmt: skip
@resume_option
@workers_option
@scheduler_option
@json_option
def command(
    designs: tuple[str, ...],
    men: tuple[int, ...],
    axes: tuple[str, ...],
    changes: dict[str, float],
    by_men: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Simulate trials of each DESIGN (a shipped name or a file), always also under no effect.

    Men of plain risks, compared unadjusted, are drawn as counts where that is the same: many times
    faster.

    Designs are simulated on the same men, so that differences between them are paired. With --out
    finished work is kept: a run that was stopped continues with --resume, and --replicates may
    grow.
    """
    from pretese.api.trials.designs import design
    from pretese.screen.console import SafeConsole
    from pretese.trial.power.power_view import show_power

    if chosen["resume"] and chosen["out"] is None:
        problem = "there is nothing to resume without --out"
        raise InputError.of("--resume", "", problem, "name the folder of the study")
    first, *others = map(design, designs)
    with options_named(_OPTIONS):
        found = first.power(
            men,
            sensitivity=_axes(axes),
            changes=changes,
            patient_level=by_men,
            compare=others,
            **chosen,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        show_power(SafeConsole(), found.to_dict())


def _axes(words: tuple[str, ...]) -> dict[str, tuple[float, ...]]:
    """Return ``PATH=V1,V2`` words as values by path."""
    axes = {}
    for path, text in pairs_of("--nuisance", words, "dropout=0,10,20").items():
        try:
            axes[path] = tuple(to_number(value) for value in text.split(","))
        except ValueError:
            cure = "write PATH=NUMBER,NUMBER, such as dropout=0,10,20"
            raise InputError.of("--nuisance", path, f"{text!r} is not understood", cure) from None
    return axes
