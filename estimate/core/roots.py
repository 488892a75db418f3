"""The root of a function of one number between two ends, by Brent's method.

The steps are those of `scipy.optimize.brentq`, with the same numbers to the last bit
(`tests/unit/estimate/core/test_roots.py`); loading `scipy.optimize` takes half a second of
processor time, more than most of what calls this takes as a whole.
"""

import math
from collections.abc import Callable

#: Relative accuracy that is always possible: four units in the last place.
RTOL = 4 * 2.0**-52

#: Steps after which a function is called too hard.
MAX_STEPS = 100


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
    parabola through the last values where it moves fast enough, and otherwise halves.

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
        if abs(f_other) < abs(f_here):  # the better end is the one to go on from
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
