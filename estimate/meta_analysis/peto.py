"""Peto's odds ratio: observed minus expected events of each study, over their variances.

Yusuf S et al. *Prog Cardiovasc Dis* 1985;27:335-71. Unbiased only for small effects and arms of
similar size; Mantel-Haenszel estimates are in `estimate.comparison.stratified`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from estimate.core.result import Z95


@dataclass(frozen=True, slots=True)
class PooledLogOdds:
    """A pooled natural logarithm of an odds ratio, with its test and 95 % interval."""

    effect: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float

    @classmethod
    def of(cls, effect: float, std_error: float) -> "PooledLogOdds":
        """Add the normal test and interval to an estimate."""
        p_value = 2 * float(ndtr(-abs(effect / std_error))) if std_error else float("nan")
        half = Z95 * std_error
        return cls(effect, std_error, p_value, effect - half, effect + half)


def peto_odds_ratio(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> PooledLogOdds:
    """Pool two-by-two tables by Peto's method.

    Tables without events, or without non-events, do not contribute.

    Parameters
    ----------
    x1, n1, x2, n2
        (study,) events and patients of the experimental and the control arm.

    Examples
    --------
    >>> answer = peto_odds_ratio([0, 3, 12], [11, 30, 40], [2, 1, 9], [12, 29, 41])
    >>> round(answer.effect, 3), round(answer.std_error, 3)
    (0.306, 0.432)
    """
    a, first, c, second = (np.asarray(each, float) for each in (x1, n1, x2, n2))
    total, events = first + second, a + c
    expected = first * events / total
    variance = first * second * events * (total - events) / (total**2 * (total - 1))
    information = float(variance.sum())
    if not information:
        return PooledLogOdds.of(float("nan"), float("nan"))
    return PooledLogOdds.of(float((a - expected).sum()) / information, information**-0.5)
