"""Distinct columns of whole numbers: simulated trials of one size share few tables of counts."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]

#: Columns that can be told apart by position, at least; more than the data have need sorting.
DENSE = 1_000_000


def distinct_columns(rows: ArrayLike) -> tuple[Ints, Ints]:
    """Return the place of one column of each kind, and the kind of every column.

    Kinds are in the order of their columns, compared row by row.

    Parameters
    ----------
    rows
        (row, column) whole numbers whose ranges have a product below 2**63.

    Examples
    --------
    >>> place, kind = distinct_columns([[3, 1, 3], [5, 5, 5]])
    >>> np.array([[3, 1, 3], [5, 5, 5]])[:, place], kind
    (array([[1, 3],
           [5, 5]]), array([1, 0, 1]))
    """
    given = np.asarray(rows, np.int64)
    number, size = np.zeros(given.shape[1], np.int64), 1
    if number.size == 0:
        return number, number
    for row in given:
        low, span = int(row.min()), int(row.max()) - int(row.min()) + 1
        number = number * span + (row - low)
        size *= span
    if size > max(DENSE, 8 * number.size):
        _, place, kind = np.unique(number, return_index=True, return_inverse=True)
        return place, kind
    found = np.full(size, -1, np.int64)
    found[number] = np.arange(number.size)
    present = found >= 0
    kinds = np.cumsum(present) - 1
    return found[present], kinds[number]
