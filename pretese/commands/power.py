"""`pretese power`: operating characteristics and sample size of a planned trial, by simulation."""

from typing import TYPE_CHECKING, Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Number, pairs_of, to_number
from pretese.commands.options import (
    effect_option,
    json_option,
    mcse_option,
    out_option,
    part_option,
    prior_option,
    replicates_option,
    resume_option,
    scenario_set_option,
    scheduler_option,
    seed_option,
    workers_option,
    worlds_option,
)
from pretese.commands.parts import refuse_with_part, show_part
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:
    from pretese.api.display import Shown
    from pretese.api.trials.designs import Design
    from pretese.jobs.storage.parts import PartDone


@click.command()
@click.argument("designs", nargs=-1, required=True, metavar="DESIGN...")
@click.option(
    "--participants", multiple=True, type=click.IntRange(10, 100_000),
    help="Total sample size [default: that of the design]. May be repeated.",
)  # fmt: skip
@effect_option("Percentage of the planned effect, in addition to 0 and 100. May be repeated.")
@click.option(
    "--target-power", type=Number(), help="Find the sample size for this power, such as 0.9."
)
@replicates_option(20, 10_000_000, 2000, "Simulated trials at each sample size and effect.")
@mcse_option(0.0002, "Add replicates until power and type I error")
@click.option(
    "--interpolate", is_flag=True,
    help="Of more than seven sizes, simulate seven; read the power of the others, with its "
         "error, from a line. Refused where a line is not valid.",
)  # fmt: skip
@seed_option()
@click.option(
    "--sensitivity", "axes", multiple=True, metavar="PATH=V1,V2,...",
    help="Alternative values of an assumption, such as dropout=0,10,20. May be "
         "repeated: all combinations are simulated, and the worst case is reported.",
)  # fmt: skip
@prior_option(
    "Report the probability of success under published evidence ('evidence', a topic, or a prior "
    "file) instead of simulating."
)
@click.option(
    "--prior-of", metavar="TREATMENT",
    help="Of several arms: the treatment whose effect has the prior [default: that of the design].",
)  # fmt: skip
@click.option("--tornado", is_flag=True, help="Vary one assumption at a time over its range.")
@worlds_option()
@scenario_set_option
@out_option("Folder for finished blocks of replicates, tables and figures.", extended=True)
@click.option(
    "--patient-level", is_flag=True,
    help="Simulate patients even where counts suffice. Always on when designs are compared.",
)  # fmt: skip
@resume_option
@part_option
@workers_option
@scheduler_option
@json_option
def command(
    designs: tuple[str, ...],
    participants: tuple[int, ...],
    prior: str | None,
    prior_of: str | None,
    axes: tuple[str, ...],
    worlds: int | None,
    changes: dict[str, float],
    part: str | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Simulate trials of each DESIGN (a shipped name or a file), with and without an effect.

    With fixed event rates and an unadjusted test, binomial counts are simulated instead of
    patients: the same distribution, much faster.

    Several designs are simulated on the same participants, so that differences between them are
    paired. With --out finished replicates are kept: an interrupted run continues with --resume, and
    --replicates may be increased.
    """
    from pretese.api.trials.read_design import design
    from pretese.screen.console import SafeConsole

    if chosen["resume"] and chosen["out"] is None:
        problem = "there is nothing to resume without --out"
        raise InputError.of("--resume", "", problem, "name the folder of the study")
    first, *others = map(design, designs)
    if (prior, prior_of, worlds) != (None, None, None):
        _show_bands(first, prior, prior_of, worlds, participants, chosen, as_json=as_json)
        return
    if part is not None:
        done = _compute_part([first, *others], part, participants, axes, changes, chosen)
        show_part(done, as_json=as_json)
        return
    with options_named():
        found = first.power(
            participants,
            sensitivity=_axes(axes),
            changes=changes,
            compare=others,
            **chosen,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        found.show(SafeConsole())


def _compute_part(
    designs: list["Design"],
    part: str,
    participants: tuple[int, ...],
    axes: tuple[str, ...],
    changes: dict[str, float],
    chosen: dict[str, Any],
) -> "PartDone":
    """Simulate one part of the trials."""
    from pretese.api.trials.power_parts import power_part

    if chosen["out"] is None:
        problem = "a part is kept for later, and there is no folder for it"
        raise InputError.of("--part", "", problem, "name the folder of the study with --out")
    apart = ("mcse", "interpolate", "scheduler")
    refuse_with_part(**{name: chosen.pop(name) or None for name in apart})
    del chosen["resume"]  # a part always continues
    with options_named():
        return power_part(
            designs, part, participants, sensitivity=_axes(axes), changes=changes, **chosen
        )


def _show_bands(
    design: "Design",
    prior: str | None,
    prior_of: str | None,
    worlds: int | None,
    participants: tuple[int, ...],
    chosen: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Print the probability of success under a prior, over an ensemble, or both."""
    settings = {name: chosen[name] for name in ("workers", "replicates", "seed")}
    found: Shown
    with options_named():
        if prior is not None or prior_of is not None:
            found = design.forecast(
                prior, participants, prior_of=prior_of, worlds=worlds, **settings
            )
        else:
            found = design.power_bands(worlds or 0, participants, **settings)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))


def _axes(words: tuple[str, ...]) -> dict[str, tuple[float, ...]]:
    """Return ``PATH=V1,V2`` words as values by path."""
    axes = {}
    for path, text in pairs_of("--sensitivity", words, "dropout=0,10,20").items():
        try:
            axes[path] = tuple(to_number(value) for value in text.split(","))
        except ValueError:
            cure = "write PATH=NUMBER,NUMBER, such as dropout=0,10,20"
            raise InputError.of(
                "--sensitivity", path, f"{text!r} is not understood", cure
            ) from None
    return axes
