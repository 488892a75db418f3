"""The density of Z_k among trials that continue: the numerical core of sequential methods.

Armitage P, McPherson CK, Rowe BC. *J R Stat Soc A* 1969;132:235-44; JT chapter 19. Two changes
to the textbook recursion. The integrals use Gauss-Legendre nodes, which converge faster than
Simpson's rule on smooth integrands. And only the null density is recursed: that under a drift is
the same function times a likelihood ratio,

    g_k(z; theta) = g_k(z; 0) exp(theta sqrt(I_k) z - theta^2 I_k / 2),

because Z_k is sufficient for theta whatever the stopping rule (Emerson SS, Fleming TR.
*Biometrika* 1990;77:875-92). Hundreds of drifts therefore need only one recursion.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from estimate.core.arrays import Floats
from protocol.errors import InputError

#: Densities are cut this many standard deviations from any mean asked for; 6e-16 lies beyond.
REACH = 8.2

#: Nodes per standard deviation of the narrowest kernel, on average over the interval.
NODES_PER_SD = 4.0

#: Minimum and maximum number of nodes of an interval. Half of `NODES_PER_SD` is still exact to
#: 1e-12, so analyses may be as close as the most nodes allow at that density.
FEWEST, MOST = 48, 3200


@lru_cache(maxsize=64)
def _legendre(count: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


@dataclass(frozen=True, slots=True)
class Running:
    """Trials that passed an analysis without stopping.

    Attributes
    ----------
    information
        I_k at that analysis.
    z
        (node,) quadrature nodes inside the continuation interval.
    mass
        (node,) quadrature weight times null density: sums over it are integrals.
    """

    information: float
    z: Floats
    mass: Floats

    def tilted(self, theta: ArrayLike) -> Floats:
        """Return (..., node) masses under drift ``theta`` per square root of information."""
        drift = np.asarray(theta, float)[..., None] * np.sqrt(self.information)
        return np.asarray(self.mass * np.exp(drift * self.z - drift**2 / 2))


def start() -> Running:
    """Return the state before the first analysis: no information."""
    return Running(0.0, np.zeros(1), np.ones(1))


def upper_exit(
    state: Running, information: float, boundary: ArrayLike, theta: ArrayLike = 0.0
) -> Floats:
    """Return the probability of continuing until now and then Z >= ``boundary``.

    Parameters
    ----------
    state
        Trials continuing after the previous analysis.
    information
        I_k of this analysis, above that of ``state``.
    boundary
        (...) critical values; infinity gives 0, minus infinity the probability of running.
    theta
        (...) drifts.
    """
    gain = np.sqrt(information - state.information)
    past = state.z * np.sqrt(state.information)
    drift, z = np.asarray(theta, float)[..., None], np.asarray(boundary, float)[..., None]
    distance = (past - z * np.sqrt(information)) / gain + drift * gain
    return np.asarray((state.tilted(theta) * ndtr(distance)).sum(-1))


def lower_exit(
    state: Running, information: float, boundary: float, theta: ArrayLike = 0.0
) -> Floats:
    """Return the probability of continuing until now and then Z < ``boundary``."""
    gain = np.sqrt(information - state.information)
    past = state.z * np.sqrt(state.information)
    drift = np.asarray(theta, float)[..., None]
    distance = (boundary * np.sqrt(information) - past) / gain - drift * gain
    return np.asarray((state.tilted(theta) * ndtr(distance)).sum(-1))


def carry_on(
    state: Running,
    information: float,
    low: float,
    high: float,
    *,
    next_information: float,
    reach: tuple[float, float] = (0.0, 0.0),
) -> Running:
    """Return the trials with Z in [``low``, ``high``), which continue to the next analysis.

    Parameters
    ----------
    next_information
        I of the analysis after: the kernel towards it sets how dense the nodes must lie.
    reach
        Least and greatest drift theta that the state will be asked for.
    """
    means = np.sqrt(information) * np.array([min(0.0, *reach), max(0.0, *reach)])
    left, right = max(low, means[0] - REACH), min(high, means[1] + REACH)
    if left >= right:
        return Running(information, np.zeros(1), np.zeros(1))
    behind = (information - state.information) / information
    future = (next_information - information) / information
    narrowest = np.sqrt(min(1.0, behind, future))
    wanted = NODES_PER_SD * (right - left) / narrowest
    if wanted > 2 * MOST:
        problem = f"information {information:g} and its neighbours are too close to tell apart"
        raise InputError.of("analyses", "information", problem, "leave an analysis out")
    count = int(np.clip(wanted, FEWEST, MOST))
    nodes, weights = _legendre(16 * -(-count // 16))
    z = left + (right - left) * (nodes + 1) / 2
    gain = np.sqrt(information - state.information)
    step = (z[:, None] * np.sqrt(information) - state.z * np.sqrt(state.information)) / gain
    kernel = np.exp(-(step**2) / 2) / np.sqrt(2 * np.pi) * np.sqrt(information) / gain
    return Running(information, z, weights * (right - left) / 2 * (kernel @ state.mass))


def exit_probabilities(
    information: ArrayLike, lower: ArrayLike, upper: ArrayLike, theta: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Return the probabilities of crossing the lower and upper boundary at each analysis.

    Parameters
    ----------
    information
        (analysis,) I_1 < I_2 < ..., all above 0.
    lower, upper
        (analysis,) boundaries on Z: the trial stops at analysis k if Z_k < lower_k or Z_k >=
        upper_k. Infinite boundaries are never crossed. An analysis with lower = upper ends every
        trial.
    theta
        (...) drifts per square root of information.

    Returns
    -------
    lower_exits, upper_exits
        (..., analysis).

    Examples
    --------
    One analysis is a plain z test: drift 2.8 finds power 0.8.

    >>> low, up = exit_probabilities([1.0], [1.96], [1.96], theta=[0.0, 2.8016])
    >>> [round(float(p), 4) for p in up[:, 0]]
    [0.025, 0.8]
    """
    info, low, high = (np.asarray(a, float) for a in (information, lower, upper))
    drift = np.asarray(theta, float)
    reach = (float(drift.min(initial=0.0)), float(drift.max(initial=0.0)))
    state, down, up = start(), [], []
    for k in range(info.size):
        down.append(lower_exit(state, info[k], low[k], drift))
        up.append(upper_exit(state, info[k], high[k], drift))
        if k + 1 < info.size:
            coming = float(info[k + 1])
            state = carry_on(state, info[k], low[k], high[k], next_information=coming, reach=reach)
    return np.stack(down, -1), np.stack(up, -1)
