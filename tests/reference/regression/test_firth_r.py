"""Firth's regression against R's logistf (penalised profile limits and p-values)."""

import numpy as np
import pytest

from estimate.core.complete_cases import analysis_set
from estimate.regression.adjustment import adjusted
from estimate.regression.firth import firth, fit_firth, penalised_profile, penalised_test


def test_azfc_patients(cohort, r_output) -> None:
    r = r_output("g03_logistic")["firth_azfc"]
    azfc = cohort.keep(cohort.covariates["diagnosis"] == 3, "not AZFc")
    assert azfc.n == r["n"]
    X = np.stack([azfc.include, azfc.treatment, azfc.covariates["age_years"]], -1).astype(float)
    fit = fit_firth(X, azfc.outcome, azfc.weights)
    assert fit.converged
    assert fit.coef == pytest.approx(np.array(r["coef"]), rel=1e-6)
    assert np.sqrt(np.diag(fit.cov)) == pytest.approx(np.array(r["se"]), rel=1e-6)
    for column in range(3):
        limits = penalised_profile(X, azfc.outcome, fit, column, azfc.weights)
        assert [float(v) for v in limits] == pytest.approx(r["ci_pl"][column], abs=1e-4)
        _, p = penalised_test(X, azfc.outcome, fit, column, azfc.weights)
        assert p == pytest.approx(r["p"][column], abs=1e-6)
    ours = firth(azfc, ["age_years"])
    assert np.log(ours.estimate) == pytest.approx(r["coef"][1], rel=1e-6)
    plain = adjusted(azfc, ["age_years"])
    assert np.log(plain.estimate) == pytest.approx(r["ml"]["coef"][1], rel=1e-6)
    assert plain.std_error == pytest.approx(r["ml"]["se"][1], rel=1e-6)


def test_quasi_complete_separation(r_output) -> None:
    r = r_output("g03_logistic")["firth_separation"]
    x, y = (np.array([row[k] for row in r["data"]]) for k in "xy")
    data = analysis_set({"x": x, "y": y}, treatment="x", outcome="y")
    assert not adjusted(data).converged
    ours = firth(data)
    assert ours.converged
    assert np.log(ours.estimate) == pytest.approx(r["coef"][1], rel=1e-6)
    assert np.log([ours.conf_low, ours.conf_high]) == pytest.approx(np.array(r["ci"][1]), abs=1e-4)
    assert ours.p_value == pytest.approx(r["p"][1], rel=1e-5)
    X = np.stack([np.ones(len(x)), x], -1)
    fit = fit_firth(X, y)
    limits = penalised_profile(X, y, fit, 0)
    assert [float(v) for v in limits] == pytest.approx(r["ci"][0], abs=1e-4)
    assert penalised_test(X, y, fit, 0)[1] == pytest.approx(r["p"][0], rel=1e-5)
