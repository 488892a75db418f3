"""Informative dropout and the imputation of missing outcomes in designs."""

import numpy as np
import pytest

from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.alternatives import with_settings
from pretese.trial.design.design_reader import parse_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.summary import summarise_point
from pretese.trial.simulation.arm_comparison import analyse_trials
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError

FILE = """
id: missing
title: t
question: q
participants: 400
sites: [{name: a, from_month: [0], recruitment_per_year: [200]}]
"""
RISKS = "risks: {control_percent: 40, treated_percent: 55}\n"
EQUAL = "dropout: {control_percent: 20, treated_percent: 20}\n"
UNEQUAL = "dropout: {control_percent: 10, treated_percent: 30}\n"
FAILURES_LEAVE = "dropout: {control_percent: 10, treated_percent: 40, if_success_log_odds: -1.5}\n"


def _design(dropout: str, missing: str = "multiple imputation", more: str = RISKS):
    end = f"endpoint: {{variable: any_sperm, endpoint_month: 4, missing: {missing}}}\n"
    return parse_design(FILE + dropout + end + more, "missing.yaml")


def _bias(design, replicates: int = 150, effect: float = 1.0) -> tuple[float, float]:
    found = simulate_design(design, None, [(400, effect)], seed=5, replicates=replicates)
    point = summarise_point(design, 400, effect, found[400, effect])
    return point["measures"]["bias"]["value"], point["measures"]["bias"]["mcse"]


def test_dropout_has_the_odds_that_the_file_states() -> None:
    design = _design(FAILURES_LEAVE)
    trials = draw_trials(design, None, 1, 400, 200)
    data = observe(design, trials, 1.0)
    left, success = data.missing.rows, data.outcome > 0
    for arm, percent in ((0, 10), (1, 40)):
        failed = left[(data.arm == arm) & ~success].mean()
        stayed = left[(data.arm == arm) & success].mean()
        assert failed == pytest.approx(percent / 100, abs=0.01)
        odds = np.exp(-1.5) * percent / (100 - percent)
        assert stayed == pytest.approx(odds / (1 + odds), abs=0.01)


def test_dropout_may_depend_on_prognosis() -> None:
    rule = "covariates: [{variable: fsh_iu_l, per_unit_log_odds: 0.2, reference: 20}]"
    design = _design(
        f"dropout: {{control_percent: 20, treated_percent: 20, {rule}}}\n", "failure",
        "scenario: rct-two-arm\n",
    )  # fmt: skip
    trials = draw_trials(design, scenario_of(design), 1, 400, 4)
    one = observe(design.model_copy(update={"endpoint": design.endpoint.model_copy(
        update={"missing": "complete case"})}), trials, 0.0)  # fmt: skip
    fsh = one.baseline["fsh_iu_l"]
    known = np.isfinite(fsh)
    assert fsh[known & ~one.include].mean() > fsh[known & one.include].mean() + 2


@pytest.mark.parametrize("missing", ["complete case", "multiple imputation"])
def test_missing_at_random_within_arms_leaves_no_bias(missing: str) -> None:
    bias, mcse = _bias(_design(UNEQUAL, missing))
    assert abs(bias) < 3.5 * mcse


def test_non_responder_imputation_is_biased_by_unequal_dropout() -> None:
    """Known: 0.7 x 0.55 - 0.9 x 0.40 - 0.15 = -0.125."""
    bias, mcse = _bias(_design(UNEQUAL, "failure"))
    assert bias == pytest.approx(-0.125, abs=3.5 * mcse)


def test_the_right_delta_removes_the_bias_of_informative_dropout() -> None:
    naive_copies = f"{RISKS}imputation: {{copies: 4}}\n"
    deltas = "{copies: 4, delta_control_log_odds: -1.5, delta_treated_log_odds: -1.5}"
    naive, mcse = _bias(_design(FAILURES_LEAVE, more=naive_copies))
    right, error = _bias(_design(FAILURES_LEAVE, more=f"{RISKS}imputation: {deltas}\n"))
    assert naive > 5 * mcse
    assert abs(right) < 3.5 * error


def test_jump_to_reference_imputes_the_treated_as_under_control() -> None:
    """Known: 20 % of the treated have the control risk: 0.8 x 0.15 - 0.15 = -0.03."""
    bias, mcse = _bias(_design(EQUAL, more=f"{RISKS}imputation: {{copies: 4, reference: true}}\n"))
    assert bias == pytest.approx(-0.03, abs=3.5 * mcse)


def test_imputation_without_covariates_widens_the_complete_case_by_its_own_noise() -> None:
    complete, imputed = (_design(EQUAL, each) for each in ("complete case", "multiple imputation"))
    trials = draw_trials(imputed, None, 2, 400, 50)
    one, other = (analyse_trials(observe(each, trials, 1.0)) for each in (complete, imputed))
    assert np.abs(one.estimate - other.estimate).mean() < 0.02
    assert other.std_error.mean() == pytest.approx(one.std_error.mean(), rel=0.05)
    assert (other.n == 400).all()
    assert other.interval == "Wald, 20 imputations"


def test_a_larger_trial_begins_with_the_smaller_one_and_its_imputations() -> None:
    design = _design(EQUAL)
    large = observe(design, draw_trials(design, None, 2, 400, 5), 1.0)
    small = observe(design, draw_trials(design, None, 2, 200, 5), 1.0)
    assert analyse_trials(large.cut(200)).estimate == pytest.approx(analyse_trials(small).estimate)


def test_the_tipping_point_is_a_path_of_the_sensitivity_grid() -> None:
    design = _design(EQUAL)
    moved, _ = with_settings(design, None, {"imputation.delta_treated_log_odds": -2.0})
    assert moved.imputation.delta_treated_log_odds == -2.0


def test_informative_dropout_has_no_exact_power() -> None:
    design = _design(FAILURES_LEAVE, "failure")
    assert why_not_enumerated(design) == "dropout depends on outcome or covariates"


@pytest.mark.parametrize(
    ("missing", "more", "words"),
    [
        ("failure", "imputation: {copies: 5}", "imputation goes with an endpoint whose missing"),
        ("multiple imputation", "analysis: {method: fisher}", "takes neither exact tests"),
        ("multiple imputation", "imputation: {copies: 1}", "greater than or equal to 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(missing: str, more: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _design(EQUAL, missing, f"{RISKS}{more}\n")
