"""Distinct columns of whole numbers: simulated trials of one size share few tables of counts."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]

#: Columns that can be told apart by position, at least; more than the data have need sorting.
DENSE = 1_000_000

#: Kinds of columns that one number can hold.
LARGEST = 2**62


def distinct_columns(rows: ArrayLike) -> tuple[Ints, Ints]:
    """Return the place of one column of each kind, and the kind of every column.

    Kinds are in the order of their columns, compared row by row.

    Parameters
    ----------
    rows
        (row, column) whole numbers; their differences are below 2**63.

    Examples
    --------
    >>> place, kind = distinct_columns([[3, 1, 3], [5, 5, 5]])
    >>> np.array([[3, 1, 3], [5, 5, 5]])[:, place], kind
    (array([[1, 3],
           [5, 5]]), array([1, 0, 1]))
    """
    given = np.asarray(rows, np.int64)
    if given.shape[1] == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    low = given.min(1)
    spans = [int(span) + 1 for span in given.max(1) - low]
    size = math.prod(spans)
    if size >= LARGEST:
        _, place, kind = np.unique(given, axis=1, return_index=True, return_inverse=True)
        return place, kind.ravel()
    number = np.zeros(given.shape[1], np.int64)
    for row, start, span in zip(given, low, spans, strict=True):
        number = number * span + (row - start)
    if size > max(DENSE, 8 * number.size):
        _, place, kind = np.unique(number, return_index=True, return_inverse=True)
        return place, kind
    found = np.full(size, -1, np.int64)
    found[number] = np.arange(number.size)
    present = found >= 0
    kinds = np.cumsum(present) - 1
    return found[present], kinds[number]
