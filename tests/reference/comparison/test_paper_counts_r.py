"""Results from the printed counts of the article equal its printed digits and those of R (g01)."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import expit, ndtr

from estimate.comparison.contingency import (
    TwoByTwo,
    odds_ratio,
    risk_difference,
    risk_ratio,
)
from estimate.comparison.exact.fisher import fisher_exact
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.risk_difference import newcombe_interval
from estimate.comparison.two_risks import Risks
from estimate.comparison.two_sample import chi_square
from estimate.core.estimand import Estimand
from estimate.core.result import Z95
from estimate.heterogeneity.subgroups import adjust_p_values
from estimate.mediation.effects import EFFECTS, effects_of
from estimate.published.printed_ratio import implied, risk_ratio_of
from estimate.published.table_margins import odds_ratio_from_margins
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

QUESTION = Estimand("patients operated", "therapy 1 vs 0", "sperm_retrieved", "")
TABLES = [
    "unadjusted_542",
    "composite_569",
    "microTESE_over_all_starters",
    "CDR",
    "CDR_per_retrieved",
    "CDR_per_starter",
]


@pytest.mark.parametrize("name", TABLES)
def test_two_by_two(r_output, name):
    r = r_output("g01_paper_counts")[name]
    table = TwoByTwo.of(*r["n"])
    ratio = odds_ratio(table, QUESTION)
    assert ratio.estimate == pytest.approx(r["OR"], rel=1e-8)
    assert ratio.std_error == pytest.approx(r["logOR_se"], rel=1e-8)
    assert ratio.p_value == pytest.approx(r["p_lrt"], rel=1e-8)
    limits = np.log([ratio.conf_low, ratio.conf_high])
    assert limits == pytest.approx(np.log(r["OR_profile"]), abs=1e-4)
    for yates, key in ((False, "chisq"), (True, "chisq_yates")):
        test = chi_square(table.matrix, yates=yates)
        assert test.statistic == pytest.approx(r[key], rel=1e-8)
        assert test.p_value == pytest.approx(r["p_" + key.split("_")[-1]], rel=1e-8)
    relative = risk_ratio(table, QUESTION)
    assert relative.estimate == pytest.approx(r["RR"], rel=1e-8)
    assert [relative.conf_low, relative.conf_high] == pytest.approx(r["RR_ci"], rel=1e-8)
    difference = risk_difference(table, QUESTION)
    assert difference.estimate == pytest.approx(r["RD"], rel=1e-8)
    assert difference.p_value == pytest.approx(r["p_chisq"], rel=1e-8)
    newcombe = newcombe_interval(
        table.treated_yes, table.treated, table.untreated_yes, table.untreated
    )
    assert newcombe == pytest.approx(r["RD_newcombe"], rel=1e-8)
    assert 1 / difference.estimate == pytest.approx(r["NNT"], rel=1e-8)
    assert [difference.estimate + z * difference.std_error for z in (-Z95, Z95)] == pytest.approx(
        r["RD_wald"], rel=1e-8
    )
    assert [ratio.estimate * np.exp(z * ratio.std_error) for z in (-Z95, Z95)] == pytest.approx(
        r["OR_wald"], rel=1e-8
    )
    assert 2 * ndtr(-np.log(ratio.estimate) / ratio.std_error) == pytest.approx(
        r["p_wald"], rel=1e-7
    )
    exact = fisher_2x2(table.matrix)
    assert exact.p_value == pytest.approx(r["fisher_p"], rel=1e-8)
    assert exact.odds_ratio == pytest.approx(r["fisher_or"], rel=1e-4)
    assert [exact.conf_low, exact.conf_high] == pytest.approx(r["fisher_ci"], rel=2e-2)


def test_arms_differ_in_diagnosis_and_responders_too(r_output):
    dx = r_output("g01_paper_counts")["dx"]
    test = chi_square([dx["therapy_microTESE"], dx["control"]])
    assert test.statistic == pytest.approx(dx["chisq_dx_by_arm"], rel=1e-8)
    assert (test.df, test.p_value) == (dx["chisq_df"], pytest.approx(dx["p"], rel=1e-8))
    by_level = np.transpose([dx["ejac_responders"], dx["therapy_microTESE"]])
    assert fisher_exact(by_level) == pytest.approx(dx["ejac_fisher_p"], rel=1e-8)


@pytest.mark.parametrize("name", ["dx_adjusted_542", "dx_adjusted_569_composite"])
def test_marginal_risks_over_diagnosis(r_output, name):
    """Patients with R's fitted risks reproduce R's fit, risks and standard errors."""
    g01 = r_output("g01_paper_counts")
    r, dx = g01[name], g01["dx"]
    treated = dx["therapy_microTESE" if name.endswith("542") else "therapy_started"]
    patients = np.r_[treated, dx["control"]]
    X = np.column_stack([np.ones(8), np.repeat([1, 0], 4), np.tile(np.eye(4)[:, 1:], (2, 1))])
    fit = fit_logistic(X, np.r_[r["fitted_therapy"], r["fitted_ct"]], patients)
    assert fit.coef == pytest.approx(r["beta"], rel=1e-6)
    share = patients.reshape(2, 4).sum(0) / patients.sum()
    risks, slopes = [], []
    for arm in (1.0, 0.0):
        rows = np.column_stack([X[:4, :1], np.full(4, arm), X[:4, 2:]])
        risk = expit(rows @ fit.coef)
        risks.append(share @ risk)
        slopes.append((share * risk * (1 - risk)) @ rows)
    gradient = np.array(slopes)
    found = Risks(
        *map(np.array, risks), gradient @ fit.cov @ gradient.T, np.array(542), np.array(True)
    )
    difference, relative, odds = found.compare(QUESTION, "g-computation", "delta")
    assert difference.estimate == pytest.approx(r["marginal"]["RD"], rel=1e-6)
    assert difference.std_error == pytest.approx(r["marginal"]["RD_se"], rel=1e-6)
    assert relative.estimate == pytest.approx(r["marginal"]["RR"], rel=1e-6)
    assert odds.estimate == pytest.approx(r["marginal"]["OR"], rel=1e-6)


def test_mediation_from_the_printed_counts(r_output):
    """Definite cause, therapy, retrieval: two groups whose models are determined by the margins."""
    g01 = r_output("g01_paper_counts")
    r, dx = g01["mediation_unadjusted"], g01["dx"]
    treated, control, yes = (
        np.array([dx[name][0], sum(dx[name][1:])])
        for name in ("therapy_microTESE", "control", "sperm_microTESE")
    )
    answer = odds_ratio_from_margins(treated, control, yes, (115, 34), QUESTION)
    assert answer.estimate == pytest.approx(r["OR_therapy_adj_nonidio"], rel=1e-7)
    slope = np.log(answer.estimate)
    level = [
        brentq(lambda a, g=g: treated[g] * expit(a + slope) + control[g] * expit(a) - yes[g], -9, 9)
        for g in (0, 1)
    ]
    uptake = treated / (treated + control)
    risks = [
        [uptake[b] * expit(level[a] + slope) + (1 - uptake[b]) * expit(level[a]) for b in (0, 1)]
        for a in (0, 1)
    ]
    found = dict(zip(EFFECTS, effects_of(risks), strict=True))
    for ours, theirs in (
        ("acme_0", "ACME_control"), ("acme_1", "ACME_treated"), ("acme", "ACME_avg"),
        ("ade_0", "ADE_control"), ("ade_1", "ADE_treated"), ("total", "total"),
        ("proportion_1", "prop_treated"), ("proportion_0", "prop_control"),
        ("proportion", "prop_mediated_avg"),
    ):  # fmt: skip
        assert found[ours] == pytest.approx(r[theirs], rel=1e-6), ours


def test_one_of_eight_p_values_after_correction(r_output):
    r = r_output("g01_paper_counts")["multiplicity"]
    for tests in (8, 16):
        p = adjust_p_values([0.041, *[1.0] * (tests - 1)], "Bonferroni")
        assert p[0] == pytest.approx(r[f"bonf{tests}"])
        assert 1 - 0.95**tests == pytest.approx(r[f"fwer{tests}"])


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("unadjusted", (1.87, 1.22, 2.92)),
        ("iptw", (1.59, 1.02, 2.52)),
        ("matched", (1.80, 1.04, 3.16)),
    ],
)
def test_printed_intervals_imply_errors_and_p_values(r_output, name, printed):
    r, ours = r_output("g01_paper_counts")["implied"][name], implied(*printed)
    for field, theirs in (
        ("std_error", "se"), ("middle", "geo_mid"), ("lower_arm", "lower_arm"),
        ("upper_arm", "upper_arm"), ("p_value", "p_from_se"),
    ):  # fmt: skip
        assert float(getattr(ours, field)) == pytest.approx(r[theirs], rel=1e-8), field


def test_an_odds_ratio_is_converted_to_a_risk_ratio(r_output):
    theirs = r_output("g01_paper_counts")["or_vs_rr"]["zhang_yu_RR_iptw"]
    assert float(risk_ratio_of(1.59, 34 / 174)) == pytest.approx(theirs, rel=1e-8)
    table = TwoByTwo.of(115, 253, 34, 140)
    converted = risk_ratio_of(odds_ratio(table, QUESTION).estimate, 34 / 174)
    assert float(converted) == pytest.approx(float(risk_ratio(table, QUESTION).estimate))


@pytest.mark.parametrize(
    "call", [lambda: implied(1.0, 1.1, 2.0), lambda: implied(1, 0, 2), lambda: risk_ratio_of(2, 1)]
)
def test_impossible_printed_values_are_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()


def test_the_printed_digits_of_the_unadjusted_analysis():
    table = TwoByTwo.of(115, 253, 34, 140)
    ratio = odds_ratio(table, QUESTION)
    printed = [f"{x:.2f}" for x in (ratio.estimate, ratio.conf_low, ratio.conf_high)]
    assert printed == ["1.87", "1.22", "2.92"]
    assert f"{ratio.p_value:.3f}" == "0.004"
    assert f"{chi_square(table.matrix).p_value:.3f}" == "0.006"


@pytest.mark.parametrize(
    ("name", "ejaculate", "arms"),
    [
        ("dx_adjusted_542", False, (115, 34)),
        ("dx_adjusted_569_composite", True, (142, 34)),
    ],
)
def test_diagnosis_adjusted_odds_ratio_from_published_totals(r_output, name, ejaculate, arms):
    g01 = r_output("g01_paper_counts")
    r, dx = g01[name], g01["dx"]
    yes = np.array(dx["sperm_microTESE"]) + ejaculate * np.array(dx["ejac_responders"])
    treated = dx["therapy_started"] if ejaculate else dx["therapy_microTESE"]
    answer = odds_ratio_from_margins(treated, dx["control"], yes, arms, QUESTION)
    assert answer.estimate == pytest.approx(r["OR"], rel=1e-8)
    assert answer.std_error == pytest.approx(r["se"][1], rel=1e-8)
    assert answer.p_value == pytest.approx(r["p_lrt"], rel=1e-7)
    limits = np.log([answer.conf_low, answer.conf_high])
    assert limits == pytest.approx(np.log(r["OR_profile"]), abs=1e-4)


def test_the_published_totals_decide_significance_only_by_the_choice_of_interval():
    answer = odds_ratio_from_margins(
        [250, 49, 41, 28], [146, 8, 10, 10], [79, 23, 29, 18], (115, 34), QUESTION
    )
    wald_low = answer.estimate * np.exp(-1.96 * answer.std_error)
    assert wald_low < 1 < answer.conf_low
    assert answer.p_value < 0.05


def test_totals_of_different_patients_are_refused():
    with pytest.raises(InputError, match="149 patients with the outcome by arm but 148 by level"):
        odds_ratio_from_margins(
            [250, 49, 41, 28], [146, 8, 10, 10], [78, 23, 29, 18], (115, 34), QUESTION
        )
