"""PICTURES: every picture of a scenario by name; its module is loaded when it is drawn."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.errors import InputError

if TYPE_CHECKING:  # a help text that lists the pictures draws none
    from matplotlib.figure import Figure

    from simulate.scenario import Scenario

#: Studies drawn for the pictures of many studies.
STUDIES = 400


def _man(scenario: "Scenario", seed: int, man: int) -> "Figure":
    from pretese.pictures.hormone_figure import draw_hormones
    from simulate.cohort.draw import draw_cohort

    if man > scenario.men:
        problem = f"there is no man {man} among {scenario.men}"
        raise InputError.of("patient", "", problem, f"give a number from 1 to {scenario.men}")
    return draw_hormones(draw_cohort(scenario, seed), man - 1)


def _cohort(scenario: "Scenario", seed: int, man: int) -> "Figure":
    from pretese.pictures.cohort_figure import draw_cohort_hormones
    from simulate.cohort.draw import draw_cohort

    return draw_cohort_hormones(draw_cohort(scenario, seed))


def _quartiles(scenario: "Scenario", seed: int, man: int) -> "Figure":
    from pretese.article.published import load_published
    from pretese.article.twin.counts import count_statistics
    from pretese.article.twin.studies import Studies
    from pretese.pictures.quartile_figure import ARMS, QUARTILES, draw_quantiles
    from simulate.cohort.draw import draw_cohort
    from simulate.core.coding import BASELINE

    studies, computed = Studies(draw_cohort(scenario, seed, STUDIES)), count_statistics()
    keys = [f"table1.{v}.{arm}.{q}" for v in BASELINE for arm in ARMS for q in QUARTILES]
    simulated = {key: computed[key](studies) for key in keys}
    return draw_quantiles(load_published(scenario.published), simulated)


def _luck(scenario: "Scenario", seed: int, man: int) -> "Figure":
    from pretese.pictures.variance_figure import compare_luck, draw_savings

    return draw_savings(compare_luck(scenario, seed, STUDIES), scenario.men)


#: Name of a picture to what draws it from scenario, base seed and number of a patient.
PICTURES: dict[str, Callable[["Scenario", int, int], "Figure"]] = {
    "man": _man,
    "cohort": _cohort,
    "quartiles": _quartiles,
    "luck": _luck,
}
