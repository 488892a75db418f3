"""Logistic regression: hand calculations, properties, statsmodels and non-convergence."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from estimate.regression.logistic import STEP_LIMIT, fit_logistic


def draw(seed, *lead, n=200, p=4, slope=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(*lead, n, p))
    X[..., 0] = 1
    risk = 1 / (1 + np.exp(-(X @ np.r_[-0.7, np.full(p - 1, slope)])))
    return X, (rng.random(risk.shape) < risk).astype(float)


def test_two_by_two_by_hand():
    X = [[1, 0]] * 4 + [[1, 1]] * 4
    fit = fit_logistic(X, [1, 0, 0, 0, 1, 1, 0, 0])
    assert fit.coef == pytest.approx([np.log(1 / 3), np.log(3)])
    assert fit.cov[1, 1] == pytest.approx(1 + 1 / 3 + 1 / 2 + 1 / 2)
    assert fit.loglik == pytest.approx(np.log(1 / 4) + 3 * np.log(3 / 4) + 4 * np.log(1 / 2))
    assert fit.converged
    assert fit.coef.shape == (2,)
    assert fit.converged.shape == ()


def test_agrees_with_statsmodels():
    X, y = draw(1, n=300, p=6)
    peer = sm.Logit(y, X).fit(disp=0, tol=1e-12)
    fit = fit_logistic(X, y)
    assert fit.coef == pytest.approx(peer.params, rel=1e-9)
    assert fit.cov == pytest.approx(peer.cov_params(), rel=1e-7)
    assert fit.loglik == pytest.approx(peer.llf, rel=1e-12)


def test_weights_and_offset_agree_with_statsmodels():
    X, y = draw(2)
    rng = np.random.default_rng(3)
    weights, offset = rng.uniform(0.2, 3, len(y)), rng.normal(size=len(y))
    family = sm.families.Binomial()
    peer = sm.GLM(y, X, family=family, freq_weights=weights, offset=offset).fit(tol=1e-13)
    fit = fit_logistic(X, y, weights, offset)
    assert fit.coef == pytest.approx(peer.params, rel=1e-8)
    assert fit.cov == pytest.approx(peer.cov_params(), rel=1e-6)


def test_a_batch_gives_the_bits_of_single_calls():
    X, y = draw(4, 3, 50, n=60)
    weights = np.random.default_rng(5).integers(0, 3, y.shape).astype(float)
    batch = fit_logistic(X, y, weights)
    for index in np.ndindex(3, 50):
        single = fit_logistic(X[index], y[index], weights[index])
        assert np.array_equal(single.coef, batch.coef[index], equal_nan=True)
        assert np.array_equal(single.cov, batch.cov[index], equal_nan=True)
        assert np.array_equal(single.loglik, batch.loglik[index], equal_nan=True)
        assert single.converged == batch.converged[index]


def test_a_design_shared_by_all_outcomes_is_broadcast():
    X, _ = draw(6)
    y = np.random.default_rng(7).integers(0, 2, (5, len(X)))
    shared = fit_logistic(X, y)
    assert shared.coef.shape == (5, 4)
    assert shared.coef[3] == pytest.approx(fit_logistic(X, y[3]).coef)


@given(st.integers(0, 10_000))
def test_weight_two_is_a_row_twice_and_weight_zero_a_row_excluded(seed):
    X, y = draw(seed, n=80)
    weights = np.random.default_rng(seed + 1).integers(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), weights)
    weighted, repeated = fit_logistic(X, y, weights), fit_logistic(X[rows], y[rows])
    assert weighted.coef == pytest.approx(repeated.coef, abs=1e-8)
    assert weighted.cov == pytest.approx(repeated.cov, rel=1e-6, abs=1e-9)
    assert weighted.loglik == pytest.approx(repeated.loglik)


@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
def test_scaling_the_weights_changes_no_coefficient(seed, factor):
    X, y = draw(seed, n=80)
    plain, scaled = fit_logistic(X, y), fit_logistic(X, y, np.full(len(y), factor))
    assert scaled.converged == plain.converged
    assert scaled.coef == pytest.approx(plain.coef, abs=1e-8)
    assert scaled.cov * factor == pytest.approx(plain.cov, rel=1e-6)


def test_the_score_is_zero_at_the_answer():
    X, y = draw(8, 20)
    fit = fit_logistic(X, y)
    mu = 1 / (1 + np.exp(-np.einsum("rnp,rp->rn", X, fit.coef)))
    assert np.einsum("rnp,rn->rp", X, y - mu) == pytest.approx(0, abs=1e-8)


def test_perfect_separation_is_flagged_and_does_not_affect_other_fits():
    X, y = draw(9, 3, n=60)
    lonely = fit_logistic(X[2], y[2])
    y[1] = X[1, :, 1] > 0
    fit = fit_logistic(X, y)
    assert fit.converged.tolist() == [True, False, True]
    assert fit.separated.tolist() == [False, True, False]
    assert fit.iterations[1] == STEP_LIMIT
    assert np.array_equal(fit.coef[2], lonely.coef)


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_an_outcome_that_never_varies_is_separated(constant):
    X, _ = draw(10)
    fit = fit_logistic(X, np.full(len(X), constant))
    assert not fit.converged
    assert fit.separated


def test_quasi_separation_by_an_empty_cell_is_flagged():
    fit = fit_logistic([[1, 0]] * 6 + [[1, 1]] * 4, [1, 1, 0, 0, 0, 0] + [1] * 4)
    assert not fit.converged
    assert fit.separated


@pytest.mark.parametrize("factor", [1.0, 3.7, 1e-9])
def test_collinear_columns_give_no_coefficient(factor):
    X, y = draw(11, 2)
    X[1, :, 3] = factor * (X[1, :, 1] - 2 * X[1, :, 2])
    fit = fit_logistic(X, y)
    assert fit.converged.tolist() == [True, False]
    assert np.isnan(fit.coef[1]).all()
    assert not fit.separated[1]


def test_columns_of_very_different_scales_are_fitted():
    X, y = draw(12)
    scale = np.array([1.0, 1e6, 1e-6, 1e3])
    assert fit_logistic(X * scale, y).coef * scale == pytest.approx(fit_logistic(X, y).coef)


def test_no_rows_at_all_is_a_result_not_a_crash():
    X, y = draw(13)
    fit = fit_logistic(X, y, np.zeros(len(y)))
    assert not fit.converged
    assert np.isnan(fit.coef).all()


def test_step_halving_fits_an_extreme_outlier():
    x = np.r_[np.linspace(-1, 1, 40), 300.0]
    y = np.r_[np.arange(40) % 2, 0.0]
    X = np.column_stack([np.ones(41), x])
    peer = sm.Logit(y, X).fit(disp=0, method="bfgs", maxiter=2000, gtol=1e-10)
    fit = fit_logistic(X, y)
    assert fit.converged
    assert fit.loglik >= peer.llf - 1e-9


def test_inputs_are_not_changed():
    X, y = draw(14, 4)
    before = X.copy(), y.copy()
    fit_logistic(X, y)
    assert np.array_equal(X, before[0])
    assert np.array_equal(y, before[1])


def test_a_giant_step_onto_the_plateau_is_not_a_maximum():
    fit = fit_logistic([[1, 0], [0, 1.0], [1, 0]], [1, 0, 0], offset=[-26.0, 27, 30])
    assert not fit.converged
    assert fit.separated


def test_step_halving_stops_at_rounding_error():
    X = [[1.9470790737085626, 0], [0, 2.5511031837615152], [1.1384368123917685, 0]]
    offset = [26.2028947717196, -26.202894771719272, -26.202894771719215]
    fit = fit_logistic(X, [1, 0, 0], offset=offset)
    assert not fit.converged
