"""Roots between two ends: of one function by Brent's method, of many at once by Chandrupatla's.

The steps are those of `scipy.optimize`, with the same numbers to the last bit
(`tests/unit/estimate/core/test_roots.py`); loading `scipy.optimize` takes half a second of
processor time, more than most computations that use this module.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

#: Relative accuracy that is always possible: four units in the last place.
RTOL = 4 * 2.0**-52

#: Maximum number of steps.
MAX_STEPS = 100

#: Number of bisections after which any two numbers are adjacent.
MAX_HALVINGS = 2100


def brent_root(
    function: Callable[[float], float],
    low: float,
    high: float,
    *,
    xtol: float = 2e-12,
    rtol: float = RTOL,
) -> float:
    """Return a root between two ends at which a function has different signs.

    Brent RP. *Algorithms for Minimization Without Derivatives*, 1973, chapter 4: the secant or the
    parabola through the last values if it converges fast enough, otherwise bisection.

    Parameters
    ----------
    function
        Continuous between the ends.
    xtol, rtol
        The root is known within ``xtol + rtol * |root|``.

    Raises
    ------
    ValueError
        The function has the same sign at both ends, or is not a number.
    RuntimeError
        The root is not found in `MAX_STEPS` steps.

    Examples
    --------
    >>> round(brent_root(lambda x: x * x - 2, 0, 2), 12)
    1.414213562373
    """
    before, here = float(low), float(high)
    f_before, f_here = _value(function, before), _value(function, here)
    if f_before == 0:
        return before
    if f_here == 0:
        return here
    if (f_before < 0) == (f_here < 0):
        raise ValueError("the function has the same sign at both ends")
    other, f_other, last_step, step = before, f_before, 0.0, 0.0
    for _ in range(MAX_STEPS):
        if f_before != 0 and f_here != 0 and (f_before < 0) != (f_here < 0):
            other, f_other = before, f_before
            last_step = step = here - before
        if abs(f_other) < abs(f_here):  # continue from the better end
            before, here, other = here, other, here
            f_before, f_here, f_other = f_here, f_other, f_here
        room = (xtol + rtol * abs(here)) / 2
        half = (other - here) / 2
        if f_here == 0 or abs(half) < room:
            return here
        guess = math.inf
        if abs(last_step) > room and abs(f_here) < abs(f_before):
            guess = _guess(before, f_before, here, f_here, other, f_other)
        if 2 * abs(guess) < min(abs(last_step), 3 * abs(half) - room):
            last_step, step = step, guess
        else:
            last_step = step = half
        before, f_before = here, f_here
        here += step if abs(step) > room else math.copysign(room, half)
        f_here = _value(function, here)
    raise RuntimeError(f"no root within {MAX_STEPS} steps")


def _guess(
    before: float, f_before: float, here: float, f_here: float, other: float, f_other: float
) -> float:
    """Return the step to the root of the secant, or of a parabola; infinity if it has none."""
    if before == other:
        return -f_here * (here - before) / (f_here - f_before)
    slope = (f_before - f_here) / (before - here)
    other_slope = (f_other - f_here) / (other - here)
    divisor = other_slope * slope * (f_other - f_before)
    if divisor == 0:
        return math.inf
    return -f_here * (f_other * other_slope - f_before * slope) / divisor


def _value(function: Callable[[float], float], at: float) -> float:
    value = float(function(at))
    if math.isnan(value):
        raise ValueError(f"the function is not a number at {at:g}")
    return value


def chandrupatla_roots(
    function: Callable[..., Floats],
    low: Floats,
    high: Floats,
    columns: Floats,
    *,
    xtol: float,
) -> Floats:
    """Return many roots at once, each between two ends with different signs.

    Chandrupatla TR. *Adv Eng Softw* 1997;28:145-9: the inverse parabola through the last three
    points if they are well placed, otherwise bisection. The steps are those of
    `scipy.optimize.elementwise.find_root` with this tolerance and no other.

    Parameters
    ----------
    function
        Takes places and columns of the same length; it returns values at these places.
    low, high
        (root,) the ends.
    columns
        (column, root) further arguments, which belong to each root.
    xtol
        Each root is known within this distance.

    Examples
    --------
    >>> ends = np.zeros(2), np.full(2, 3.0)
    >>> chandrupatla_roots(lambda x, a: x * x - a, *ends, np.array([[2.0, 4.0]]), xtol=1e-12)
    array([1.41421356, 2.        ])
    """
    a, b = np.array(low, float), np.array(high, float)
    fa, fb = function(a, *columns), function(b, *columns)
    roots, open_ = np.empty(a.shape), np.arange(a.size)
    c, fc, share = b, fb, np.full(a.shape, 0.5)
    for step in range(MAX_HALVINGS):
        first = np.abs(fa) < np.abs(fb)
        best, f_best, width = np.where(first, a, b), np.where(first, fa, fb), np.abs(b - a)
        done = (f_best == 0) | (width < xtol)
        roots[open_[done]] = best[done]
        if done.all():
            return roots
        left = ~done
        a, b, c, fa, fb, fc, share, open_ = (x[left] for x in (a, b, c, fa, fb, fc, share, open_))
        if step:
            share = _share(a, b, c, fa, fb, fc, xtol / width[left] / 2)
        place = a + share * (b - a)
        found = function(place, *columns[:, open_])
        same = np.sign(found) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = place, found
    raise RuntimeError(f"no root within {MAX_HALVINGS} steps")


def _share(
    a: Floats, b: Floats, c: Floats, fa: Floats, fb: Floats, fc: Floats, margin: Floats
) -> Floats:
    """Return the next point as a fraction from ``a`` to ``b``, at least ``margin`` from both."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        curved = (1 - np.sqrt(1 - xi) < phi) & (phi < np.sqrt(xi))
        reach = (c - a) / (b - a)
        parabola = fa / (fa - fb) * fc / (fc - fb) - reach * fa / (fc - fa) * fb / (fb - fc)
    return np.clip(np.where(curved, parabola, 0.5), margin, 1 - margin)
