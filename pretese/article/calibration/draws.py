"""Targets in simulated studies."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pretese.article.simulated.counts import count_statistics, exact_quartiles
from pretese.article.simulated.studies import Studies
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.core.coding import BASELINE
from simulate.scenario import Scenario
from simulate.truth import ESTIMANDS, SCALES, Estimand, sample_effects

Floats = NDArray[np.float64]

#: Base seed of calibration, different from default seeds, so that a later check is independent.
SEED = 7_042_022

#: Studies simulated at a time: about 90,000 patients with 40 columns, well below a gigabyte.
BLOCK = 160


def truth_statistics() -> dict[str, Callable[[Cohort], Floats]]:
    """Return every true effect that may be a target, by its id: truth, estimand, scale."""
    return {
        f"truth.{estimand.key}.{scale}": _truth(estimand, scale)
        for estimand in ESTIMANDS
        for scale in SCALES
    }


def _truth(estimand: Estimand, scale: str) -> Callable[[Cohort], Floats]:
    def read(cohort: Cohort) -> Floats:
        effect = sample_effects(cohort, (estimand,))[estimand.key]
        value: Floats = getattr(effect, scale)
        return value

    return read


def draw_targets(
    scenario: Scenario,
    targets: Sequence[str],
    replicates: int,
    seed: int,
    exact: Sequence[str] = (),
) -> Floats:
    """Return every target in every simulated study, shape (study, target).

    ``exact`` names quartiles that follow the targets, of the values before rounding.
    """
    return np.concatenate(list(_blocks(scenario, targets, replicates, seed, exact)))


def _blocks(
    scenario: Scenario, targets: Sequence[str], replicates: int, seed: int, exact: Sequence[str]
) -> Iterator[Floats]:
    counted, true = count_statistics(), truth_statistics()
    smooth = exact_quartiles(BASELINE)
    for first in range(0, replicates, BLOCK):
        size = min(BLOCK, replicates - first)
        cohort = draw_cohort(scenario, seed, replicates=size, first=first)
        drawn = Studies(cohort)
        found = [counted[n](drawn) if n in counted else true[n](cohort) for n in targets]
        yield np.stack([*found, *(smooth[n](drawn) for n in exact)], axis=-1)
