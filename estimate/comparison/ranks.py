"""Ranks along the last axis; `scipy.stats` has them too, but takes half a second to load."""

import numpy as np

from estimate.core.arrays import Floats


def rank_bounds(values: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and the highest rank, from 1, of each value among its row; no NaN.

    Equal values share both; their mid-rank is the mean of the two.

    Examples
    --------
    >>> low, high = rank_bounds(np.array([3.0, 1.0, 3.0, 8.0]))
    >>> low, high
    (array([2., 1., 2., 4.]), array([3., 1., 3., 4.]))
    """
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, -1)
    edge = np.ones((*values.shape[:-1], 1), bool)
    changes = ordered[..., 1:] != ordered[..., :-1]
    place = np.arange(1.0, values.shape[-1] + 1)
    low = np.maximum.accumulate(np.where(np.concatenate([edge, changes], -1), place, 0.0), -1)
    last = np.where(np.concatenate([changes, edge], -1), place, np.inf)
    high = np.minimum.accumulate(last[..., ::-1], -1)[..., ::-1]
    return _put_back(low, order), _put_back(high, order)


def _put_back(ranks: Floats, order: np.ndarray) -> Floats:
    found = np.empty_like(ranks)
    np.put_along_axis(found, order, ranks, -1)
    return found
