"""E-values, tipping points and bounds: hand calculations, R's EValue and published counts."""

import json
from pathlib import Path

import numpy as np
import pytest

from estimate.causal.hidden_bias.evalue import bias_factor, e_value
from estimate.causal.hidden_bias.sensitivity import (
    ascertainment,
    ascertainment_tipping_point,
    negative_control,
    never_responder_bounds,
)
from estimate.comparison.contingency import TwoByTwo
from estimate.core.estimand import Estimand
from estimate.core.result import assemble, wald

R = Path(__file__).parents[3] / "reference" / "r"
G01 = json.loads((R / "g01_paper_counts.json").read_text())
G15 = json.loads((R / "g15_marginal.json").read_text())
QUESTION = Estimand("patients started", "therapy 1 vs 0", "any sperm", "odds ratio")


def given(scale, point, low, high):
    logs = {
        "value": np.log(point), "low": np.log(low), "high": np.log(high),
        "std_error": 1, "statistic": 1, "p_value": 1,
    }  # fmt: skip
    return assemble(QUESTION, "x", scale, **logs, n=542, interval="given", converged=True)


@pytest.mark.parametrize("case", G15["evalue"])
def test_e_values_equal_r(case):
    r = G15["evalue"][case]
    scale = "odds ratio" if case.startswith("OR") else "risk ratio"
    answer = e_value(given(scale, *r["in_"]))
    assert answer.point == pytest.approx(r["point"], rel=1e-6)
    assert answer.limit == pytest.approx(r["ci"], rel=1e-6)


def test_treating_an_odds_ratio_as_a_risk_ratio_overstates_the_e_value():
    iptw = given("odds ratio", 1.59, 1.02, 2.52)
    assert e_value(iptw).point == pytest.approx(G01["evalues"]["iptw_sqrtOR"])
    assert e_value(iptw, rare=True).point == pytest.approx(G01["evalues"]["iptw_as_rare"])


def test_a_confounder_as_strong_as_the_e_value_explains_it_exactly():
    for ratio in (1.2, 1.6, 3.0):
        strength = e_value(given("risk ratio", ratio, 1.1, 4)).point
        assert bias_factor(strength, strength) == pytest.approx(ratio)


def test_halving_and_doubling_are_equally_hard_to_explain_away():
    half, double = given("risk ratio", 0.5, 0.3, 0.8), given("risk ratio", 2, 1.25, 1 / 0.3)
    assert e_value(half).point == pytest.approx(e_value(double).point)
    assert e_value(half).limit == pytest.approx(e_value(double).limit)


def test_hazard_ratios_of_common_outcomes_are_converted():
    assert e_value(given("hazard ratio", 1.0001, 0.5, 2)).point == pytest.approx(1, abs=0.02)
    common, rare = (e_value(given("hazard ratio", 2, 1.5, 3), rare=rare) for rare in (False, True))
    assert common.point < rare.point


def test_a_difference_has_no_e_value():
    with pytest.raises(ValueError, match="risk difference"):
        e_value(wald(QUESTION, "x", "risk difference", 0.1, 0.02, 100))


def test_ascertainment_equals_r():
    table = TwoByTwo.of(142, 253, 34, 140)
    for r in G01["ascertainment"]:
        answer = ascertainment(table, round(r["q"] * 140), QUESTION)
        assert answer.estimate == pytest.approx(r["OR"], rel=1e-8)


def test_the_tipping_point_is_the_first_number_that_reaches_one():
    table = TwoByTwo.of(142, 253, 34, 140)
    tip = ascertainment_tipping_point(table, QUESTION)
    low = ascertainment(table, [tip - 1, tip], QUESTION).conf_low
    assert low[0] > 1 >= low[1]


def test_never_responder_bounds_equal_r():
    bounds = never_responder_bounds(TwoByTwo.of(115, 253, 34, 140), 27)
    r = G01["principal"]["RD_never_resp"]
    assert [bounds.low, bounds.high] == pytest.approx(r, rel=1e-8)


def test_without_responders_the_bounds_meet():
    table = TwoByTwo.of(115, 253, 34, 140)
    bounds = never_responder_bounds(table, 0)
    assert bounds.low == bounds.high == pytest.approx(G01["principal"]["naive_RD"])


def test_a_negative_control_removes_the_bias_it_shows():
    effect = wald(QUESTION, "adjusted", "odds ratio", np.log(1.8), 0.3, 100)
    control = wald(QUESTION, "adjusted", "odds ratio", np.log(1.2), 0.4, 100)
    answer = negative_control(effect, control)
    assert answer.estimate == pytest.approx(1.5)
    assert answer.std_error == pytest.approx(0.5)
    with pytest.raises(ValueError, match="cannot be corrected"):
        negative_control(effect, wald(QUESTION, "x", "risk difference", 0.1, 0.1, 100))
