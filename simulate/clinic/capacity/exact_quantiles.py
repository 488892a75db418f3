"""Exact quantiles of data larger than memory, in two passes.

The first pass counts the numbers by the leading bits of their floating-point form, which increase
with the number; the second keeps only the few bins that contain the quantiles.
"""

from collections.abc import Callable, Iterable, Sequence
from math import nan

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Bits of a double left below those that name a bin: 11 of exponent and 5 more name 2^16 bins,
#: each as wide as a 32nd of its numbers or less.
_BELOW = 47
_BINS = 2**16


def quantiles(read: Callable[[], Iterable[Floats]], shares: Sequence[float]) -> list[float]:
    """Return quantiles, interpolated as `numpy.quantile` does; NaN if there are no numbers.

    Parameters
    ----------
    read
        Gives all numbers, none below 0, in blocks; called twice.

    Examples
    --------
    >>> blocks = np.array([3.0, 0.0]), np.array([1.0, 2.0, 10.0])
    >>> quantiles(lambda: blocks, [0.5, 0.75])
    [2.0, 3.0]
    """
    counts = np.zeros(_BINS, np.int64)
    for block in read():
        counts += np.bincount(_bins(block), minlength=_BINS)
    number = int(counts.sum())
    if not number:
        return [nan] * len(shares)
    up_to = np.cumsum(counts)
    ranks = np.array(shares) * (number - 1)
    low = np.floor(ranks).astype(np.int64)
    both = np.stack([low, np.minimum(low + 1, number - 1)])
    value = _values_at(read, both.ravel(), up_to).reshape(both.shape)
    found: list[float] = _between(value[0], value[1], ranks - low).tolist()
    return found


def _values_at(
    read: Callable[[], Iterable[Floats]], ranks: NDArray[np.int64], up_to: NDArray[np.int64]
) -> Floats:
    """Return the numbers at ranks from 0, given the cumulative count at the end of each bin."""
    bins = np.searchsorted(up_to, ranks, side="right")
    kept = _kept(read, np.unique(bins))
    found = []
    for rank, place in zip(ranks.tolist(), bins.tolist(), strict=True):
        values, times = kept[place]
        before = int(up_to[place - 1]) if place else 0
        found.append(values[np.searchsorted(np.cumsum(times), rank - before, side="right")])
    return np.array(found)


def _between(low: Floats, high: Floats, share: Floats) -> Floats:
    """Interpolate as `numpy.quantile` does, to the last bit."""
    return np.where(share < 0.5, low + (high - low) * share, high - (high - low) * (1 - share))


def _bins(block: Floats) -> NDArray[np.int64]:
    return ((block + 0.0).view(np.uint64) >> np.uint64(_BELOW)).astype(np.int64)


def _kept(
    read: Callable[[], Iterable[Floats]], sought: NDArray[np.int64]
) -> dict[int, tuple[Floats, NDArray[np.int64]]]:
    """Return the distinct numbers of each selected bin in increasing order, and their counts."""
    found: dict[int, tuple[Floats, NDArray[np.int64]]] = {
        int(each): (np.empty(0), np.empty(0, np.int64)) for each in sought
    }
    for block in read():
        bins = _bins(block)
        for each, (values, times) in found.items():
            new, more = np.unique(block[bins == each], return_counts=True)
            joined, place = np.unique(np.concatenate([values, new]), return_inverse=True)
            counted = np.bincount(place, np.concatenate([times, more]), len(joined))
            found[each] = joined, counted.astype(np.int64)
    return found
