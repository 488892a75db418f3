"""Search for the boundaries that are crossed with a given probability."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from estimate.sequential.recursion import (
    Running,
    carry_on,
    lower_exit,
    start,
    upper_exit,
)
from protocol.errors import InputError

#: Tolerance for a root at the end of its bracket.
SLACK = 1e-6


def judged(at: Sequence[bool] | None, analyses: int) -> NDArray[np.bool_]:
    """Return (analysis,) whether a boundary applies; by default at all analyses."""
    if at is None:
        return np.ones(analyses, bool)
    given = np.asarray(at, bool)[:analyses]
    return np.append(given, np.ones(analyses - given.size, bool))


def steps_at(spent: Floats, at: NDArray[np.bool_]) -> Floats:
    """Return (analysis,) error to spend, from cumulative error; 0 without a boundary.

    >>> steps_at(np.array([0.1, 0.3, 1.0]), np.array([True, False, True])).tolist()
    [0.1, 0.0, 0.9]
    """
    steps = np.zeros(spent.size)
    places = np.flatnonzero(at)
    steps[places] = np.diff(spent[places], prepend=0.0)
    return steps


def solve_upper(state: Running, information: float, error: float) -> float:
    """Return b with probability ``error`` of continuing until now and Z >= b under no drift.

    No error left means no boundary: infinity.
    """
    if error <= 1e-300:
        return np.inf
    if error >= state.mass.sum():
        return -np.inf
    above = SLACK - float(ndtri(error))  # Z exceeds it with probability below `error`
    return boundary_root(
        lambda b: _log(upper_exit(state, information, b)) - np.log(error), -9.0, above
    )


def solve_lower(state: Running, information: float, error: float, theta: float) -> float:
    """Return a with probability ``error`` of continuing until now and Z < a under theta."""
    if error <= 1e-300:
        return -np.inf
    below = float(ndtri(error)) + theta * np.sqrt(information) - SLACK
    if error >= state.tilted(theta).sum():
        return np.inf
    return boundary_root(
        lambda a: _log(lower_exit(state, information, a, theta)) - np.log(error), below, below + 40
    )


def _log(probability: Floats) -> float:
    """Return a logarithm, bounded away from minus infinity."""
    return float(np.log(max(float(probability), 1e-320)))


def boundaries_for_spending(rates: Floats, increments: Floats, sides: int) -> Floats:
    """Return (analysis,) upper boundaries, each crossed first with its increment of alpha.

    Parameters
    ----------
    rates
        (analysis,) information in any unit, rising.
    increments
        (analysis,) error of the upper side to spend at each analysis; 0 puts the boundary at
        infinity.
    sides
        2 stops symmetrically below too.
    """
    state, boundaries = start(), []
    for k, error in enumerate(increments):
        boundaries.append(solve_upper(state, rates[k], error))
        if k + 1 < rates.size:
            low = -boundaries[-1] if sides == 2 else -np.inf
            state = carry_on(state, rates[k], low, boundaries[-1], next_information=rates[k + 1])
    return np.asarray(boundaries)


def boundary_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return a root of ``function`` between two values; refuse a design that has none."""
    try:
        return float(brent_root(function, low, high, xtol=1e-12, rtol=1e-13))
    except ValueError:  # no change of sign between the ends, or no number at one of them
        problem = "no boundaries can be computed for such analyses and errors"
        cure = "choose analyses further apart and errors further from 0 and 1"
        raise InputError.of("design", "", problem, cure) from None
