"""Closed combination tests: stage by stage, whatever was dropped or reallocated in between.

Each set of null hypotheses has a p-value of every stage, from the participants of that stage:
Dunnett's or Sidak's test of the treatments of the set that were recruited then. The p-values
are combined with weights fixed in the plan (inverse normal), and compared with the boundaries of
one hypothesis. Bretz F, Schmidli H, Koenig F, Racine A, Maurer W. *Biom J* 2006;48:623-34; Koenig
F, Brannath W, Bretz F, Posch M. *Stat Med* 2008;27:1612-25. Given the stages before, the p-value of
a stage is uniform under its null hypotheses, so that any rule may choose treatments, allocation and
sizes of the next stage.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.special import log_ndtr, ndtri

from estimate.core.arrays import Bools, Floats
from estimate.multi_arm.control_paths import control_paths, follow_arm
from estimate.multi_arm.local_tests import NEVER, LocalTests
from estimate.multi_arm.set_boundaries import single_boundary
from estimate.sequential.boundary_shapes import Shape

#: How a set is tested within a stage.
Intersection = Literal["dunnett", "sidak"]

#: Statistics beyond are as good as certain.
REACH = 8.0

#: Sizes of a treatment relative to the control for which Dunnett's p-values are tabulated.
RATIOS = np.array([0.0, 0.1, 0.2, 1 / 3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0])


@dataclass(slots=True)
class CombinationTest:
    """A closed combination test while its stages come in.

    Attributes
    ----------
    tests
        Sets of hypotheses; of their ``critical`` values only which treatments have one is used.
    weights
        (stage,) planned information of each separate stage.
    upper
        (stage,) boundaries of one hypothesis.
    intersection
        The test within a stage. Dunnett's is for sets of one kind of hypothesis, with the smallest
        size of a treatment per participant of the control, which is conservative for larger ones;
        other sets are tested by Sidak's inequality, which holds if their statistics are not
        negatively correlated.
    """

    tests: LocalTests
    weights: Floats
    upper: Floats
    intersection: Intersection = "dunnett"
    _sum: Floats | None = field(default=None, init=False)
    _stages: int = field(default=0, init=False)

    @property
    def z(self) -> Floats:
        """(replicate, set) combined statistics of the stages to date."""
        if self._sum is None:
            raise ValueError("no stage has been added")  # checked by the caller
        return np.asarray(self._sum / np.sqrt(self.weights[: self._stages].sum()))

    def resumed(self, z: Floats, stages: int, replicates: int) -> "CombinationTest":
        """Return the test after ``stages`` stages with these (set,) statistics, repeated."""
        found = CombinationTest(self.tests, self.weights, self.upper, self.intersection)
        found._sum = np.repeat(z[None] * np.sqrt(self.weights[:stages].sum()), replicates, axis=0)
        found._stages = stages
        return found

    def add(self, z: Floats, stage: int, sizes: Floats) -> Bools:
        """Add the statistics of one stage; return (replicate, set) rejections.

        Parameters
        ----------
        z
            (replicate, treatment, step) statistics of the participants of only this stage; minus
            infinity or NaN where the treatment was not recruited.
        stage
            From 0.
        sizes
            (replicate, arm) participants of this stage, the control first.
        """
        if self._sum is None:
            self._sum = np.zeros((len(z), len(self.tests.step)))
        members = self.tests.critical[:, :, 0] < NEVER
        own = np.stack(
            [self._of_set(z, sizes, *each) for each in zip(self.tests.step, members, strict=True)],
            -1,
        )
        self._sum += np.sqrt(self.weights[stage]) * own
        self._stages = stage + 1
        return np.asarray(self.z >= self.upper[stage])

    def _of_set(self, z: Floats, sizes: Floats, step: np.ndarray, members: Bools) -> Floats:
        """Return (replicate,) the z equivalent of the p-value of a set."""
        inside = np.flatnonzero(members)
        values = z[:, inside, step[inside]]
        seen = np.isfinite(values)
        best = np.where(seen, np.clip(values, -REACH, REACH), -np.inf).max(1)
        count = seen.sum(1)
        mixed = np.unique(step[inside]).size > 1 or self.intersection == "sidak"
        smallest = np.where(seen, sizes[:, 1:][:, inside], np.inf).min(1)
        ratio = np.zeros(len(z)) if mixed else _rounded_down(smallest, sizes[:, 0])
        found = np.full(len(z), -np.inf)
        for treatments in range(1, len(inside) + 1):
            for each in np.unique(ratio[count == treatments]):
                here = (count == treatments) & (ratio == each)
                found[here] = stage_z(best[here], treatments, float(each))
        return found


def _rounded_down(smallest: Floats, control: Floats) -> Floats:
    """Return participants per participant of the control, rounded down to `RATIOS`."""
    ratio = np.divide(smallest, control, out=np.zeros_like(control), where=control > 0)
    return RATIOS[np.searchsorted(RATIOS, ratio + 1e-9, side="right") - 1]


def stage_z(largest: Floats, treatments: int, ratio: float) -> Floats:
    """Return the z equivalent of the p-value of the largest of several null statistics.

    Parameters
    ----------
    ratio
        Participants of a treatment per participant of the control, for Dunnett's p-value; 0 gives
        Sidak's, that of independent statistics.

    Examples
    --------
    >>> stage_z(np.array([2.2121411]), 2, 1.0).round(3).tolist()
    [1.96]
    """
    if treatments == 1:
        return largest
    if ratio == 0:
        return np.asarray(-ndtri(-np.expm1(treatments * log_ndtr(largest))))
    grid, values = _dunnett_table(treatments, round(ratio, 9))
    return np.interp(largest, grid, values)


@lru_cache(maxsize=64)
def _dunnett_table(treatments: int, ratio: float) -> tuple[Floats, Floats]:
    """Return grid of the largest statistic, and the z equivalent of Dunnett's p-value there."""
    grid = np.linspace(-REACH, REACH, 1601)
    weights = control_paths((1.0,))[1]
    below = np.stack([
        1 - follow_arm((1.0,), np.array([z]), np.array([-np.inf]), ratio).rejects[:, 0]
        for z in grid
    ])  # fmt: skip
    none = np.clip(below, 0.0, 1.0) ** treatments @ weights
    values = -ndtri(np.clip(1 - none, 1e-15, 1 - 1e-12))
    return grid, np.maximum.accumulate(values)


def stage_weights(rates: Sequence[float]) -> Floats:
    """Return (stage,) planned information of each separate stage."""
    return np.diff(np.asarray(rates, float), prepend=0.0)


def combination_test(
    tests: LocalTests, rates: Sequence[float], shape: Shape, alpha: float, *,
    intersection: Intersection = "dunnett",
) -> CombinationTest:  # fmt: skip
    """Return a closed combination test at a one-sided level, with the weights of the plan."""
    upper = single_boundary(tuple(float(t) for t in rates), shape, alpha)
    return CombinationTest(tests, stage_weights(rates), upper, intersection)
