"""A finite mixture of normal distributions, as the prior of an effect.

A component with a standard deviation of 0 is a point, such as "no effect".
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import ArrayLike
from scipy.special import ndtr

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from protocol.errors import InputError

#: Standard deviations on either side of a component over which it is integrated: everything except
#: 1e-16.
_REACH = 8.3

#: Points of the quadrature on each side of a break.
_POINTS, _POINT_WEIGHTS = leggauss(200)


@dataclass(frozen=True, slots=True)
class NormalMixture:
    """Weights, means and standard deviations of the components, (component,) each.

    Examples
    --------
    >>> belief = NormalMixture.of([0.75, 0.25], [0.4, 0.0], [0.3, 0.0])
    >>> round(belief.mean, 2), round(belief.probability_below(0.0), 3)
    (0.3, 0.068)
    """

    weight: Floats
    mean_of: Floats
    sd_of: Floats

    @classmethod
    def of(cls, weight: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> "NormalMixture":
        """Make a mixture; weights must sum to 1.

        Raises
        ------
        InputError
            Weights are below 0 or do not sum to 1, or a standard deviation is below 0.
        """
        parts = [np.atleast_1d(np.asarray(each, float)) for each in (weight, mean, sd)]
        weights, means, sds = np.broadcast_arrays(*parts)
        finite = all(np.isfinite(each).all() for each in (weights, means, sds))
        if not finite or (weights < 0).any() or abs(weights.sum() - 1) > 1e-9:
            problem = "weights are below 0, not finite, or do not sum to 1"
            raise InputError.of("prior", "weights", problem, "give weights that sum to 1")
        if (sds < 0).any():
            problem = "a standard deviation is below 0"
            raise InputError.of("prior", "sd", problem, "give 0 (a point) or more")
        return cls(weights, means, sds)

    @property
    def mean(self) -> float:
        """Expected value."""
        return float(self.weight @ self.mean_of)

    @property
    def sd(self) -> float:
        """Standard deviation."""
        second = float(self.weight @ (self.sd_of**2 + self.mean_of**2))
        return float(np.sqrt(max(0.0, second - self.mean**2)))

    def probability_below(self, value: float) -> float:
        """Return P(effect < value), excluding a point mass at the value."""
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = ndtr((value - self.mean_of) / self.sd_of)
        points = (self.mean_of < value).astype(float)
        return float(self.weight @ np.where(self.sd_of > 0, inside, points))

    def quantile(self, probability: float) -> float:
        """Return the smallest value with at least this probability at or below it."""
        low = float((self.mean_of - _REACH * self.sd_of).min()) - 1e-9
        high = float((self.mean_of + _REACH * self.sd_of).max()) + 1e-9
        root = brent_root(lambda v: self.probability_below(v) - probability, low, high)
        return float(root)

    def combine(self, other: "NormalMixture", weight: float) -> "NormalMixture":
        """Mix with another mixture, which gets this weight."""
        return NormalMixture(
            np.concatenate([(1 - weight) * self.weight, weight * other.weight]),
            np.concatenate([self.mean_of, other.mean_of]),
            np.concatenate([self.sd_of, other.sd_of]),
        )

    def expect(
        self,
        function: Callable[[Floats], Floats],
        low: float = -np.inf,
        high: float = np.inf,
        breaks: tuple[float, ...] = (0.0,),
    ) -> float:
        """Return E[f(effect); low < effect <= high], not divided by the probability of the range.

        Parameters
        ----------
        function
            Takes an array of effects; smooth between ``breaks``.
        """
        nodes, weights = self.quadrature(breaks)
        inside = (nodes > low) & (nodes <= high)
        return float((weights[inside] * function(nodes[inside])).sum()) if inside.any() else 0.0

    def quadrature(self, breaks: tuple[float, ...] = (0.0,)) -> tuple[Floats, Floats]:
        """Return nodes and weights that integrate smooth functions over the mixture.

        The range of each component is cut at ``breaks``, so that a sign may change there.
        """
        nodes, weights = [], []
        for share, mean, sd in zip(self.weight, self.mean_of, self.sd_of, strict=True):
            if sd == 0:
                nodes.append(np.array([mean]))
                weights.append(np.array([share]))
                continue
            ends = [mean - _REACH * sd, mean + _REACH * sd]
            cuts = sorted({*ends, mean, *(b for b in breaks if ends[0] < b < ends[1])})
            for start, stop in itertools.pairwise(cuts):
                at = (start + stop) / 2 + (stop - start) / 2 * _POINTS
                density = np.exp(-0.5 * ((at - mean) / sd) ** 2) / (sd * (2 * np.pi) ** 0.5)
                nodes.append(at)
                weights.append(share * (stop - start) / 2 * _POINT_WEIGHTS * density)
        return np.concatenate(nodes), np.concatenate(weights)

    def classes(self, count: int) -> tuple[Floats, Floats]:
        """Return the means of classes of about equal probability, and their probabilities.

        For sums over the mixture whose terms are slow; the mean of the mixture is kept.

        >>> effects, weights = NormalMixture.of([1.0], [0.5], [1.0]).classes(4)
        >>> print(effects.round(2), weights.round(2))
        [-0.77  0.17  0.83  1.78] [0.25 0.25 0.25 0.25]
        """
        nodes, weights = self.quadrature()
        order = np.argsort(nodes, kind="stable")
        nodes, weights = nodes[order], weights[order] / weights.sum()
        middle = np.cumsum(weights) - weights / 2
        place = np.minimum((middle * count).astype(int), count - 1)
        total, mean = (np.bincount(place, each, count) for each in (weights, weights * nodes))
        held = total > 0
        return np.asarray(mean[held] / total[held]), np.asarray(total[held], float)

    def updated(self, estimate: Floats, std_error: float) -> tuple[Floats, Floats]:
        """Return the posterior mean of the effect, and the density of each estimate.

        Parameters
        ----------
        estimate
            (...) normal estimates of the effect with a known standard error.
        """
        value = np.asarray(estimate, float)[..., None]
        total = self.sd_of**2 + std_error**2
        density = np.exp(-0.5 * (value - self.mean_of) ** 2 / total) / np.sqrt(2 * np.pi * total)
        joint = self.weight * density
        shrunk = (self.mean_of * std_error**2 + value * self.sd_of**2) / total
        marginal = joint.sum(axis=-1)
        with np.errstate(invalid="ignore"):
            return (joint * shrunk).sum(axis=-1) / marginal, marginal
