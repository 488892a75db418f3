"""Apply a design to many trials at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.arrays import Bools, Floats
from estimate.performance.measures import Measure, proportion_mcse
from estimate.sequential.design import SequentialDesign
from protocol.errors import InputError

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Conduct:
    """Ends of trials; ``...`` is their leading shape.

    Attributes
    ----------
    analysis
        (...) last analysis taken, counted from 1.
    rejected
        (...) whether the null hypothesis was rejected there.
    z
        (...) statistic at that analysis.
    analyses
        Analyses of the design.
    """

    analysis: Ints
    rejected: Bools
    z: Floats
    analyses: int

    def stop_shares(self) -> Measure:
        """Return (..., analysis, 2) proportions of trials ending: with and without rejection.

        Replicates are the last axis of the trials. Each share comes with its Monte Carlo error.
        """
        at = self.analysis[..., None] == np.arange(1, self.analyses + 1)
        ends = np.stack([at & self.rejected[..., None], at & ~self.rejected[..., None]], -1)
        share, n = ends.mean(-3), ends.shape[-3]
        return Measure(share, proportion_mcse(share, n), np.full(share.shape, n))


def follow(design: SequentialDesign, z: ArrayLike) -> Conduct:
    """Stop each trial at its first boundary crossing.

    Parameters
    ----------
    design
        Boundaries; a futility boundary, binding or not, is followed.
    z
        (..., analysis) statistics as if no trial had stopped. NaN means that an analysis gave no
        statistic (a model that did not converge, no events): the trial does not stop there, and a
        trial without a statistic at the last analysis does not reject.

    Examples
    --------
    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> design = plan_sequential([0.5, 1], Spending("OF"), futility=Spending("OF"))
    >>> ends = follow(design, [[3.1, 0.0], [1.5, 2.0], [-1.0, 2.5]])
    >>> ends.analysis, ends.rejected
    (array([1, 2, 1]), array([ True,  True, False]))
    """
    values = np.asarray(z, float)
    if values.shape[-1:] != (design.analyses,):
        problem = f"{values.shape[-1:]} statistics were given for {design.analyses} analyses"
        raise InputError.of("conduct", "z", problem, "give one per analysis")
    high, low = np.asarray(design.upper), np.asarray(design.lower)
    with np.errstate(invalid="ignore"):
        above, below = values >= high, values < low
    if design.sides == 2:
        above, below = above | (values <= low), np.zeros_like(below)
    stops = above | below
    stops[..., -1] = True
    last = stops.argmax(-1)
    rejected = np.take_along_axis(above, last[..., None], -1)[..., 0]
    final = np.take_along_axis(values, last[..., None], -1)[..., 0]
    return Conduct((last + 1).astype(np.int64), rejected, final, design.analyses)
