"""Logistic models, profile intervals and robust errors equal R's glm, MASS and sandwich (g03)."""

import numpy as np
import pytest

from estimate.causal.propensity import propensity
from estimate.comparison.contingency import unadjusted
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Z95
from estimate.regression.adjustment import adjusted
from estimate.regression.coefficient_limits import likelihood_ratio, profile_interval
from estimate.regression.logistic import fit_logistic
from estimate.regression.poisson import fit_poisson, modified_poisson
from estimate.regression.sandwich import sandwich

MODEL_1 = ["age_years"]
MODEL_2 = [*MODEL_1, "infertility_duration_years", "bmi_kg_m2", "diagnosis"]
MODEL_3 = [
    *MODEL_2,
    "lh_iu_l",
    "fsh_iu_l",
    "testosterone_nmol_l",
    "estradiol_pmol_l",
    "prolactin_ng_ml",
]
MODELS = {"unadjusted": [], "model1": MODEL_1, "model2": MODEL_2, "model3": MODEL_3}


@pytest.fixture(params=["full_data", "complete_case"])
def patients_and_r(request, cohort, complete_cases, r_output):
    patients = cohort if request.param == "full_data" else complete_cases
    return patients, r_output("g03_logistic")[request.param]


@pytest.mark.parametrize("model", MODELS)
def test_coefficients_errors_and_likelihood(patients_and_r, model):
    patients, r = patients_and_r
    X = design_matrix(patients, MODELS[model]).X
    fit = fit_logistic(X, patients.outcome, patients.weights)
    assert patients.n == r[model]["n"]
    assert fit.coef == pytest.approx(r[model]["coef"], rel=1e-6)
    assert np.sqrt(np.diag(fit.cov)) == pytest.approx(r[model]["se"], rel=1e-6)
    assert fit.loglik == pytest.approx(r[model]["loglik"], rel=1e-9)
    assert -2 * fit.loglik == pytest.approx(r[model]["deviance"], rel=1e-9)
    p = X.shape[-1]
    assert 2 * p - 2 * fit.loglik == pytest.approx(r[model]["aic"], rel=1e-9)
    assert np.log(patients.n) * p - 2 * fit.loglik == pytest.approx(r[model]["bic"], rel=1e-9)
    error = np.sqrt(np.diag(fit.cov))
    limits = fit.coef[:, None] + np.outer(error, [-Z95, Z95])
    assert limits == pytest.approx(np.array(r[model]["wald_ci"]), rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("correction", ["HC0", "HC1", "HC3"])
def test_robust_errors(patients_and_r, model, correction):
    patients, r = patients_and_r
    X = design_matrix(patients, MODELS[model]).X
    fit = fit_logistic(X, patients.outcome, patients.weights)
    cov = sandwich(X, patients.outcome, fit, patients.weights, correction=correction)
    assert np.sqrt(np.diag(cov)) == pytest.approx(r[model][f"se_{correction}"], rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_profile_intervals_of_every_coefficient(patients_and_r, model):
    """MASS interpolates its limits with a spline through a few points of the profile.

    We solve for the limits. MASS is therefore slightly inaccurate, more so for wide intervals:
    1e-4 on intervals up to 1 long, and in proportion beyond. The next test shows that our limits
    are the roots.
    """
    patients, r = patients_and_r
    X = design_matrix(patients, MODELS[model]).X
    fit = fit_logistic(X, patients.outcome, patients.weights)
    for column, limits in enumerate(r[model]["profile_ci"]):
        ours = profile_interval(X, patients.outcome, fit, column, patients.weights)
        assert np.array(ours) == pytest.approx(limits, abs=1e-4 * max(1, np.ptp(limits)))


@pytest.mark.parametrize("model", MODELS)
def test_profile_limits_are_roots_of_the_likelihood_ratio(patients_and_r, model):
    patients, _ = patients_and_r
    X = design_matrix(patients, MODELS[model]).X
    fit = fit_logistic(X, patients.outcome, patients.weights)
    for limit in profile_interval(X, patients.outcome, fit, 1, patients.weights):
        held = fit_logistic(
            np.delete(X, 1, axis=-1), patients.outcome, patients.weights, limit * patients.treatment
        )
        assert 2 * (fit.loglik - held.loglik) == pytest.approx(3.841458820694124, abs=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_likelihood_ratio_of_treatment(patients_and_r, model):
    patients, r = patients_and_r
    X = design_matrix(patients, MODELS[model]).X
    fit = fit_logistic(X, patients.outcome, patients.weights)
    statistic, p_value = likelihood_ratio(X, patients.outcome, fit, 1, patients.weights)
    assert statistic == pytest.approx(r[model]["lrt_therapy"], rel=1e-8)
    assert p_value == pytest.approx(r[model]["lrt_therapy_p"], rel=1e-7)


@pytest.mark.parametrize("model", list(MODELS)[1:])
def test_the_estimate_reports_profile_interval_and_likelihood_ratio(patients_and_r, model):
    patients, r = patients_and_r
    answer = adjusted(patients, MODELS[model], method=model)
    assert answer.estimate == pytest.approx(np.exp(r[model]["coef"][1]), rel=1e-6)
    assert answer.p_value == pytest.approx(r[model]["lrt_therapy_p"], rel=1e-6)
    limits = np.exp(r[model]["profile_ci"][1])
    assert [answer.conf_low, answer.conf_high] == pytest.approx(limits, rel=1e-4)
    assert (answer.interval, answer.test) == ("profile likelihood", "likelihood ratio")


def test_the_unadjusted_odds_ratio_is_the_model_without_covariates(patients_and_r):
    patients, r = patients_and_r
    answer = unadjusted(patients)[2]
    assert answer.estimate == pytest.approx(np.exp(r["unadjusted"]["coef"][1]), rel=1e-6)
    assert answer.p_value == pytest.approx(r["unadjusted"]["lrt_therapy_p"], rel=1e-6)


def test_propensity_score_as_covariate(cohort, r_output):
    r = r_output("g03_logistic")["ps_covariate"]
    score = propensity(cohort).score
    for ours, theirs in [([], "y_therapy_ps"), (None, "full_plus_ps")]:
        answer = adjusted(cohort, ours, score=score)
        assert np.log(answer.estimate) == pytest.approx(r[theirs]["coef"][1], rel=1e-6)
        assert answer.std_error == pytest.approx(r[theirs]["se"][1], rel=1e-6)
        assert answer.p_value == pytest.approx(r[theirs]["lrt_therapy_p"], rel=1e-6)


def test_modified_poisson(cohort, r_output):
    r = r_output("g03_logistic")["modified_poisson_model2"]
    design = design_matrix(cohort, MODEL_2)
    fit = fit_poisson(design.X, cohort.outcome)
    assert fit.coef == pytest.approx(r["coef"], rel=1e-6)
    assert np.sqrt(np.diag(fit.robust)) == pytest.approx(r["se_HC0"], rel=1e-6)
    answer = modified_poisson(cohort, MODEL_2)
    assert np.log(answer.estimate) == pytest.approx(r["coef"][1], rel=1e-6)
    assert answer.std_error == pytest.approx(r["se_HC0"][1], rel=1e-6)


def test_the_score_is_a_function_of_its_covariates(cohort, r_output):
    """A linear model explains all of its logit; its condition number is extreme."""
    r = r_output("g03_logistic")["ps_covariate"]["collinearity"]
    fitted = propensity(cohort)
    X = fitted.design.X
    for name, y in (("ps", fitted.score), ("logit_ps", np.log(fitted.score / (1 - fitted.score)))):
        residual = y - X @ np.linalg.lstsq(X, y)[0]
        assert 1 - residual.var() / y.var() == pytest.approx(
            r[f"R2_{name}_on_covariates"], rel=1e-6
        )
    therapy = cohort.treatment
    for name, columns in (("without", X), ("with", np.column_stack([X, fitted.score]))):
        residual = therapy - columns @ np.linalg.lstsq(columns, therapy)[0]
        assert therapy.var() / residual.var() == pytest.approx(
            r[f"vif_therapy_{name}_ps"], rel=1e-6
        )


def test_a_batch_of_studies_is_r_single_fits(patients_and_r):
    """A batch of fits equals R's single fit."""
    patients, r = patients_and_r
    X = design_matrix(patients, MODEL_3).X
    fit = fit_logistic(np.stack([X] * 3), patients.outcome, patients.weights)
    assert fit.coef == pytest.approx(np.array([r["model3"]["coef"]] * 3), rel=1e-6)
