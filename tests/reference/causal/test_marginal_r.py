"""Standardisation, AIPW and TMLE equal R's glm and WeightIt (g15)."""

import numpy as np
import pytest

from estimate.causal.marginal import aipw, g_computation, outcome_model, tmle
from estimate.causal.propensity import common_support, propensity, trim
from estimate.causal.weighting import iptw, weights

CASES = {
    "gcomp_main": {},
    "gcomp_main_ATT": {"target": "att"},
    "gcomp_main_ATC": {"target": "atc"},
    "gcomp_interactions": {"interactions": ["infertility_duration_years", "diagnosis"]},
}
ERRORS = {"delta": "se_delta", "robust": "se_delta_HC0", "M-estimation": "se_M"}


@pytest.fixture(scope="module")
def g15(r_output):
    return r_output("g15_marginal")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("errors", ERRORS)
def test_standardisation(cohort, g15, case, errors):
    r = g15[case]
    difference, ratio, odds = g_computation(cohort, errors=errors, **CASES[case])
    assert difference.estimate == pytest.approx(r["RD"], rel=1e-6)
    assert np.log(ratio.estimate) == pytest.approx(r["logRR"], rel=1e-6)
    assert np.log(odds.estimate) == pytest.approx(r["logOR"], rel=1e-6)
    se = r[ERRORS[errors]]
    for answer, name in ((difference, "RD"), (ratio, "logRR"), (odds, "logOR")):
        assert answer.std_error == pytest.approx(se[name], rel=1e-6)


def test_the_marginal_odds_ratio_is_nearer_to_one_than_the_conditional(cohort, g15):
    model = outcome_model(cohort)
    marginal = g_computation(cohort)[2].estimate
    assert np.exp(model.fit.coef[1]) == pytest.approx(g15["noncollapsibility"]["conditional_OR"])
    assert marginal == pytest.approx(g15["noncollapsibility"]["standardised_marginal_OR"])


@pytest.mark.parametrize(("method", "name"), [(aipw, "aipw"), (tmle, "tmle")])
def test_doubly_robust(cohort, g15, method, name):
    r = g15[name]
    difference, ratio, odds = method(cohort, propensity(cohort))
    assert difference.estimate == pytest.approx(r["RD"], rel=1e-6)
    assert np.log(ratio.estimate) == pytest.approx(r["logRR"], rel=1e-6)
    assert np.log(odds.estimate) == pytest.approx(r["logOR"], rel=1e-6)
    for answer, key in ((difference, "RD"), (ratio, "logRR"), (odds, "logOR")):
        assert answer.std_error == pytest.approx(r[f"{key}_se"], rel=1e-6)


def test_trimming_and_common_support(cohort, g15):
    r = g15["crump"]
    score = propensity(cohort)
    assert common_support(cohort, score) == pytest.approx(r["support"], rel=1e-8)
    kept = trim(cohort, score)
    assert kept.n == r["kept"]
    again = propensity(kept)
    answer = iptw(kept, again, weights(kept, again), errors="HC0")[2]
    assert np.log(answer.estimate) == pytest.approx(r["refit_logOR"], rel=1e-6)
    assert answer.std_error == pytest.approx(r["HC0"], rel=1e-6)
