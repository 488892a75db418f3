"""Quantiles of recorded values, which are rounded."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from protocol.errors import InputError

#: Steps that values may be rounded to, the coarsest first.
STEPS = (10.0, 5.0, 1.0, 0.5, 0.1, 0.05, 0.01, 0.001)

#: Tolerance of a value from a multiple of a step, in steps.
_EPSILON = 1e-6


def rounding_step(values: ArrayLike) -> float:
    """Return the coarsest step of which all values are multiples; 0 where there is none.

    >>> rounding_step([6.2, 5.0, 11.4]), rounding_step([30, 41, 28]), rounding_step([1 / 3])
    (0.1, 1.0, 0.0)
    """
    known = _known(values)
    for step in STEPS:
        parts = known / step
        if np.all(np.abs(parts - np.rint(parts)) < _EPSILON * np.maximum(1, np.abs(parts))):
            return step
    return 0.0


def grouped_quantiles(values: ArrayLike, probabilities: ArrayLike, step: float) -> Floats:
    """Return quantiles of the values before they were rounded to a step.

    A recorded value represents all values within half a step, uniformly distributed; the cumulative
    frequency is interpolated between the limits of these classes, as for a table of classes (Yule
    GU, Kendall MG. *An Introduction to the Theory of Statistics*, 14th ed., 1950, section 5.15).

    Parameters
    ----------
    values
        (n,) recorded values; NaN is excluded.
    probabilities
        (k,) between 0 and 1.
    step
        The rounding step, in the unit of the values; 0 means no rounding.

    Raises
    ------
    InputError
        There are fewer than two values.

    Examples
    --------
    >>> grouped_quantiles([1, 2, 2, 3], [0.25, 0.5, 0.75], 1).tolist()
    [1.5, 2.0, 2.5]
    """
    known = _known(values)
    if known.size < 2:
        problem = f"{known.size} values are known; quantiles need two or more"
        raise InputError.of("values", "", problem, "leave the column out")
    wanted = np.asarray(probabilities, float)
    if not step:
        return np.asarray(np.quantile(known, wanted, method="hazen"))
    classes, counts = np.unique(np.rint(known / step), return_counts=True)
    limits = np.stack([classes - 0.5, classes + 0.5], -1).ravel() * step
    cumulative = np.concatenate([[0], np.cumsum(counts)]) / known.size
    shares = np.stack([cumulative[:-1], cumulative[1:]], -1).ravel()
    return np.asarray(np.interp(wanted, shares, limits))


def _known(values: ArrayLike) -> Floats:
    array = np.asarray(values, float)
    return np.asarray(array[np.isfinite(array)])
