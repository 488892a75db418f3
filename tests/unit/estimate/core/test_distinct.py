"""Distinct columns are those of numpy's sort, whatever their range."""

import numpy as np
import pytest

from estimate.core.numeric.distinct import distinct_columns


@pytest.mark.parametrize("span", [1, 3, 60, 40_000, 2**40])
def test_kinds_are_those_of_a_sort(span):
    rows = np.random.default_rng(span).integers(-5, span - 5, (4, 300))
    place, kind = distinct_columns(rows)
    unique, back = np.unique(rows, axis=1, return_inverse=True)
    assert np.array_equal(rows[:, place], unique)
    assert np.array_equal(kind, back.ravel())


def test_no_columns_have_no_kinds():
    assert [each.size for each in distinct_columns(np.zeros((4, 0), int))] == [0, 0]
