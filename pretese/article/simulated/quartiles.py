"""Quartiles of many groups by R's default (type 7), as in the paper."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def quartiles(values: Floats, members: Flags) -> Floats:
    """Return first quartile, median and third quartile of the members of each row.

    Hyndman and Fan 1996, definition 7: the quantile p of n sorted values lies at position
    (n-1)p counted from 0, linearly between neighbours.

    Parameters
    ----------
    values
        Shape (..., patient); NaN is missing and excluded.
    members
        Members of the group, of the same shape.

    Returns
    -------
    Shape (3, ...). A row without members gives NaN.

    Examples
    --------
    >>> quartiles(np.array([4.0, 1.0, np.nan, 2.0, 9.0]), np.array([1, 1, 1, 1, 0], bool)).tolist()
    [1.5, 2.0, 3.0]
    """
    observed = members & ~np.isnan(values)
    ordered = np.sort(np.where(observed, values, np.inf), axis=-1)
    last = observed.sum(axis=-1) - 1
    return np.stack([_at(ordered, last, p) for p in (0.25, 0.5, 0.75)])


def _at(ordered: Floats, last: NDArray[np.int_], p: float) -> Floats:
    position = np.maximum(last * p, 0)
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(last, 0))
    low, high = (np.take_along_axis(ordered, i[..., None], -1)[..., 0] for i in (below, above))
    with np.errstate(invalid="ignore"):
        value = low + (position - below) * (high - low)
    return np.where(last >= 0, value, np.nan)
