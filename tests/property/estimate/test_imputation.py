"""Invariants of every imputation, and recovery of a known effect."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from estimate.imputation.chain import Column, impute
from estimate.imputation.rubins_rules import pool
from estimate.regression.logistic import fit_logistic

COLUMNS = [Column("age_years"), Column("fsh_iu_l"), Column("azf", 2), Column("diagnosis", 3)]


def patients(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, k, 40) for k in (2, 3)]
    values = np.stack([rng.normal(size=40), rng.normal(size=40).round(1), *codes], -1)
    values[rng.random(values.shape) < 0.2] = np.nan
    return values


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_known_values_stay_and_imputed_values_are_observed_ones(seed: int) -> None:
    values = patients(seed)
    before = values.copy()
    done = impute(values, COLUMNS, np.random.default_rng(seed), imputations=3, iterations=3)
    assert np.array_equal(values, before, equal_nan=True)
    known = ~np.isnan(values)
    for completed in done.completed:
        assert (completed[known] == values[known]).all()
        for j in range(4):
            assert set(completed[:, j]) <= set(values[known[:, j], j]) | {0.0, 1.0, 2.0}
            if COLUMNS[j].categories == 0:
                assert set(completed[:, j]) <= set(values[known[:, j], j])


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_same_seed_gives_the_same_imputations(seed: int) -> None:
    one, other = (
        impute(patients(seed), COLUMNS, np.random.default_rng(seed), imputations=2, iterations=2)
        for _ in range(2)
    )
    assert (one.completed == other.completed).all()


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-50, 50))
def test_the_unit_of_a_column_does_not_matter(seed: int, factor: float, shift: float) -> None:
    values = patients(seed)
    converted = values.copy()
    converted[:, 0] = converted[:, 0] * factor + shift
    one, other = (
        impute(v, COLUMNS, np.random.default_rng(1), imputations=1, iterations=1).completed
        for v in (values, converted)
    )
    # No converted value precedes the first column: identical donors.
    assert one[0, :, 0] * factor + shift == pytest.approx(other[0, :, 0], rel=1e-6, abs=1e-6)


def cohort(sets: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return complete (set, n, [therapy, x, y]), and with x missing at random given the others."""
    rng = np.random.default_rng(seed)
    therapy = rng.integers(0, 2, (sets, n)).astype(float)
    x = rng.normal(size=(sets, n))
    y = (rng.random((sets, n)) < special.expit(-1 + 0.8 * therapy + 0.7 * x)).astype(float)
    full = np.stack([therapy, x, y], -1)
    holes = full.copy()
    hidden = rng.random((sets, n)) < special.expit(-2.5 + 1.5 * therapy + 1.5 * y)
    holes[..., 1] = np.where(hidden, np.nan, x)
    return full, holes


THERAPY_X_Y = [Column("therapy"), Column("x"), Column("y")]


@pytest.mark.parametrize("method", ["pmm", "norm"])
def test_the_truth_is_recovered_with_nominal_coverage(method: str) -> None:
    """400 cohorts of 300 patients, 35 % of x missing depending on arm and outcome."""
    truth, sets = np.array([-1, 0.8, 0.7]), 400
    _, holes = cohort(sets, 300, seed=11)
    columns = [THERAPY_X_Y[0], Column("x", method=method), THERAPY_X_Y[2]]
    done = impute(holes, columns, np.random.default_rng(12), imputations=5, iterations=3)
    fit = fit_logistic(_design(done.completed), done.completed[..., 2])
    pooled = pool(fit.coef, np.diagonal(fit.cov, axis1=-2, axis2=-1), df_complete=297, axis=-2)
    # The maximum-likelihood estimate itself is biased by some 2 % in 300 patients: allow for that.
    error = pooled.estimate.mean(0) - truth
    monte_carlo = pooled.estimate.std(0, ddof=1) / np.sqrt(sets)
    assert (np.abs(error) < 3 * monte_carlo + 0.03 * np.abs(truth)).all()
    coverage = ((pooled.conf_low < truth) & (truth < pooled.conf_high)).mean(0)
    assert (np.abs(coverage - 0.95) < 3 * np.sqrt(0.95 * 0.05 / sets)).all()


def test_imputation_without_the_outcome_is_biased() -> None:
    """A negative control: imputing x without y biases its coefficient towards 0."""
    _, holes = cohort(200, 300, seed=13)
    blind = impute(
        holes[..., :2], THERAPY_X_Y[:2], np.random.default_rng(14), imputations=2, iterations=3
    )
    y = holes[:, None, :, 2]
    fit = fit_logistic(_design(blind.completed), y)
    assert fit.coef[..., 2].mean() < 0.7 - 0.1


def _design(completed: np.ndarray) -> np.ndarray:
    return np.stack([np.ones(completed.shape[:-1]), completed[..., 0], completed[..., 1]], -1)
