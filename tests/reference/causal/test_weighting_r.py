"""Propensity scores and weighted effects equal R's glm, WeightIt, survey and pROC (g04)."""

import numpy as np
import pytest

from estimate.causal.propensity import c_statistic, propensity
from estimate.causal.weighting import iptw, iptw_adjusted, weighted_risks, weights

WAYS = {
    "ate": {"target": "ate"},
    "ate_stab": {"target": "ate", "stabilised": True},
    "att": {"target": "att"},
    "atc": {"target": "atc"},
    "ato": {"target": "ato"},
    "atm": {"target": "atm"},
    "ate_stab_trunc1_99": {"target": "ate", "stabilised": True, "truncate": (0.01, 0.99)},
}
ERRORS = {"naive": "naive_glm", "HC0": "HC0", "HC1": "HC1", "HC3": "HC3", "survey": "svyglm"}


@pytest.fixture(scope="module")
def score(cohort):
    return propensity(cohort)


@pytest.fixture(scope="module")
def g04(r_output):
    return r_output("g04_iptw")


def test_propensity_model(score, g04, r_weights):
    assert score.fit.coef == pytest.approx(g04["ps_model"]["coef"], rel=1e-6)
    assert np.sqrt(np.diag(score.fit.cov)) == pytest.approx(g04["ps_model"]["se"], rel=1e-6)
    assert score.score == pytest.approx(r_weights["ps"].to_numpy(), rel=1e-8)


def test_c_statistic_with_delong_interval(cohort, score, g04):
    answer = c_statistic(score.score, cohort.treatment)
    low, c, high = g04["ps_model"]["delong_ci"]
    ours = [float(x) for x in (answer.conf_low, answer.c_statistic, answer.conf_high)]
    assert ours == pytest.approx([low, c, high], rel=1e-10)


@pytest.mark.parametrize("way", WAYS)
def test_weights_and_effective_sizes(cohort, score, g04, r_weights, way):
    w = weights(cohort, score, **WAYS[way])
    assert w.value == pytest.approx(r_weights[way].to_numpy(), rel=1e-7)
    sizes = w.effective_size(cohort)
    assert sizes == pytest.approx([g04["weights"][way][k] for k in ("ess1", "ess0")], rel=1e-7)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("errors", ERRORS)
def test_marginal_odds_ratio(cohort, score, g04, way, errors):
    r = g04["msm_unadjusted"][way]
    answer = iptw(cohort, score, weights(cohort, score, **WAYS[way]), errors=errors)[2]
    assert np.log(answer.estimate) == pytest.approx(r["coef_therapy"], rel=1e-6)
    assert answer.std_error == pytest.approx(r[f"se_{ERRORS[errors]}"], rel=1e-6)


def test_survey_errors_use_students_t(cohort, score, g04):
    r = g04["msm_unadjusted"]["ate"]
    answer = iptw(cohort, score, weights(cohort, score), errors="survey")[2]
    assert answer.p_value == pytest.approx(r["svy_p"], rel=1e-6)
    assert np.log([answer.conf_low, answer.conf_high]) == pytest.approx(r["svy_ci"], rel=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_weighted_risks(cohort, score, g04, way):
    risks = weighted_risks(cohort, score, weights(cohort, score, **WAYS[way]))
    r = g04["weighted_risks"][way]
    assert [risks.treated, risks.untreated] == pytest.approx([r["p1"], r["p0"]], rel=1e-7)


@pytest.mark.parametrize("target", ["ate", "att", "ato"])
def test_errors_that_account_for_the_estimated_score(cohort, score, g04, target):
    r = g04["m_estimation"][target.upper()]
    difference, relative, odds = iptw(cohort, score, weights(cohort, score, target))
    assert odds.std_error == pytest.approx(r["se_asympt"], rel=1e-6)
    assert difference.estimate == pytest.approx(r["RD"], rel=1e-6)
    assert difference.std_error == pytest.approx(r["RD_se_asympt"], rel=1e-6)
    assert np.log(relative.estimate) == pytest.approx(r["logRR"], rel=1e-6)
    assert relative.std_error == pytest.approx(r["logRR_se_asympt"], rel=1e-6)


@pytest.mark.parametrize("way", ["ate", "ate_stab", "att", "ato"])
@pytest.mark.parametrize("errors", ERRORS)
def test_weighted_regression_with_covariates(cohort, score, g04, way, errors):
    r = g04["msm_plus_covariates_paper_style"][way]
    w = weights(cohort, score, **WAYS[way])
    answer = iptw_adjusted(cohort, score, w, errors=errors)
    assert np.log(answer.estimate) == pytest.approx(r["coef_therapy"], rel=1e-6)
    assert answer.std_error == pytest.approx(r[f"se_{ERRORS[errors]}"], rel=1e-6)
    if errors == "survey":
        assert answer.p_value == pytest.approx(r["svy_p"], rel=1e-6)


@pytest.mark.parametrize("stabilised", [True, False])
def test_the_published_analysis(cohort, score, g04, stabilised):
    r = g04[f"paper_style_{'' if stabilised else 'un'}stabilised_naive"]
    w = weights(cohort, score, stabilised=stabilised)
    answer = iptw_adjusted(cohort, score, w)
    assert answer.estimate == pytest.approx(r["OR"], rel=1e-6)
    assert answer.p_value == pytest.approx(r["p_lrt"], rel=1e-6)
    limits = np.log([answer.conf_low, answer.conf_high])
    assert limits == pytest.approx(np.log(r["profile_ci"]), abs=1e-4)


def test_m_estimation_of_the_adjusted_model_agrees_with_its_marginal_counterpart(cohort, score):
    for target in ("ate", "att", "ato"):
        w = weights(cohort, score, target)
        marginal = iptw(cohort, score, w)[2]
        regression = iptw_adjusted(cohort, score, w, [], errors="M-estimation")
        assert regression.std_error == pytest.approx(marginal.std_error, rel=1e-8)
        scaled = weights(cohort, score, target, stabilised=True)
        stabilised = iptw_adjusted(cohort, score, scaled, [], errors="M-estimation")
        assert stabilised.std_error == pytest.approx(marginal.std_error, rel=1e-8)
