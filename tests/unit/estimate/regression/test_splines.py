"""Restricted cubic splines: hand calculations."""

import numpy as np
import pytest

from estimate.regression.splines import fit_spline, harrell_knots, spline_basis
from protocol.errors import InputError


def test_knots_of_a_large_even_sample_are_its_quantiles() -> None:
    x = np.arange(1001.0)
    assert harrell_knots(x, 4) == pytest.approx([50, 350, 650, 950])
    assert harrell_knots(x, 5) == pytest.approx([50, 275, 500, 725, 950])


def test_a_missing_value_does_not_move_a_knot() -> None:
    x = np.arange(101.0)
    assert harrell_knots(np.r_[x, np.nan], 3).tolist() == harrell_knots(x, 3).tolist()


def test_below_a_hundred_patients_the_outer_knots_are_the_fifth_patients() -> None:
    assert harrell_knots(np.arange(99.0), 3).tolist() == [4, 49, 94]
    assert harrell_knots(np.arange(100.0), 3)[0] == pytest.approx(9.9)


def test_few_distinct_values_are_used_as_knots() -> None:
    assert harrell_knots([1, 2, 3, 4, 5] * 30, 3).tolist() == [2, 3, 4]


def test_values_at_the_detection_limit_do_not_take_all_knots() -> None:
    x = np.r_[np.zeros(300), np.linspace(1, 2, 700)]
    knots = harrell_knots(x, 3)
    assert knots[0] == x[300]
    assert knots[1:] == pytest.approx(np.quantile(x[301:], [0.5, 0.9]))


def test_too_few_values_for_a_curve_are_refused() -> None:
    with pytest.raises(InputError, match="use the variable as linear"):
        harrell_knots([0, 1] * 50, 3)
    with pytest.raises(InputError, match="choose from 3, 4, 5, 6, 7"):
        harrell_knots(np.arange(200), 2)


def test_basis_by_hand() -> None:
    # Knots 1, 2, 4 at x = 3: (2^3 - 1 * 3/2 + 0) / 3^2; at x = 5: (64 - 27 * 3/2 + 1/2) / 9.
    basis = spline_basis([3.0, 5.0], [1.0, 2.0, 4.0])
    assert basis[:, 1] == pytest.approx([(8 - 1.5) / 9, (64 - 40.5 + 0.5) / 9])


def test_a_batch_of_fits_equals_single_fits() -> None:
    rng = np.random.default_rng(5)
    x, u = rng.normal(size=(3, 200)), rng.random((3, 200))
    y = (u < 1 / (1 + np.exp(1 - x))).astype(float)
    knots = harrell_knots(x, 3)
    batch = fit_spline(x, y, knots=knots)
    for i in range(3):
        alone = fit_spline(x[i], y[i], knots=knots)
        assert batch.fit.coef[i] == pytest.approx(alone.fit.coef, rel=1e-9)
        assert batch.wald.nonlinear[i] == pytest.approx(alone.wald.nonlinear, rel=1e-9)
        assert batch.curve([0.5], 0).std_error[i] == pytest.approx(
            alone.curve([0.5], 0).std_error, rel=1e-9
        )


def test_the_curve_is_zero_without_error_at_its_reference() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=150)
    y = (rng.random(150) < 0.4).astype(float)
    curve = fit_spline(x, y, knots=[-1, 0, 1]).curve([0.25], 0.25)
    assert curve.log_odds_ratio.tolist() == [0]
    assert curve.std_error[0] == pytest.approx(0, abs=1e-8)


def test_a_fit_that_fails_is_a_counted_result() -> None:
    x = np.arange(40.0)
    separated = fit_spline(x, x > 20, knots=[5, 20, 35])
    assert not separated.converged
    constant = fit_spline(np.ones(40), x > 20, knots=[5, 20, 35])
    assert not constant.converged
    assert np.isnan(constant.wald.nonlinear)
