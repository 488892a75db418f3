"""Means and standard deviations with Monte Carlo errors, combined from parts.

A million replicates need not be in memory together: each part is reduced to its number, sum and
squared deviations, which are combined exactly (Chan TF, Golub GH, LeVeque RJ. *Am Stat*
1983;37:242-7).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Measure:
    """A performance measure.

    Attributes
    ----------
    value
        (...) its estimate; NaN if undefined.
    mcse
        (...) Monte Carlo standard error.
    n
        (...) replicates that it used.
    """

    value: Floats
    mcse: Floats
    n: Ints

    @property
    def z(self) -> Floats:
        """(...) value over its Monte Carlo error: for bias, a z statistic of no bias."""
        return _divide(self.value, self.mcse)


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, sum, and squared deviations from the mean of some values; all (...).

    Examples
    --------
    >>> first, rest = Moments.of([1.0, 2.0]), Moments.of([3.0, 6.0])
    >>> whole = first + rest
    >>> print(f"{whole.mean:.1f}, {whole.squares:.1f}")
    3.0, 14.0
    """

    n: Ints
    total: Floats
    squares: Floats

    @classmethod
    def of(cls, values: ArrayLike, used: ArrayLike = True) -> "Moments":
        """Reduce the last axis of ``values`` (..., replicate), where ``used``."""
        values, used = np.broadcast_arrays(np.asarray(values, float), np.asarray(used, bool))
        n = used.sum(-1)
        total = np.where(used, values, 0.0).sum(-1)
        mean = _divide(total, n)
        squares = np.where(used, values - mean[..., None], 0.0) ** 2
        return cls(n, total, squares.sum(-1))

    def __add__(self, other: "Moments") -> "Moments":
        n = self.n + other.n
        gap = self.mean - other.mean
        between = np.where(self.n * other.n > 0, gap**2 * _divide(self.n * other.n, n), 0.0)
        return Moments(n, self.total + other.total, self.squares + other.squares + between)

    @property
    def mean(self) -> Floats:
        """(...); NaN of nothing."""
        return _divide(self.total, self.n)

    @property
    def sd(self) -> Floats:
        """(...) standard deviation; NaN of fewer than two."""
        return np.sqrt(_divide(self.squares, np.where(self.n > 1, self.n - 1.0, np.nan)))

    def average(self) -> Measure:
        """Return the mean as a measure."""
        return Measure(self.mean, _divide(self.sd, np.sqrt(self.n)), self.n)

    def share(self) -> Measure:
        """Return the mean of values 0 and 1 as a measure."""
        return Measure(self.mean, proportion_mcse(self.mean, self.n), self.n)


def proportion_mcse(share: ArrayLike, n: ArrayLike) -> Floats:
    """Return sqrt(p (1 - p) / n), the Monte Carlo standard error of a proportion."""
    p = np.asarray(share, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(p * (1 - p) / np.asarray(n, float)))


def _divide(a: ArrayLike, b: ArrayLike) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.asarray(a, float) / np.asarray(b, float))
