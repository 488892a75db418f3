"""Invariants of every restricted cubic spline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.regression.splines import spline_basis

KNOTS = st.lists(st.integers(-50, 50), min_size=3, max_size=6, unique=True).map(sorted)


@given(KNOTS, st.floats(0.1, 20), st.floats(0.1, 20))
def test_it_is_linear_beyond_the_outer_knots(knots: list[int], near: float, far: float) -> None:
    for edge, side in ((knots[0], -1), (knots[-1], 1)):
        x = np.array([edge, edge + side * near, edge + side * (near + far)], float)
        start, middle, end = spline_basis(x, knots)
        slope = (middle - start) / near
        assert (end - middle) / far == pytest.approx(slope, rel=1e-5, abs=1e-5)


@given(KNOTS)
def test_it_is_smooth_at_the_knots(knots: list[int]) -> None:
    """Value, slope and curvature are continuous at every knot (differences of step 1e-3)."""
    h = 1e-3
    for t in knots:
        x = t + h * np.array([-3.0, -2, -1, 0, 1, 2, 3])
        basis = spline_basis(x, knots)[:, 1:]
        curvature = np.diff(basis, 2, axis=0) / h**2
        jump = np.abs(np.diff(curvature, axis=0)).max()
        assert jump <= 0.1 * (1 + np.abs(curvature).max())


@given(KNOTS, st.floats(0.01, 100), st.floats(-100, 100))
def test_changing_the_unit_changes_only_the_scale(
    knots: list[int], factor: float, shift: float
) -> None:
    x, t = np.linspace(-60, 60, 13), np.array(knots, float)
    original = spline_basis(x, t)[:, 1:]
    converted = spline_basis(x * factor + shift, t * factor + shift)[:, 1:]
    assert converted / factor == pytest.approx(original, rel=1e-6, abs=1e-6)
