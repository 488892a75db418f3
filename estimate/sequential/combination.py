"""Combine the p-values of stages whose sizes may depend on earlier stages.

Bauer P, Koehne K. *Biometrics* 1994;50:1029-41 (Fisher's product); Lehmacher W, Wassmer G.
*Biometrics* 1999;55:1286-90 (inverse normal). The type I error is controlled for any rule that sets
the size of a stage, because under the null each stage's p-value is uniform given the earlier
stages.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import PPoly
from scipy.special import chdtri

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from protocol.errors import InputError


def inverse_normal(z: ArrayLike, information: ArrayLike) -> Floats:
    """Return the (..., analysis) combined statistics of independent stage statistics.

    Parameters
    ----------
    z
        (..., analysis) statistic of each separate stage.
    information
        (analysis,) **planned** information of each separate stage; it determines the weights in
        advance.

    Examples
    --------
    >>> [round(float(x), 4) for x in inverse_normal([1.4737523, 1.8268], [60, 60])]
    [1.4738, 2.3338]
    """
    weights = np.sqrt(np.asarray(information, float))
    if (weights <= 0).any():
        raise InputError.of("combination", "information", "a stage has none", "give all above 0")
    summed = np.cumsum(np.asarray(z, float) * weights, axis=-1)
    return np.asarray(summed / np.sqrt(np.cumsum(weights**2)))


def fisher_product(p: ArrayLike) -> Floats:
    """Return the (..., analysis) cumulative products of stage-wise p-values."""
    return np.asarray(np.cumprod(np.asarray(p, float), axis=-1))


def bauer_koehne_boundary(alpha: float = 0.025) -> float:
    """Return c: a single product of two p-values rejects at ``alpha`` if it is c or less.

    >>> f"{bauer_koehne_boundary(0.025):.7f}"
    '0.0038042'
    """
    return float(np.exp(-chdtri(4, alpha) / 2))


def fisher_boundaries(
    analyses: int, alpha: float = 0.025, *, futility: float = 1.0
) -> tuple[float, ...]:
    """Return boundaries c_k on the product: reject at analysis k if it is c_k or less.

    Each analysis has the same nominal level; this common level is solved for so that all
    analyses together have ``alpha``.

    Parameters
    ----------
    analyses
        Number of stages.
    futility
        Binding: stop without rejection if a stage-wise p-value of an interim analysis exceeds it; 1
        never does.

    Examples
    --------
    >>> [round(c, 7) for c in fisher_boundaries(2)]
    [0.0157881, 0.0022205]
    """
    if not 0 < alpha < futility <= 1:
        problem = f"alpha {alpha} and futility {futility} are not 0 < alpha < futility <= 1"
        raise InputError.of("combination", "futility", problem, "choose others")

    def surplus(level: float) -> float:
        return fisher_size(_equal_levels(analyses, level), futility=futility) - alpha

    level = float(brent_root(surplus, alpha / analyses / 2, min(alpha * 2, futility), xtol=1e-15))
    return _equal_levels(analyses, level)


def fisher_size(boundaries: tuple[float, ...], *, futility: float = 1.0) -> float:
    """Return the probability that uniform p-values cross falling product boundaries.

    With x = -log of the product, e^x times its density among ongoing trials is piecewise
    polynomial, so the answer is exact.
    """
    ends, shift = -np.log(np.asarray(boundaries)), -np.log(futility)
    total = boundaries[0]
    # Analysis 1: density e^-x on (shift, ends[0]).
    running = PPoly(np.array([[1.0]]), np.array([shift, ends[0]]))
    for k in range(1, len(boundaries)):
        heap = running.antiderivative()
        reached = float(heap(heap.x[-1]))
        total += boundaries[k] * reached
        if k + 1 < len(boundaries):
            running = _convolve(heap, reached, float(shift), float(ends[k]))
    return float(total)


def _convolve(heap: PPoly, reached: float, shift: float, end: float) -> PPoly:
    """Return the e^x density at the next analysis: shifted, flat beyond, cut at ``end``."""
    x = heap.x + shift
    flat = np.zeros((heap.c.shape[0], 1))
    flat[-1] = reached
    pieces, knots = np.hstack([heap.c, flat]), np.append(x, max(end, x[-1] + 1e-12))
    kept = int(np.searchsorted(knots, end, side="left"))
    return PPoly(pieces[:, :kept], np.append(knots[:kept], end))


def _equal_levels(analyses: int, level: float) -> tuple[float, ...]:
    """Return c_k = exp(-chi^2_{2k, 1 - level} / 2)."""
    return tuple(float(np.exp(-chdtri(2 * k, level) / 2)) for k in range(1, analyses + 1))
