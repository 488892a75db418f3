"""Conditional power, predictive power, and sample size re-estimation.

JT chapter 10 (stochastic curtailment). Given Z_k = z, the increments after analysis k are those of
a new trial with information I_j - I_k, so that the same recursion applies.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from estimate.core.arrays import Floats
from estimate.sequential.recursion import exit_probabilities
from protocol.errors import InputError

#: Drift of the rest of a trial above which results do not change.
FAR = 16.0


def conditional_power(
    information: ArrayLike,
    upper: ArrayLike,
    analysis: int,
    z: float,
    theta: ArrayLike = 0.0,
    *,
    lower: ArrayLike | None = None,
) -> Floats:
    """Return the probability of crossing an upper boundary later, given Z at this analysis.

    Under theta = 0 it is the conditional rejection probability (Mueller and Schaefer 2001).

    Parameters
    ----------
    information
        (analysis,) information of all analyses, past and planned.
    upper
        (analysis,) boundaries.
    analysis
        Analysis just taken, counted from 1; at least one must follow.
    z
        Statistic at that analysis.
    theta
        (...) effects; theta sqrt(I) is a drift.
    lower
        (analysis,) futility boundaries that will be followed; None for none.

    Examples
    --------
    >>> power = conditional_power([0.5, 1.0], [2.9626, 1.9686], 1, 1.0, theta=2.8)
    >>> f"{power:.4f}"
    '0.5776'
    """
    info, high = np.asarray(information, float), np.asarray(upper, float)
    if not 1 <= analysis < info.size:
        problem = f"no analysis follows analysis {analysis} of {info.size}"
        raise InputError.of("analysis", "analysis", problem, f"give one from 1 to {info.size - 1}")
    low, left, new_high = _future(info, high, lower, analysis, z)
    reachable = _reachable(theta, left)
    return np.asarray(exit_probabilities(left, low, new_high, reachable)[1].sum(-1))


def conditional_power_risks(
    participants: ArrayLike, upper: ArrayLike, analysis: int, z: float, p1: float, p2: float
) -> Floats:
    """Return (later analysis,) conditional power of pooled z tests of two proportions.

    Boundaries are on the scale of the pooled variance v0, data vary with the unpooled v1. As in
    Wassmer G, Brannath W. *Group Sequential and Confirmatory Adaptive Designs*, 2016, section 7.4
    the drift up to the last analysis is lowered by (sqrt(v0 / v1) - 1) times the z of the
    conditional rejection probability. An approximation; `estimate.sample_size.exact_sequential` has
    none.

    Parameters
    ----------
    participants
        (analysis,) cumulative participants **per arm**, past and planned.
    analysis
        Analysis just taken, counted from 1.
    z
        Pooled z statistic at that analysis.
    p1, p2
        Risks assumed for the rest of the trial.
    """
    n, high = np.asarray(participants, float), np.asarray(upper, float)
    mean = (p1 + p2) / 2
    v0, v1 = 2 * mean * (1 - mean), p1 * (1 - p1) + p2 * (1 - p2)
    chance = conditional_power(n, high, analysis, z)
    lowered = -ndtri(chance) * (np.sqrt(v0 / v1) - 1)
    theta = (p1 - p2) / np.sqrt(v1) - lowered / np.sqrt(n[-1] - n[analysis - 1])
    low, left, new_high = _future(n, high, None, analysis, z)
    return np.asarray(
        np.cumsum(exit_probabilities(left, low, new_high, _reachable(theta, left))[1])
    )


def predictive_power(
    information: ArrayLike,
    upper: ArrayLike,
    analysis: int,
    z: float,
    *,
    prior_mean: float = 0.0,
    prior_information: float = 0.0,
    nodes: int = 64,
) -> Floats:
    """Return conditional power averaged over the posterior of theta.

    JT section 10.3. The prior is normal; information 0 is flat.

    Parameters
    ----------
    prior_mean, prior_information
        Mean and 1 / variance of the prior of theta.
    nodes
        Gauss-Hermite nodes of the average.
    """
    seen = float(np.asarray(information, float)[analysis - 1])
    total = seen + prior_information
    mean = (z * np.sqrt(seen) + prior_mean * prior_information) / total
    x, weights = np.polynomial.hermite_e.hermegauss(nodes)
    theta = mean + x / np.sqrt(total)
    powers = conditional_power(information, upper, analysis, z, theta)
    return np.asarray((weights * powers).sum() / weights.sum())


def information_for_power(
    z: ArrayLike,
    critical: float,
    weights: tuple[float, float],
    theta: ArrayLike,
    *,
    power: float,
    lowest: float,
    most: float,
) -> Floats:
    """Return the stage 2 information that gives the target conditional power.

    For an inverse-normal combination test w1 Z1 + w2 Z2 >= c with weights fixed beforehand, where
    Z2 is that of stage 2, conditional power is Phi(theta sqrt(I2) - (c - w1 z1) / w2). Lehmacher
    W, Wassmer G. *Biometrics* 1999;55:1286-90.

    Parameters
    ----------
    z
        (...) stage 1 statistics.
    critical
        Boundary c of the final test.
    weights
        w1, w2 with w1^2 + w2^2 = 1.
    theta
        (...) effect assumed for the rest; if not above 0, ``most`` is returned.
    power
        Conditional power wanted.
    lowest, most
        Limits of the answer.

    Examples
    --------
    >>> w = (0.5**0.5, 0.5**0.5)
    >>> f"{information_for_power(1.0, 1.9686, w, 0.2, power=0.9, lowest=10, most=500):.2f}"
    '234.94'
    """
    if not 0 < lowest <= most:
        problem = f"{lowest} to {most} is not a range above 0"
        raise InputError.of("re-estimation", "lowest", problem, "give 0 < lowest <= most")
    effect = np.asarray(theta, float)
    root = ndtri(power) + required_z(z, critical, weights)
    helps = effect > 0
    wanted = np.where(helps, (np.maximum(root, 0.0) / np.where(helps, effect, 1.0)) ** 2, np.inf)
    return np.asarray(np.clip(wanted, lowest, most))


def required_z(z: ArrayLike, critical: float, weights: tuple[float, float]) -> Floats:
    """Return the Z of stage 2 at which w1 z1 + w2 Z2 reaches ``critical``."""
    return np.asarray((critical - weights[0] * np.asarray(z, float)) / weights[1])


def rejection_given(z: ArrayLike, critical: float, weights: tuple[float, float]) -> Floats:
    """Return the conditional error 1 - Phi(needed z), which stage 2 may spend."""
    return np.asarray(ndtr(-required_z(z, critical, weights)))


def _reachable(theta: ArrayLike, left: Floats) -> Floats:
    """Return effects clipped to `FAR` standard deviations of the rest of the trial.

    Beyond, likelihood ratios overflow and probabilities do not change.
    """
    most = FAR / np.sqrt(left[-1])
    return np.asarray(np.clip(np.asarray(theta, float), -most, most))


def _future(
    info: Floats, high: Floats, lower: ArrayLike | None, analysis: int, z: float
) -> tuple[Floats, Floats, Floats]:
    """Return boundaries and information of the rest of the trial as a separate trial."""
    low = np.full(info.size, -np.inf) if lower is None else np.asarray(lower, float)
    score = z * np.sqrt(info[analysis - 1])
    left = info[analysis:] - info[analysis - 1]
    new_high = (high[analysis:] * np.sqrt(info[analysis:]) - score) / np.sqrt(left)
    new_low = (low[analysis:] * np.sqrt(info[analysis:]) - score) / np.sqrt(left)
    new_low[-1] = new_high[-1]
    return new_low, left, new_high
