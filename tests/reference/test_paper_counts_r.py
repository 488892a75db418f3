"""What the paper's printed counts say, to the digits it prints and to R's (g01)."""

import numpy as np
import pytest

from estimate.contingency import (
    TwoByTwo,
    odds_ratio,
    risk_difference,
    risk_ratio,
)
from estimate.estimand import Estimand
from estimate.margins import odds_ratio_from_margins
from estimate.two_sample import chi_square
from protocol.errors import InputError

QUESTION = Estimand("men operated", "gn 1 vs 0", "sperm_retrieved", "")
TABLES = [
    "crude_542",
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
    assert [difference.conf_low, difference.conf_high] == pytest.approx(r["RD_newcombe"], rel=1e-8)
    assert 1 / difference.estimate == pytest.approx(r["NNT"], rel=1e-8)


def test_the_printed_digits_of_the_crude_analysis():
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
    treated = dx["gn_started"] if ejaculate else dx["gn_microTESE"]
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


def test_totals_that_count_different_men_are_refused():
    with pytest.raises(InputError, match="149 men with the outcome by arm but 148 by level"):
        odds_ratio_from_margins(
            [250, 49, 41, 28], [146, 8, 10, 10], [78, 23, 29, 18], (115, 34), QUESTION
        )
