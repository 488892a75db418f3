"""Fisher's exact test of 2 x 2 tables in batches, with conditional odds ratios."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Floats, Ints

#: Tables as probable as the observed one, up to this relative rounding error, count as extreme.
RELATIVE_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class FisherTest:
    """Exact p-values of 2 x 2 tables, and conditional odds ratios with their limits; shape (...).

    The odds ratio is the conditional maximum-likelihood estimate that R prints, not ad/bc: it is
    0 or infinite when the first cell is as small or as large as the margins allow.
    """

    p_value: Floats
    odds_ratio: Floats
    conf_low: Floats
    conf_high: Floats


def fisher_2x2(table: ArrayLike, *, level: ArrayLike = 0.95, mid_p: bool = False) -> FisherTest:
    """Test independence in 2 x 2 tables of counts, (..., 2, 2), given both margins.

    Two-sided: the probability of all tables no more probable than the observed one. Limits solve
    Pr(X >= x; low) = Pr(X <= x; high) = (1 - level) / 2 in the non-central hypergeometric law.
    Fisher RA. *J R Stat Soc* 1935;98:39-54; Cornfield J. *Proc 3rd Berkeley Symp* 1956;4:135-48.

    The p-value orders tables by probability and the limits by tails, as in R, so that they may
    contradict each other; `central_p_values` agree with the limits of level 0.95.

    Parameters
    ----------
    level
        (...) coverage.
    mid_p
        Count tables as probable as the observed one by half, in the p-value and in the limits
        (Lancaster HO. *J Am Stat Assoc* 1961;56:223-34): less conservative, and not exact.

    Examples
    --------
    >>> test = fisher_2x2([[3, 1], [1, 3]])
    >>> print(f"p = {test.p_value:.4f}, odds ratio {test.odds_ratio:.2f}")
    p = 0.4857, odds ratio 6.41
    """
    counts = np.asarray(table, np.int64)
    x = counts[..., 0, 0]
    row, column, total = counts[..., 0, :].sum(-1), counts[..., :, 0].sum(-1), counts.sum((-2, -1))
    law = _Hypergeometric.of(row, column, total)
    at_one = law.probabilities(np.zeros(x.shape))
    here = np.take_along_axis(at_one, (x - law.low)[..., None], -1)
    p = np.where(at_one <= here * (1 + RELATIVE_TOLERANCE), at_one, 0).sum(-1).clip(0, 1)
    own = 0.5 if mid_p else 0.0
    if mid_p:
        equal = np.abs(at_one - here) <= here * RELATIVE_TOLERANCE
        p = p - np.where(equal, at_one, 0).sum(-1) / 2
    tail = np.broadcast_to((1 - np.asarray(level, float)) / 2, x.shape)
    lowest, highest = x == law.low, x == law.high
    log_or = law.solve(lambda q: (q * law.support).sum(-1), x.astype(float))
    beyond, within = _tails(law.support - x[..., None], own)
    low = law.solve(lambda q: (q * beyond).sum(-1), tail)
    high = law.solve(lambda q: -(q * within).sum(-1), -tail)
    middle = np.where(lowest, 0.0, np.where(highest, np.inf, np.exp(log_or)))
    middle = np.where(lowest & highest, np.nan, middle)
    return FisherTest(
        p, middle, np.where(lowest, 0.0, np.exp(low)), np.where(highest, np.inf, np.exp(high))
    )


def central_p_values(table: ArrayLike, *, mid_p: bool = False) -> Floats:
    """Return (...) twice the smaller tail probability of no association, at most 1.

    Parameters are those of `fisher_2x2`.

    Examples
    --------
    >>> print(f"{central_p_values([[3, 1], [1, 3]]):.4f}")
    0.4857
    """
    counts = np.asarray(table, np.int64)
    x = counts[..., 0, 0]
    row, column, total = counts[..., 0, :].sum(-1), counts[..., :, 0].sum(-1), counts.sum((-2, -1))
    law = _Hypergeometric.of(row, column, total)
    at_one = law.probabilities(np.zeros(x.shape))
    beyond, within = _tails(law.support - x[..., None], 0.5 if mid_p else 0.0)
    tails = np.minimum((at_one * beyond).sum(-1), (at_one * within).sum(-1))
    return np.asarray(np.minimum(2 * tails, 1.0))


def _tails(away: Ints, own: float) -> tuple[Floats, Floats]:
    """Return weights of tables in the upper and the lower tail; the observed one loses ``own``."""
    less = np.where(away == 0, own, 0.0)
    return (away >= 0) - less, (away <= 0) - less


@dataclass(frozen=True, slots=True)
class _Hypergeometric:
    """First cells that the margins allow, padded to one length (``log_count`` -inf there)."""

    low: Ints
    high: Ints
    support: Ints
    log_count: Floats

    @classmethod
    def of(cls, row: Ints, column: Ints, total: Ints) -> "_Hypergeometric":
        low, high = np.maximum(0, row + column - total), np.minimum(row, column)
        support = low[..., None] + np.arange(int(np.max(high - low)) + 1)
        row, column, total = row[..., None], column[..., None], total[..., None]
        cells = (support, row - support, column - support, total - row - column + support)
        inside = support <= high[..., None]
        log_count = -sum(special.gammaln(np.where(inside, c, 0) + 1.0) for c in cells)
        return cls(low, high, support, np.where(inside, log_count, -np.inf))

    def probabilities(self, log_odds_ratio: Floats) -> Floats:
        """Return Pr(X = support; odds ratio), (..., k)."""
        weight = self.log_count + self.support * np.asarray(log_odds_ratio)[..., None]
        weight = np.exp(weight - weight.max(-1, keepdims=True))
        return np.asarray(weight / weight.sum(-1, keepdims=True))

    def solve(self, rising: Callable[[Floats], Floats], target: Floats) -> Floats:
        """Return the log odds ratio at which ``rising(probabilities)`` is ``target``; bisection."""
        low, high = np.full(self.low.shape, -50.0), np.full(self.low.shape, 50.0)
        for _ in range(60):
            middle = (low + high) / 2
            below = rising(self.probabilities(middle)) < target
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)
