"""Statistics of counts: treatments compared with the control, and effects of a factorial trial."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats
from pretese.trial.multi_arm.design.design_file import MultiArmDesign


@dataclass(frozen=True, slots=True)
class Compared:
    """Comparisons of every replicate, shape (replicate, comparison).

    Attributes
    ----------
    z
        Statistics, positive in favour of treatment; NaN if an arm is empty.
    estimate
        Effects on the scale of the analysis: risk differences, or log odds ratios.
    """

    z: Floats
    estimate: Floats


def compare_counts(design: MultiArmDesign, events: Floats, analysed: Floats) -> Compared:
    """Compare (replicate, arm) counts: score tests, or main effects of a factorial trial.

    Under the null hypothesis of no difference the score test is the z test with pooled variance.
    """
    if design.factorial:
        return _main_effects(design, events, analysed)
    x1, n1 = events[:, 1:], analysed[:, 1:]
    x0, n0 = (np.broadcast_to(each[:, :1], x1.shape) for each in (events, analysed))
    empty = (n1 < 1) | (n0 < 1)
    m1, m0 = np.maximum(n1, 1), np.maximum(n0, 1)
    gap, pooled = x1 / m1 - x0 / m0, (x1 + x0) / (m1 + m0)
    variance = pooled * (1 - pooled) * (1 / m1 + 1 / m0)
    z = np.divide(gap, np.sqrt(variance), out=np.zeros_like(gap), where=variance > 0)
    return Compared(np.where(empty, np.nan, z), np.where(empty, np.nan, gap))


def _main_effects(design: MultiArmDesign, events: Floats, analysed: Floats) -> Compared:
    """Return each main effect, stratified by the other factor (Cochran-Mantel-Haenszel test)."""
    first, second, both = _cells(design)
    pairs = [((first, 0), (both, second)), ((second, 0), (both, first))]
    found = [_stratified(events, analysed, strata) for strata in pairs]
    return Compared(*(np.stack(each, -1) for each in zip(*found, strict=True)))


def _stratified(
    events: Floats, analysed: Floats, strata: tuple[tuple[int, int], ...]
) -> tuple[Floats, Floats]:
    over, variance, weighted, weights = np.zeros((4, len(events)))
    for one, other in strata:
        x1, n1, x0, n0 = events[:, one], analysed[:, one], events[:, other], analysed[:, other]
        n, m = n1 + n0, x1 + x0
        with np.errstate(divide="ignore", invalid="ignore"):
            over = over + (x1 - n1 * m / n)
            variance = variance + n1 * n0 * m * (n - m) / (n**2 * (n - 1))
            weighted = weighted + n1 * n0 / n * (x1 / n1 - x0 / n0)
            weights = weights + n1 * n0 / n
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(variance > 0, over / np.sqrt(variance), 0.0)
        return z, np.asarray(weighted / weights)


def interaction(design: MultiArmDesign, events: Floats, analysed: Floats) -> Compared:
    """Return the interaction of a factorial trial on the scale of risk differences (Wald)."""
    first, second, both = _cells(design)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = events / analysed
        gap = p[:, both] - p[:, first] - p[:, second] + p[:, 0]
        z = gap / np.sqrt((p * (1 - p) / analysed).sum(1))
    return Compared(z[:, None], gap[:, None])


def true_differences(design: MultiArmDesign, risks: Floats) -> Floats:
    """Return (replicate, comparison) differences of (replicate, arm) true risks."""
    if design.factorial is None:
        return risks[:, 1:] - risks[:, :1]
    first, second, both = _cells(design)
    none = risks[:, 0]
    gains = (risks[:, first] - none + risks[:, both] - risks[:, second],
             risks[:, second] - none + risks[:, both] - risks[:, first])  # fmt: skip
    return np.stack(gains, -1) / 2


def _cells(design: MultiArmDesign) -> tuple[int, int, int]:
    cells = design.factorial
    if cells is None:
        raise ValueError("the trial is not factorial")
    first, second, both = (design.names.index(n) for n in (cells.first, cells.second, cells.both))
    return first, second, both
