"""PICTURES: every picture of a scenario by name; a module is imported when its picture is drawn."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.errors import InputError

if TYPE_CHECKING:  # a help text that lists the pictures imports none
    from matplotlib.figure import Figure

    from simulate.scenario import Scenario

#: Replicates simulated for pictures of many studies.
REPLICATES = 400


def _patient(scenario: "Scenario", seed: int, patient: int) -> "Figure":
    from pretese.pictures.hormone_figure import draw_hormones
    from simulate.cohort.draw import draw_cohort

    if patient > scenario.patients:
        problem = f"there is no patient {patient} among {scenario.patients}"
        raise InputError.of(
            "patient_number", "", problem, f"give a number from 1 to {scenario.patients}"
        )
    return draw_hormones(draw_cohort(scenario, seed), patient - 1)


def _cohort(scenario: "Scenario", seed: int, patient: int) -> "Figure":
    from pretese.pictures.cohort_figure import draw_cohort_hormones
    from simulate.cohort.draw import draw_cohort

    return draw_cohort_hormones(draw_cohort(scenario, seed))


def _quartiles(scenario: "Scenario", seed: int, patient: int) -> "Figure":
    from pretese.article.published import load_published
    from pretese.article.simulated.counts import count_statistics
    from pretese.article.simulated.studies import Studies
    from pretese.pictures.quartile_figure import ARMS, QUARTILES, draw_quantiles
    from simulate.cohort.draw import draw_cohort
    from simulate.core.coding import BASELINE

    studies, computed = Studies(draw_cohort(scenario, seed, REPLICATES)), count_statistics()
    keys = [f"table1.{v}.{arm}.{q}" for v in BASELINE for arm in ARMS for q in QUARTILES]
    simulated = {key: computed[key](studies) for key in keys}
    return draw_quantiles(load_published(scenario.published), simulated)


def _variance(scenario: "Scenario", seed: int, patient: int) -> "Figure":
    from pretese.pictures.variance_figure import compare_variances, draw_savings

    return draw_savings(compare_variances(scenario, seed, REPLICATES), scenario.patients)


#: Name of a picture to its function of scenario, base seed and patient number.
PICTURES: dict[str, Callable[["Scenario", int, int], "Figure"]] = {
    "patient": _patient,
    "cohort": _cohort,
    "quartiles": _quartiles,
    "variance": _variance,
}
