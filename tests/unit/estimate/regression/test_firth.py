"""Firth's regression: hand calculations."""

import numpy as np
import pytest
from firthmodels import FirthLogisticRegression
from scipy import optimize, stats

from estimate.core.analysis_set import AnalysisSet
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.regression.firth import firth, fit_firth, penalised_profile, penalised_test


def table(a: int, b: int, c: int, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return design, outcome and counts (treated: event, none; untreated: event, none)."""
    return (
        np.array([[1.0, 1], [1, 1], [1, 0], [1, 0]]),
        np.array([1.0, 0, 1, 0]),
        np.array([a, b, c, d], float),
    )


@pytest.mark.parametrize("cells", [(5, 0, 0, 5), (3, 7, 0, 10), (4, 6, 2, 8)])
def test_a_table_gains_half_a_patient_in_each_cell(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = (v + 0.5 for v in cells)
    fit = fit_firth(*table(*cells))
    assert fit.converged
    assert fit.coef[1] == pytest.approx(np.log(a * d / (b * c)), rel=1e-8)
    assert fit.cov[1, 1] == pytest.approx(1 / a + 1 / b + 1 / c + 1 / d, rel=1e-6)


def test_the_limits_invert_the_penalised_likelihood_ratio_test() -> None:
    X, y, w = table(3, 7, 0, 10)
    fit = fit_firth(X, y, w)

    def profile(b: float) -> float:
        """Maximise the penalised log likelihood over the intercept with another optimiser."""

        def minus(a: float) -> float:
            p = 1 / (1 + np.exp(-(X @ [a, b])))
            information = (X * (w * p * (1 - p))[:, None]).T @ X
            plain = (w * (y * np.log(p) + (1 - y) * np.log(1 - p))).sum()
            return -(plain + np.linalg.slogdet(information)[1] / 2)

        found = optimize.minimize_scalar(
            minus, bounds=(-12, 5), method="bounded", options={"xatol": 1e-10}
        )
        return float(-found.fun)

    for limit in penalised_profile(X, y, fit, 1, w):
        assert 2 * (fit.loglik - profile(float(limit))) == pytest.approx(3.8414588, abs=1e-5)
    ratio, p = penalised_test(X, y, fit, 1, w)
    assert ratio == pytest.approx(2 * (fit.loglik - profile(0.0)), abs=1e-6)
    assert p == pytest.approx(stats.chi2.sf(ratio, 1))


def test_it_agrees_with_another_program() -> None:
    rng = np.random.default_rng(1)
    X = np.c_[np.ones(60), rng.normal(size=(60, 2))]
    y = (rng.random(60) < 1 / (1 + np.exp(1 - X[:, 1]))).astype(float)
    # Disable step halving: near the maximum the reference package halves steps because of rounding
    # in the last bit of the likelihood and stops. Sums of 60 scores are exact to 1e-13, so every
    # processor reaches 1e-8.
    settings = {"gtol": 1e-8, "xtol": 1e-8, "max_halfstep": 0, "backend": "numpy"}
    peer = FirthLogisticRegression(**settings).fit(X[:, 1:], y)
    ours = fit_firth(X, y)
    assert ours.coef[1:] == pytest.approx(peer.coef_, rel=1e-6)
    assert ours.loglik == pytest.approx(peer.loglik_, rel=1e-8)
    limits = peer.conf_int(method="pl")
    for column in (1, 2):
        low, high = penalised_profile(X, y, ours, column)
        assert [low, high] == pytest.approx(limits[column - 1], abs=1e-4)


def small(seed: int, sets: int = 5) -> AnalysisSet:
    rng = np.random.default_rng(seed)
    shape = (sets, 24)
    patients = {
        "therapy": rng.integers(0, 2, shape),
        "y": rng.integers(0, 2, shape),
        "age_years": rng.normal(31, 4, shape).round(),
    }
    return analysis_set(
        patients,
        treatment="therapy",
        outcome="y",
        covariates={"age_years": Numeric()},
        include=rng.random(shape) < 0.9,
    )


def test_a_batch_equals_single_studies() -> None:
    data = small(2)
    batch = firth(data)
    for i in range(5):
        alone = firth(data[i])
        for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
            assert getattr(batch, name)[i] == pytest.approx(getattr(alone, name), rel=1e-6), name
        assert batch.n[i] == alone.n


def test_a_collinear_design_is_a_failed_fit() -> None:
    X, y, w = table(3, 7, 1, 9)
    fit = fit_firth(np.c_[X, X[:, 1]], y, w)
    assert not fit.converged
    assert np.isnan(fit.coef).all()
    low, high = penalised_profile(np.c_[X, X[:, 1]], y, fit, 1, w)
    assert np.isnan([low, high]).all()


def test_the_answer_names_its_method() -> None:
    answer = firth(small(3), ["age_years"])
    assert answer.method == "firth"
    assert answer.interval == "penalised profile likelihood"
    assert answer.test == "penalised likelihood ratio"
    assert "age_years" in str(answer.estimand)
