"""`pretese picture`: one man's hormones, a cohort's, its quartiles, what shared luck saves."""

from collections.abc import Callable
from pathlib import Path

import click
from matplotlib.figure import Figure

from pretese.article.published import load_published
from pretese.article.twin.counts import count_statistics
from pretese.article.twin.studies import Studies
from pretese.commands.options import seed_option
from pretese.io.output.atomic_file import check_file
from pretese.pictures.cohort_figure import draw_cohort_hormones
from pretese.pictures.hormone_figure import draw_hormones
from pretese.pictures.quartile_figure import ARMS, QUARTILES, draw_quantiles
from pretese.pictures.variance_figure import compare_luck, draw_savings
from pretese.plots.style import save
from protocol.errors import InputError
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import BASELINE
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario

#: Studies drawn for the pictures of many studies.
STUDIES = 400


def _man(scenario: Scenario, seed: int, man: int) -> Figure:
    if man > scenario.men:
        problem = f"there is no man {man} among {scenario.men}"
        raise InputError.of("--man", "", problem, f"give a number from 1 to {scenario.men}")
    return draw_hormones(draw_cohort(scenario, seed), man - 1)


def _cohort(scenario: Scenario, seed: int, man: int) -> Figure:
    return draw_cohort_hormones(draw_cohort(scenario, seed))


def _quartiles(scenario: Scenario, seed: int, man: int) -> Figure:
    studies, computed = Studies(draw_cohort(scenario, seed, STUDIES)), count_statistics()
    keys = [f"table1.{v}.{arm}.{q}" for v in BASELINE for arm in ARMS for q in QUARTILES]
    simulated = {key: computed[key](studies) for key in keys}
    return draw_quantiles(load_published(scenario.published), simulated)


def _luck(scenario: Scenario, seed: int, man: int) -> Figure:
    return draw_savings(compare_luck(scenario, seed, STUDIES), scenario.men)


_PICTURES: dict[str, Callable[[Scenario, int, int], Figure]] = {
    "man": _man,
    "cohort": _cohort,
    "quartiles": _quartiles,
    "luck": _luck,
}


@click.command()
@click.argument("kind", type=click.Choice(list(_PICTURES)))
@click.argument("scenario")
@click.option("--man", type=click.IntRange(1), default=1, show_default=True, help="For `man`.")
@seed_option()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="File to write: .png or .svg.",
)  # fmt: skip
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
    save(_PICTURES[kind](load_scenario(scenario), seed, man), out, "--out")
