"""Looking ahead from an interim look: conditional power, predictive power, and a new sample size.

JT chapter 10 (stochastic curtailment). Given Z_k = z, the increments after look k are those of a
fresh trial with information I_j - I_k, so the same recursion answers.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from estimate.core.arrays import Floats
from estimate.sequential.recursion import exit_probabilities
from protocol.errors import InputError

#: Drift of the rest of a trial that stands for any larger one.
FAR = 16.0


def conditional_power(
    information: ArrayLike,
    upper: ArrayLike,
    look: int,
    z: float,
    theta: ArrayLike = 0.0,
    *,
    lower: ArrayLike | None = None,
) -> Floats:
    """Return the probability of crossing an upper bound at a later look, given Z at this one.

    Under theta = 0 it is the conditional rejection probability (Mueller and Schaefer 2001).

    Parameters
    ----------
    information
        (look,) information of all looks, past and planned.
    upper
        (look,) bounds.
    look
        Look just taken, counted from 1; at least one must follow.
    z
        Statistic at that look.
    theta
        (...) effects; theta sqrt(I) is a drift.
    lower
        (look,) futility bounds that will be kept; None for none.

    Examples
    --------
    >>> power = conditional_power([0.5, 1.0], [2.9626, 1.9686], 1, 1.0, theta=2.8)
    >>> f"{power:.4f}"
    '0.5776'
    """
    info, high = np.asarray(information, float), np.asarray(upper, float)
    if not 1 <= look < info.size:
        problem = f"no look follows look {look} of {info.size}"
        raise InputError.of("analysis", "look", problem, f"give one from 1 to {info.size - 1}")
    low, left, new_high = _ahead(info, high, lower, look, z)
    reachable = _reachable(theta, left)
    return np.asarray(exit_probabilities(left, low, new_high, reachable)[1].sum(-1))


def conditional_power_risks(
    men: ArrayLike, upper: ArrayLike, look: int, z: float, p1: float, p2: float
) -> Floats:
    """Return the (later look,) cumulative chances of rejecting pooled z tests of two proportions.

    Bounds are on the scale of the pooled variance v0, data vary with the unpooled v1. As in
    Wassmer G, Brannath W. *Group Sequential and Confirmatory Adaptive Designs*, 2016, section 7.4
    the drift up to the last look is lowered by (sqrt(v0 / v1) - 1) times the z of the conditional
    rejection probability. An approximation; `estimate.sample_size.exact_sequential` has none.

    Parameters
    ----------
    men
        (look,) cumulative men **per arm**, past and planned.
    look
        Look just taken, counted from 1.
    z
        Pooled z statistic at that look.
    p1, p2
        Risks assumed for the rest of the trial.
    """
    n, high = np.asarray(men, float), np.asarray(upper, float)
    mean = (p1 + p2) / 2
    v0, v1 = 2 * mean * (1 - mean), p1 * (1 - p1) + p2 * (1 - p2)
    chance = conditional_power(n, high, look, z)
    lost = -ndtri(chance) * (np.sqrt(v0 / v1) - 1)
    theta = (p1 - p2) / np.sqrt(v1) - lost / np.sqrt(n[-1] - n[look - 1])
    low, left, new_high = _ahead(n, high, None, look, z)
    return np.asarray(
        np.cumsum(exit_probabilities(left, low, new_high, _reachable(theta, left))[1])
    )


def predictive_power(
    information: ArrayLike,
    upper: ArrayLike,
    look: int,
    z: float,
    *,
    prior_mean: float = 0.0,
    prior_information: float = 0.0,
    nodes: int = 64,
) -> Floats:
    """Return conditional power averaged over what is now believed about theta.

    JT section 10.3. The prior is normal; information 0 is flat.

    Parameters
    ----------
    prior_mean, prior_information
        Mean and 1 / variance of the prior of theta.
    nodes
        Gauss-Hermite nodes of the average.
    """
    seen = float(np.asarray(information, float)[look - 1])
    total = seen + prior_information
    mean = (z * np.sqrt(seen) + prior_mean * prior_information) / total
    x, weights = np.polynomial.hermite_e.hermegauss(nodes)
    theta = mean + x / np.sqrt(total)
    powers = conditional_power(information, upper, look, z, theta)
    return np.asarray((weights * powers).sum() / weights.sum())


def information_for_power(
    z: ArrayLike,
    critical: float,
    weights: tuple[float, float],
    theta: ArrayLike,
    *,
    power: float,
    least: float,
    most: float,
) -> Floats:
    """Return the stage 2 information that gives the wanted conditional power.

    For an inverse-normal combination test w1 Z1 + w2 Z2 >= c with weights fixed beforehand, where
    Z2 is of stage 2 alone, conditional power is Phi(theta sqrt(I2) - (c - w1 z1) / w2). Lehmacher
    W, Wassmer G. *Biometrics* 1999;55:1286-90.

    Parameters
    ----------
    z
        (...) stage 1 statistics.
    critical
        Bound c of the final test.
    weights
        w1, w2 with w1^2 + w2^2 = 1.
    theta
        (...) effect assumed for the rest; not above 0 asks for ``most``.
    power
        Conditional power wanted.
    least, most
        Limits of the answer.

    Examples
    --------
    >>> w = (0.5**0.5, 0.5**0.5)
    >>> f"{information_for_power(1.0, 1.9686, w, 0.2, power=0.9, least=10, most=500):.2f}"
    '234.94'
    """
    if not 0 < least <= most:
        problem = f"{least} to {most} is no range above 0"
        raise InputError.of("re-estimation", "least", problem, "give 0 < least <= most")
    effect = np.asarray(theta, float)
    root = ndtri(power) + needed_z(z, critical, weights)
    helps = effect > 0
    wanted = np.where(helps, (np.maximum(root, 0.0) / np.where(helps, effect, 1.0)) ** 2, np.inf)
    return np.asarray(np.clip(wanted, least, most))


def needed_z(z: ArrayLike, critical: float, weights: tuple[float, float]) -> Floats:
    """Return the Z of stage 2 alone at which w1 z1 + w2 Z2 reaches ``critical``."""
    return np.asarray((critical - weights[0] * np.asarray(z, float)) / weights[1])


def rejection_given(z: ArrayLike, critical: float, weights: tuple[float, float]) -> Floats:
    """Return the conditional error 1 - Phi(needed z): what stage 2 may spend whatever its size."""
    return np.asarray(ndtr(-needed_z(z, critical, weights)))


def _reachable(theta: ArrayLike, left: Floats) -> Floats:
    """Return effects cut where the rest of the trial lies `FAR` standard deviations from none.

    Farther out likelihood ratios overflow, and chances no longer move.
    """
    most = FAR / np.sqrt(left[-1])
    return np.asarray(np.clip(np.asarray(theta, float), -most, most))


def _ahead(
    info: Floats, high: Floats, lower: ArrayLike | None, look: int, z: float
) -> tuple[Floats, Floats, Floats]:
    """Return lower bounds, information and upper bounds of what is left as a trial of its own."""
    low = np.full(info.size, -np.inf) if lower is None else np.asarray(lower, float)
    score = z * np.sqrt(info[look - 1])
    left = info[look:] - info[look - 1]
    new_high = (high[look:] * np.sqrt(info[look:]) - score) / np.sqrt(left)
    new_low = (low[look:] * np.sqrt(info[look:]) - score) / np.sqrt(left)
    new_low[-1] = new_high[-1]
    return new_low, left, new_high
