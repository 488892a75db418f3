"""Which test the analyses by an outcome model, and by strata with a margin, use in trials."""

import numpy as np
import pytest
from scipy.special import ndtr

from estimate.causal.randomisation_test import TEST, randomisation_test
from pretese.trial.comparison.model_columns import columns, minimised_columns
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_reader import parse_design
from pretese.trial.simulation.arm_comparison import analyse_trials
from protocol.errors import InputError

FILE = """
id: tests
title: t
question: q
participants: 80
scenario: rct-two-arm
sites:
  - {name: a, from_month: [0], recruitment_per_year: [60]}
  - {name: b, from_month: [0], recruitment_per_year: [60]}
endpoint: {variable: any_sperm, endpoint_month: 4}
"""


def design_of(analysis: str, more: str = ""):
    return parse_design(f"{FILE}analysis: {{{analysis}}}\n{more}", "tests.yaml")


def data_of(design):
    return observe(design, draw_trials(design, scenario_of(design), 2, 80, 6), 1.0)


ADJUSTED = "covariates: [age_years], strata: [site]"


@pytest.mark.parametrize("scale", ["risk difference", "risk ratio", "odds ratio"])
def test_g_computation_and_logistic_regression_test_no_effect_alike(scale):
    data = data_of(design_of(f"method: g-computation-randomised, scale: {scale}, {ADJUSTED}"))
    answer = analyse_trials(data)
    other = analyse_trials(data_of(design_of(f"method: logistic, {ADJUSTED}")))
    x, keep = columns(data)
    z = randomisation_test(data.outcome, data.arm, x[..., keep[0]], include=data.include).statistic
    assert answer.statistic == pytest.approx(z)
    assert other.statistic == pytest.approx(z)
    assert answer.test == other.test == TEST


@pytest.mark.parametrize("method", ["g-computation-randomised", "logistic"])
def test_walds_test_divides_the_estimate_by_its_error(method):
    answer = analyse_trials(data_of(design_of(f"method: {method}, test: wald, {ADJUSTED}")))
    effect = answer.estimate if method.startswith("g-") else np.log(answer.estimate)
    assert answer.statistic == pytest.approx(effect / answer.std_error)


def test_a_margin_is_tested_by_walds_test_of_g_computation():
    one_side = "monitoring: {alpha_percent: 2.5, sides: 1}\n"
    design = design_of(
        f"method: g-computation-randomised, margin_percent: 10, {ADJUSTED}", one_side
    )
    answer = analyse_trials(data_of(design))
    assert answer.statistic == pytest.approx((answer.estimate + 0.1) / answer.std_error)


def test_mantel_haenszel_tests_a_margin_within_the_strata():
    design = design_of(
        "method: mantel-haenszel, strata: [site], margin_percent: 10",
        "monitoring: {alpha_percent: 2.5, sides: 1}\n",
    )
    answer = analyse_trials(data_of(design))
    assert answer.test == "score (Miettinen-Nurminen), stratified"
    equal = (answer.estimate + 0.1) / answer.std_error
    assert answer.statistic == pytest.approx(equal, rel=0.05)
    assert not np.array_equal(answer.statistic, equal)


def test_equivalence_takes_the_smaller_of_two_one_sided_tests():
    plan = "monitoring: {alpha_percent: 2.5, sides: 1}\n"
    text = "method: mantel-haenszel, strata: [site], margin_percent: 20"
    data = data_of(design_of(f"{text}, hypothesis: equivalence", plan))
    lower = analyse_trials(data_of(design_of(text, plan))).statistic
    answer = analyse_trials(data)
    assert (answer.statistic <= lower).all()
    assert answer.p_value == pytest.approx(ndtr(-answer.statistic))


def test_only_minimised_columns_take_degrees_of_freedom():
    by = "randomisation: {method: minimisation, by: [site]}\n"
    text = f"method: logistic, {ADJUSTED}"
    assert minimised_columns(data_of(design_of(text, by))).tolist() == [1] * 6
    assert minimised_columns(data_of(design_of(text))).tolist() == [0] * 6
    stratified = "randomisation: {method: stratified, by: [site], block_sizes: [4]}\n"
    assert minimised_columns(data_of(design_of(text, stratified))).tolist() == [0] * 6


@pytest.mark.parametrize(
    ("analysis", "words"),
    [("method: unadjusted, test: wald", "test is for"),
     ("method: g-computation-randomised, test: score, margin_percent: 10", "no effect"),
     ("method: logistic, test: exact", "score")],
)  # fmt: skip
def test_tests_that_do_not_exist_are_refused(analysis, words):
    with pytest.raises(InputError, match=words):
        design_of(analysis)
