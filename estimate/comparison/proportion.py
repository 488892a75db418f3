"""Intervals for one proportion; arrays of counts broadcast."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from estimate.core.arrays import Floats
from protocol.errors import InputError


def wilson_interval(x: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the score interval of ``x`` events among ``n`` patients.

    Wilson EB. *J Am Stat Assoc* 1927;22:209-12.

    >>> low, high = wilson_interval(12, 40)
    >>> f"{low:.6f} {high:.6f}"
    '0.180748 0.454300'
    """
    x, n = _check(x, n)
    z = ndtri((1 + level) / 2)
    middle = (x + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(x * (n - x) / n + z**2 / 4)
    # Rounding must not move a limit outside [0, 1].
    return np.where(x == 0, 0.0, middle - half), np.where(x == n, 1.0, middle + half)


def clopper_pearson_interval(
    x: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the exact interval (Clopper CJ, Pearson ES. *Biometrika* 1934;26:404-13).

    >>> low, high = clopper_pearson_interval(12, 40)
    >>> f"{low:.6f} {high:.6f}"
    '0.165627 0.465316'
    """
    x, n = _check(x, n)
    tail = (1 - level) / 2
    low = betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail)
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)


def _check(x: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    events, patients = np.broadcast_arrays(np.asarray(x, float), np.asarray(n, float))
    if (patients <= 0).any() or (events < 0).any() or (events > patients).any():
        raise InputError.of(
            "counts", "x", "some are not 0 <= x <= n with n > 0", "check the counts"
        )
    return events, patients
