"""Tests and intervals for two arms against rpact, gsDesign, base R, beeca and papers.

Constants without another source come from `r/inline_constants.R`, stored values from
`r/trial_oracles.R`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import chdtrc, expit
from scipy.stats import fisher_exact
from scipy.stats.contingency import odds_ratio

from estimate.causal.marginal import g_computation
from estimate.causal.randomised_g_computation import g_computation_by_arm, randomised
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.proportion import clopper_pearson_interval, wilson_interval
from estimate.comparison.risk_difference import (
    compare_arms,
    newcombe_interval,
    score_interval,
    score_z,
)
from estimate.comparison.stratified import (
    StratumCounts,
    cochran_mantel_haenszel,
    count_strata,
    mantel_haenszel,
)
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.estimand import Estimand
from estimate.regression.logistic import fit_logistic
from estimate.sample_size.exact_fixed import fisher_test

ORACLES = {
    oracle["id"]: oracle
    for oracle in json.loads((Path(__file__).parents[1] / "trial_oracles.json").read_text())
}
QUESTION = Estimand("randomised patients", "therapy 1 vs 0", "sperm_in_ejaculate", "")
COUNTS = (55, 100, 40, 100)


def oracle(name):
    return ORACLES[name]["outputs"], ORACLES[name]["tol"]


def test_o33_score_statistics():
    expected, tol = oracle("O33")  # rpact and gsDesign
    z = [score_z(*COUNTS, null=null) for null in (0.0, -0.10, 0.05)]
    assert z == pytest.approx([expected["d0_0"], expected["d0_m10"], expected["d0_05"]], abs=tol)


def test_o34_intervals_of_one_table():
    expected, tol = oracle("O34")  # gsDesign and base R
    manning = "Farrington-Manning"
    assert score_interval(*COUNTS, variance=manning) == pytest.approx(expected["fm_rd"], abs=tol)
    assert score_interval(*COUNTS) == pytest.approx(expected["mn_rd"], abs=tol)
    ratio = score_interval(*COUNTS, measure="risk ratio", variance=manning)
    assert ratio == pytest.approx(expected["fm_rr"], abs=tol)
    odds = score_interval(*COUNTS, measure="odds ratio", variance=manning)
    assert odds == pytest.approx(expected["fm_or"], abs=tol)
    # rpact's root finder, more accurate than gsDesign's
    rpact = (0.0115934, 0.2827792)
    assert score_interval(*COUNTS, variance=manning) == pytest.approx(rpact, abs=1e-6)


def test_o34_tests_of_one_table():
    expected, tol = oracle("O34")  # base R
    chi2 = score_z(*COUNTS) ** 2
    assert chi2 == pytest.approx(4.511278, abs=1e-6)
    assert chdtrc(1, chi2) == pytest.approx(0.033672, abs=1e-6)
    answer = compare_arms(*COUNTS, QUESTION)
    wald = answer.estimate + np.array([-1, 1]) * 1.959964 * answer.std_error
    assert wald == pytest.approx([0.013153, 0.286847], abs=1e-6)
    table = [[55, 45], [40, 60]]
    # Fisher's test is implemented as a table of rejections: p lies between these levels.
    assert fisher_exact(table).pvalue == pytest.approx(expected["fisher_p"], abs=tol)
    assert fisher_test(0.04717, 2)(100, 100)[55, 40]
    assert not fisher_test(0.04716, 2)(100, 100)[55, 40]
    fisher = fisher_2x2(table)
    assert fisher.p_value == pytest.approx(0.047165, abs=1e-6)
    # The conditional estimate, not ad/bc = 1.8333; R's root finder has an error of about 1e-4.
    assert fisher.odds_ratio == pytest.approx(1.827724, abs=1e-4)
    assert (fisher.conf_low, fisher.conf_high) == pytest.approx((1.007029, 3.342255), abs=1e-4)
    scipy = odds_ratio(table)
    found = fisher.odds_ratio, fisher.conf_low, fisher.conf_high
    assert found == pytest.approx((scipy.statistic, *scipy.confidence_interval()), rel=1e-8)


def test_o35_miettinen_and_nurminen_1985():
    expected, tol = oracle("O35")  # their examples, via gsDesign
    assert score_interval(0, 10, 0, 20) == pytest.approx(expected["ex4"], abs=tol)
    ratio = score_interval(10, 10, 20, 20, measure="risk ratio")
    assert ratio == pytest.approx(expected["ex6_rr"], abs=tol)
    assert score_interval(72, 756, 20, 573) == pytest.approx(expected["big"], abs=tol)


def test_o36_one_proportion():
    assert clopper_pearson_interval(12, 40) == pytest.approx((0.165627, 0.465316), abs=1e-6)
    assert wilson_interval(12, 40) == pytest.approx((0.180748, 0.454300), abs=1e-6)  # base R


def test_o36_cochran_mantel_haenszel():
    events, failures = [20, 30, 12], [10, 20, 18]
    controls, others = [15, 20, 8], [25, 30, 22]
    counts = StratumCounts.of(events, np.add(events, failures), controls, np.add(controls, others))
    assert cochran_mantel_haenszel(counts)[0] == pytest.approx(10.248536, abs=1e-6)  # base R
    odds = mantel_haenszel(counts, QUESTION)[2]
    assert odds.estimate == pytest.approx(2.404682, abs=1e-6)
    assert (odds.conf_low, odds.conf_high) == pytest.approx((1.402280, 4.123641), abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "limits"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((10, 10, 0, 10), (0.6075, 1.0000)),
    ],
)
def test_newcombe_1998_table_2(counts, limits):
    assert newcombe_interval(*counts) == pytest.approx(limits, abs=5e-5)  # his method 10


def deterministic_trial():
    """Return the 240 patients of O40: outcome, arm, site and covariate from fixed formulas."""
    i = np.arange(240)
    arm, site, x = i % 2, (i // 2) % 4, ((37 * i) % 101) / 50 - 1
    threshold = ((61 * i + 13) % 97) / 97
    y = threshold < expit(-0.6 + 0.7 * arm + 0.9 * x + 0.25 * (site - 1.5))
    return y.astype(float), arm, site, x


def trial_data():
    y, arm, site, x = deterministic_trial()
    return analysis_set(
        {"y": y, "therapy": arm, "site": site, "x": x},
        treatment="therapy",
        outcome="y",
        covariates={"x": Numeric(), "site": Categorical(("0", "1", "2", "3"))},
    )


def test_o40_standardisation_with_both_variances():
    expected, tol = oracle("O40")  # beeca 0.2.0, sandwich, base R
    y, arm, _, x = deterministic_trial()
    assert [y[arm == a].sum() for a in (0, 1)] == expected["events"]
    columns = np.column_stack([np.ones(240), arm, x])
    assert fit_logistic(columns, y).coef == pytest.approx(expected["coef"], abs=tol)
    difference, ratio, odds = g_computation_by_arm(y, arm, x[:, None]).compare(
        QUESTION, "trial", "Wald, Ye"
    )
    assert difference.estimate == pytest.approx(expected["rd"], abs=tol)
    assert difference.std_error == pytest.approx(expected["se_ye"], abs=tol)
    assert ratio.estimate == pytest.approx(expected["rr"], abs=tol)
    assert ratio.std_error * ratio.estimate == pytest.approx(0.202502581, abs=tol)
    assert odds.estimate == pytest.approx(expected["or_"], abs=tol)
    ge = g_computation(trial_data(), ["x"], errors="robust")[0]
    assert ge.std_error == pytest.approx(expected["se_ge_hc0"], abs=tol)
    model = g_computation(trial_data(), ["x"], errors="delta")[0]
    assert model.std_error == pytest.approx(expected["se_ge_model"], abs=tol)


def test_o40_with_sites_as_strata():
    expected, tol = oracle("O40")  # beeca 0.2.0
    y, arm, site, x = deterministic_trial()
    covariates = np.column_stack([x, *(site == k for k in (1, 2, 3))]).astype(float)
    risks = g_computation_by_arm(y, arm, covariates, stratum=site)
    ways = (
        risks.compare(QUESTION, "trial", "Wald, Ye")[0],
        randomised(trial_data(), strata=["site"])[0],
    )
    for difference in ways:
        assert difference.estimate == pytest.approx(expected["rd_site"], abs=tol)
        assert difference.std_error == pytest.approx(expected["se_ye_site_strata"], abs=tol)


def test_o40_classical_tests():
    expected, _ = oracle("O40")  # base R
    y, arm, site, _ = deterministic_trial()
    strata = count_strata(y, arm, site, 4)
    assert cochran_mantel_haenszel(strata)[0] == pytest.approx(expected["cmh_chi"], abs=1e-8)
    assert mantel_haenszel(strata, QUESTION)[2].estimate == pytest.approx(1.912, abs=1e-9)
    assert score_z(63, 120, 44, 120) ** 2 == pytest.approx(6.088117, abs=1e-6)
    assert fisher_exact([[63, 57], [44, 76]]).pvalue == pytest.approx(
        expected["fisher_p"], abs=1e-8
    )
    assert fisher_test(0.0192140, 2)(120, 120)[63, 44]
    assert not fisher_test(0.0192139, 2)(120, 120)[63, 44]
