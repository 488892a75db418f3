"""Meta-analysis against metafor: seven estimators of tau squared on four sets of studies."""

import numpy as np
import pytest

from estimate.comparison.stratified import StratumCounts, mantel_haenszel
from estimate.core.estimand import Estimand
from estimate.meta_analysis.count_models import beta_binomial, binomial_normal
from estimate.meta_analysis.peto import peto_odds_ratio
from estimate.meta_analysis.pooling import pool_effects
from estimate.meta_analysis.small_study_effects import egger_test, leave_one_out
from estimate.meta_analysis.study_effects import effects_from_counts, effects_from_intervals

SCALES = {"OR": "odds ratio", "RR": "risk ratio", "RD": "risk difference"}
SETS = [("bcg", "OR"), ("bcg", "RR"), ("bcg", "RD"), ("empty_cells", "OR"), ("printed", None)]
CLOSE = {"rel": 1e-6, "abs": 1e-9}


@pytest.fixture(scope="module")
def oracle(r_output):
    return r_output("g17_meta_analysis")


def arms(stored):
    return [np.array([row[name] for row in stored["counts"]]) for name in ("x1", "n1", "x2", "n2")]


def studies_and_values(oracle, name, scale):
    stored = oracle[name]
    if scale is None:
        columns = [[row[key] for row in stored["intervals"]] for key in ("estimate", "low", "high")]
        return effects_from_intervals(*columns), stored
    return effects_from_counts(*arms(stored), SCALES[scale]), stored[scale]


@pytest.mark.parametrize("method", ["EE", "DL", "HE", "SJ", "PM", "ML", "REML"])
@pytest.mark.parametrize(("name", "scale"), SETS)
def test_pooled_effects_equal_metafor(oracle, name, scale, method):
    studies, values = studies_and_values(oracle, name, scale)
    ours, theirs = pool_effects(studies, method), values[method]
    assert ours.tau2 == pytest.approx(theirs["tau2"], **CLOSE)
    found = [ours.coefficient[0], ours.std_error[0], ours.conf_low[0], ours.conf_high[0]]
    assert found == pytest.approx([theirs[k] for k in ("effect", "se", "low", "high")], **CLOSE)
    assert ours.p_value[0] == pytest.approx(theirs["p"], rel=1e-5)
    measures = [ours.i2_percent, ours.q, ours.q_p_value]
    assert measures == pytest.approx([theirs[k] for k in ("i2", "q", "q_p")], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("name", "scale"), SETS)
def test_intervals_and_sensitivity_equal_metafor(oracle, name, scale):
    studies, values = studies_and_values(oracle, name, scale)
    reml, knha = pool_effects(studies), pool_effects(studies, test="knapp-hartung")
    assert knha.std_error[0] == pytest.approx(values["knapp_hartung"]["se"], **CLOSE)
    assert knha.p_value[0] == pytest.approx(values["knapp_hartung"]["p"], rel=1e-5)
    assert reml.prediction() == pytest.approx(values["prediction"], **CLOSE)
    assert knha.prediction() == pytest.approx(values["prediction_knapp_hartung"], **CLOSE)
    profile = [reml.tau2_low, reml.tau2_high]
    assert profile == pytest.approx(values["tau2_profile"], rel=1e-6, abs=1e-8)
    others = [fit.coefficient[0] for fit in leave_one_out(studies)]
    assert others == pytest.approx(values["leave_one_out"], **CLOSE)
    egger = egger_test(studies)
    assert egger.statistic == pytest.approx(values["egger"]["z"], rel=1e-5, abs=1e-8)
    assert egger.p_value == pytest.approx(values["egger"]["p"], rel=1e-5)


def test_a_moderator_equals_metafor(oracle):
    studies, _ = studies_and_values(oracle, "bcg", "OR")
    stored = oracle["bcg"]["moderator"]
    latitude = [row["latitude"] for row in oracle["bcg"]["counts"]]
    fit = pool_effects(studies, moderators=latitude, names=["latitude"])
    assert list(fit.coefficient) == pytest.approx(stored["effect"], **CLOSE)
    assert list(fit.std_error) == pytest.approx(stored["se"], **CLOSE)
    found = [fit.tau2, fit.r2_percent, fit.qm, fit.qm_p_value]
    assert found == pytest.approx([stored[k] for k in ("tau2", "r2", "qm", "qm_p")], rel=1e-6)
    assert fit.prediction([33]) == pytest.approx(stored["at_33"], **CLOSE)
    knha = pool_effects(studies, "REML", "knapp-hartung", latitude, ["latitude"])
    assert [knha.qm, knha.qm_p_value] == pytest.approx([stored["f"], stored["f_p"]], rel=1e-6)


@pytest.mark.parametrize("name", ["bcg", "empty_cells"])
def test_mantel_haenszel_equals_metafor(oracle, name):
    counts = StratumCounts.of(*arms(oracle[name]))
    _, risk, odds = mantel_haenszel(counts, Estimand("patients", "1 vs 0", "events", ""))
    for ours, key in ((odds, "mantel_haenszel_OR"), (risk, "mantel_haenszel_RR")):
        stored = oracle[name][key]
        assert np.log(ours.estimate) == pytest.approx(stored["effect"], **CLOSE)
        assert ours.std_error == pytest.approx(stored["se"], **CLOSE)
        assert ours.p_value == pytest.approx(stored["p"], rel=1e-5)


@pytest.mark.parametrize("name", ["bcg", "empty_cells"])
def test_peto_equals_metafor(oracle, name):
    ours, stored = peto_odds_ratio(*arms(oracle[name])), oracle[name]["peto"]
    found = [ours.effect, ours.std_error, ours.p_value]
    assert found == pytest.approx([stored[k] for k in ("effect", "se", "p")], rel=1e-6)


@pytest.mark.parametrize("name", ["bcg", "empty_cells"])
def test_models_of_counts_equal_metafor(oracle, name):
    # The quadrature and the optimiser of metafor agree with ours to five digits.
    stored = oracle[name].get("binomial_normal") or oracle["bcg_binomial_normal"]
    fit = binomial_normal(*arms(oracle[name]))
    found = [fit.pooled.effect, fit.pooled.std_error, fit.tau2]
    assert found == pytest.approx([stored[k] for k in ("effect", "se", "tau2")], rel=1e-4, abs=1e-6)


def test_the_beta_binomial_model_equals_its_formula_in_r(oracle):
    stored, fit = oracle["bcg_beta_binomial"], beta_binomial(*arms(oracle["bcg"]))
    assert fit.pooled.effect == pytest.approx(stored["log_odds_ratio"], rel=1e-5)
    assert fit.pooled.std_error == pytest.approx(stored["se"], rel=1e-3)
    assert fit.correlation == pytest.approx(stored["correlation"], rel=1e-5)
    assert fit.log_likelihood == pytest.approx(stored["log_likelihood"], rel=1e-9)
