"""Round to significant digits, so that a number is the same on every processor.

Processors differ in the last bits of exponentials, logarithms and matrix products because of
different instructions and orders of summation. Rounding removes these bits before a number is
written, and before numbers are sorted or compared: patients with equal covariates then have equal
scores, and ties are broken by the order of the data.

Ratios of counts, such as 119/64 = 1.859375, lie exactly on the edge between two rounded values, and
their last bits would push them to either side. A number that differs from an edge by less than a
few further digits is therefore treated as lying on it, and rounded to the even side.

Only exact or correctly rounded operations are used here (comparison, multiplication, division,
rounding to whole numbers), so that rounding itself is the same everywhere.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats

#: Significant digits of values that are sorted, matched or ranked.
RANKED_DIGITS = 10

#: Number of extra digits in the first rounding, and the maximum number of digits: float64 has
#: fifteen.
_MORE_DIGITS, _MOST_DIGITS = 5, 13

#: Powers of ten that float64 holds exactly: 10^0 to 10^22.
_EXACT = 22
_TENS = np.array([float(f"1e{k}") for k in range(_EXACT + 1)])

#: Every power of ten that float64 can hold, and the exponent of the first.
_MINIMUM = -323
_POWERS = np.array([float(f"1e{k}") for k in range(_MINIMUM, 309)])


def significant(values: ArrayLike, digits: int) -> Floats:
    """Return values rounded to significant decimal digits, at least to whole numbers.

    Digits before the decimal point always stay, so that counts are exact. Each result is the
    float64 nearest to a short decimal number; zero has no sign; NaN and infinities stay. A number
    on the edge between two goes to the even one.

    Parameters
    ----------
    digits
        From 1 to 12.

    Examples
    --------
    >>> significant([0.123456789, -1234567.8, -0.0, 1e-30 / 3], 4).tolist()
    [0.1235, -1234568.0, 0.0, 3.333e-31]
    >>> significant([1.859375, np.nextafter(1.859375, 0)], 6).tolist()
    [1.85938, 1.85938]
    """
    x = np.asarray(values, float)
    with np.errstate(invalid="ignore", over="ignore"):
        shift = np.maximum(digits - 1 - _decimal_exponent(x), 0)
        scale = _TENS[np.minimum(shift, _EXACT)]
        rounded: Floats = _whole(x * scale, digits) / scale
    far = (shift > _EXACT) & (x != 0)
    if far.any():
        rounded = np.array(rounded)
        first = _first_digits(digits)
        near = [float(f"{value:.{first - 1}e}") for value in x[far].tolist()]
        rounded[far] = [float(f"{value:.{digits - 1}e}") for value in near]
    return np.where(np.isfinite(x), rounded, x) + 0.0


def _whole(scaled: Floats, digits: int) -> Floats:
    """Return the whole numbers nearest to values whose steps are 1; those on an edge go even."""
    part = _TENS[_first_digits(digits) - digits]
    fine = scaled * part
    # Whole numbers with more digits than float64 are changed by the product.
    return np.asarray(np.rint(np.where(np.abs(fine) < 1e15, np.rint(fine) / part, scaled)))


def _first_digits(digits: int) -> int:
    """Return the number of digits of the first rounding before rounding to ``digits``."""
    return min(digits + _MORE_DIGITS, max(_MOST_DIGITS, digits + 1))


def _decimal_exponent(x: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return the exponent of the first decimal digit; 0 for 0 and non-finite values."""
    size = np.where(np.isfinite(x) & (x != 0), np.abs(x), 1.0)
    _, binary = np.frexp(size)
    # 78913 / 2^18 is log10(2), rounded down: exact for every exponent of float64, or one too low.
    low = ((binary.astype(np.int64) - 1) * 78913) >> 18
    return np.asarray(low + (size >= _POWERS[np.clip(low + 1 - _MINIMUM, 0, len(_POWERS) - 1)]))
