"""Invariants of every penalised fit, and the benefit of the penalty."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from estimate.regression.firth import fit_firth, penalised_profile, penalised_test

SEEDS = st.integers(0, 10**6)


def patients(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.c_[np.ones(20), rng.integers(0, 2, 20), rng.normal(size=20)]
    return X, rng.integers(0, 2, 20).astype(float)


@settings(max_examples=30)
@given(SEEDS, st.permutations(range(20)))
def test_the_order_of_patients_does_not_matter(seed: int, order: list[int]) -> None:
    X, y = patients(seed)
    assert fit_firth(X, y).coef == pytest.approx(
        fit_firth(X[order], y[order]).coef, abs=1e-7, nan_ok=True
    )


@settings(max_examples=30)
@given(SEEDS)
def test_weight_two_is_a_patient_twice_and_weight_zero_is_not_a_patient(seed: int) -> None:
    X, y = patients(seed)
    w = np.ones(20)
    w[0], w[1] = 2, 0
    rows = [0, 0, *range(2, 20)]
    one, other = fit_firth(X, y, w), fit_firth(X[rows], y[rows])
    assert one.coef == pytest.approx(other.coef, abs=1e-7, nan_ok=True)
    assert one.cov == pytest.approx(other.cov, rel=1e-5, nan_ok=True)


@settings(max_examples=20)
@given(SEEDS)
def test_recoding_outcome_or_treatment_inverts_the_effect(seed: int) -> None:
    X, y = patients(seed)
    fit = fit_firth(X, y)
    turned = X.copy()
    turned[:, 1] = 1 - turned[:, 1]
    for other in (fit_firth(X, 1 - y), fit_firth(turned, y)):
        assert other.coef[1] == pytest.approx(-fit.coef[1], abs=1e-7, nan_ok=True)
        assert other.converged == fit.converged


@settings(max_examples=15)
@given(SEEDS)
def test_limits_surround_the_estimate_and_agree_with_the_test(seed: int) -> None:
    X, y = patients(seed)
    fit = fit_firth(X, y)
    if fit.converged and X[:, 1].std() > 0:
        low, high = penalised_profile(X, y, fit, 1)
        _, p = penalised_test(X, y, fit, 1)
        assert low < fit.coef[1] < high
        if abs(p - 0.05) > 1e-4:
            assert (low < 0 < high) == (p > 0.05)


def test_even_in_tiny_studies_every_answer_is_finite_and_nearly_unbiased() -> None:
    """1,000 studies of 40 patients, true log odds ratio 1; some are separated."""
    rng = np.random.default_rng(4)
    X = np.stack([np.ones((1000, 40)), np.tile([0.0, 1.0], (1000, 20))], -1)
    y = (rng.random((1000, 40)) < special.expit(-1.5 + X[..., 1])).astype(float)
    fit = fit_firth(X, y)
    assert fit.converged.all()
    b = fit.coef[:, 1]
    assert abs(b.mean() - 1) < 3 * b.std(ddof=1) / np.sqrt(1000) + 0.05
    low, high = penalised_profile(X, y, fit, 1)
    covered = ((low < 1) & (high > 1)).mean()
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 1000) + 0.01
