"""Ranks agree with `scipy.stats.rankdata`, including ties and infinities."""

import numpy as np
import pytest
from scipy.stats import rankdata

from estimate.comparison.ranks import rank_bounds


@pytest.mark.parametrize("shape", [(1,), (9,), (3, 20), (2, 3, 7)])
def test_ranks_are_those_of_scipy(shape):
    values = np.random.default_rng(4).integers(0, 6, shape).astype(float)
    values[values == 5] = np.inf
    low, high = rank_bounds(values)
    assert (low == rankdata(values, "min", axis=-1)).all()
    assert (high == rankdata(values, "max", axis=-1)).all()
    assert ((low + high) / 2 == rankdata(values, axis=-1)).all()
