"""Interpolation by cells equals `numpy.interp`, bit for bit."""

import numpy as np
import pytest

from simulate.core.interpolation import Interpolation

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("points", [2, 40, 20_000])
def test_many_values_are_interpolated_as_numpy_does(points: int) -> None:
    x = np.sort(RNG.lognormal(sigma=3, size=points))  # thousands of points in the first cells
    y = np.cumsum(RNG.random(points))
    values = np.concatenate(
        [RNG.uniform(x[0] - 1, x[-1] + 1, 9000), x, x * (1 + 1e-15), [np.nan, np.inf, -np.inf]]
    )
    found = Interpolation.through(x, y).at(values)
    assert np.array_equal(found, np.interp(values, x, y), equal_nan=True)


def test_few_values_are_interpolated_as_numpy_does() -> None:
    x, y = np.array([0.0, 1.0, 1.5]), np.array([1.0, -1.0, 7.0])
    assert Interpolation.through(x, y).at(np.array([0.5, 1.25])).tolist() == [0.0, 3.0]
