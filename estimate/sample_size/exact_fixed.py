"""Exact power of two binomial arms with one analysis, by enumeration.

There is no normal approximation, so that simulations must converge to these numbers. A test is a
table: ``rejects[x1, x2]`` is true if x1 and x2 events lead to rejection. Its power is the sum of
binomial probabilities over the table, b1' R b2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from estimate.comparison.exact.binomial_tables import binomial_masses, pooled_z
from estimate.comparison.exact.p_value_tables import fisher_p_values
from estimate.core.arrays import Bools, Floats
from protocol.errors import InputError

#: Statistics equal in exact arithmetic differ in floats: a tie with the boundary reaches it.
TIE = 1e-10

#: A table of rejections (n1 + 1, n2 + 1) for n1 and n2 participants.
Test = Callable[[int, int], Bools]


def pooled_z_test(alpha: float = 0.025, sides: int = 1) -> Test:
    """Return the pooled z test (Pearson's chi-squared if two-sided), without correction.

    Parameters
    ----------
    alpha
        Level, both sides together.
    sides
        1 rejects for a higher risk in arm 1, 2 in both directions.
    """
    boundary = -ndtri(alpha / sides) - TIE

    def rejects(n1: int, n2: int) -> Bools:
        z = pooled_z(n1, n2)
        return np.asarray((np.abs(z) if sides == 2 else z) >= boundary)

    return rejects


def fisher_test(alpha: float = 0.025, sides: int = 1) -> Test:
    """Return Fisher's exact test; two-sided p-values add all tables that are not likelier."""

    def rejects(n1: int, n2: int) -> Bools:
        return np.asarray(fisher_p_values(n1, n2, sides=sides) <= alpha * (1 + TIE))

    return rejects


def exact_power(rejects: Bools, p1: ArrayLike, p2: ArrayLike) -> Floats:
    """Return the probability of rejection for every pair of risks.

    Parameters
    ----------
    rejects
        (n1 + 1, n2 + 1) table of a test.
    p1, p2
        (...) risks, broadcast together.

    Examples
    --------
    >>> table = pooled_z_test(0.025)(150, 150)
    >>> print(f"{exact_power(table, 0.55, 0.40):.7f}")
    0.7589822
    """
    n1, n2 = rejects.shape[0] - 1, rejects.shape[1] - 1
    first, second = binomial_masses(n1, p1), binomial_masses(n2, p2)
    return np.asarray(((first @ rejects.astype(float)) * second).sum(-1))


def largest_size(rejects: Bools, *, grid: int = 201) -> tuple[float, float]:
    """Return the supremum of the type I error over the common risk, and where it is reached.

    Parameters
    ----------
    rejects
        (n1 + 1, n2 + 1) table of a test.
    grid
        Risks tried before the best is refined.
    """
    from scipy.optimize import minimize_scalar  # slow to load

    risks = np.linspace(0, 1, grid)[1:-1]
    sizes = exact_power(rejects, risks, risks)
    best = risks[int(sizes.argmax())]
    step = 1 / (grid - 1)
    fine = minimize_scalar(
        lambda p: -float(exact_power(rejects, p, p)),
        bounds=(best - step, best + step),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return max(-float(fine.fun), float(sizes.max())), float(fine.x)


@dataclass(frozen=True, slots=True)
class ExactSearch:
    """Sample sizes found on the sawtooth of exact power.

    Attributes
    ----------
    first
        Fewest participants in arm 2 with at least the wanted power.
    stays_from
        Fewest participants in arm 2 from which power stays at or above it, up to the last size
        tried.
    participants
        (size,) participants in arm 2 that were tried.
    power
        (size,) exact power at each.
    """

    first: int
    stays_from: int
    participants: NDArray[np.int64]
    power: Floats


def search_size(
    test: Test, p1: float, p2: float, *, power: float, around: float, allocation: float = 1.0
) -> ExactSearch:
    """Search the sample sizes near ``around`` for the exact power.

    Power is not monotone in n: adding a participant can lower it. Two answers are therefore
    returned.

    Parameters
    ----------
    around
        A first guess of the participants in arm 2, for example the closed form; sizes from 0.8 to
        1.3 times it are tried.
    allocation
        Participants in arm 1 per participant in arm 2; arm 1 is rounded.

    Raises
    ------
    InputError
        No size in the window stays at the wanted power.
    """
    participants = np.arange(max(2, int(0.8 * around)), int(np.ceil(1.3 * around)) + 2)
    pairs = [(max(1, round(allocation * n)), int(n)) for n in participants]
    powers = np.array([float(exact_power(test(n1, n2), p1, p2)) for n1, n2 in pairs])
    enough = powers >= power
    if not enough[-1]:
        problem = f"power at {participants[-1]} participants is {powers[-1]:.3f}, below {power}"
        raise InputError.of("size", "around", problem, "search around a larger size")
    short = np.flatnonzero(~enough)
    stays = participants[short[-1] + 1] if short.size else participants[0]
    return ExactSearch(int(participants[enough.argmax()]), int(stays), participants, powers)


def one_arm_boundary(n: int, p0: float, alpha: float = 0.025) -> int:
    """Return the fewest events among ``n`` participants that reject the risk ``p0``."""
    from scipy.stats import binom  # slow to load, and only the single arm needs it

    return int(binom.isf(alpha, n, p0)) + 1


def one_arm_power(n: int, p0: float, p1: ArrayLike, alpha: float = 0.025) -> Floats:
    """Return the exact power of the one-sided binomial test in a single arm.

    >>> [round(float(one_arm_power(n, 0.05, 0.20)), 4) for n in (33, 35)]  # the sawtooth
    [0.8179, 0.7279]
    """
    from scipy.stats import binom

    return np.asarray(binom.sf(one_arm_boundary(n, p0, alpha) - 1, n, np.asarray(p1, float)))


def one_arm_size(p0: float, p1: float, *, alpha: float = 0.025, power: float = 0.8) -> int:
    """Return the fewest participants from which exact power stays at or above ``power``.

    Raises
    ------
    InputError
        More than 100,000 participants would be needed.
    """
    if not 0 < p0 < p1 < 1:
        problem = f"{p0} and {p1} are not 0 < p0 < p1 < 1"
        raise InputError.of("size", "p1", problem, "give the higher risk as p1")
    from scipy.stats import binom

    top = 64
    while top <= 100_000:
        participants = np.arange(1, top + 1)
        boundaries = binom.isf(alpha, participants, p0)
        short = np.flatnonzero(binom.sf(boundaries, participants, p1) < power)
        # The size is accepted if no failure occurs up to one and a half times the last failure.
        if short[-1] + 1 < top // 2:
            return int(participants[short[-1] + 1])
        top *= 2
    problem = f"{p0} and {p1} are too close"
    raise InputError.of("size", "p1", problem, "more than 100,000 participants would be needed")
