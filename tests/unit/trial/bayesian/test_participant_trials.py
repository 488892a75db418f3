"""Bayesian trials of participants: of a scenario, or with dropout or treatment switching."""

import numpy as np
import pytest

import pretese as pt
from estimate.bayesian.arm_priors import ArmPriors
from estimate.bayesian.beta_mixture import BetaMixture
from estimate.bayesian.count_tables import EffectThreshold
from estimate.bayesian.decision_rules import DecisionRules, PosteriorRule
from estimate.bayesian.simulated_trials import decisions_at, decisions_of_sizes
from pretese.trial.bayesian.design.read_bayesian import parse_bayesian
from pretese.trial.bayesian.design.trial_parts import bayesian_parts
from pretese.trial.bayesian.participant_trials import simulate_participant_trials
from protocol.errors import InputError
from protocol.reading.documents import parse_yaml

FILE = """
id: participants
title: t
question: q
participants: 80
endpoint: {variable: any_sperm, endpoint_month: 4}
bayes:
  analyses_percent: [50, 100]
  success: {probability_percent: [99, 97.5]}
  harm: {probability_percent: [97.5]}
  futility: {probability_percent: [20]}
"""
RISKS = "risks: {control_percent: 30, treated_percent: 60}\n"
SCENARIO = "scenario: rct-two-arm\n"


def trial(more):
    return pt.design(parse_yaml(FILE + more, "design.yaml"))


def size_of(more, **options):
    return trial(more).power(progress=False, **options).to_dict()["sizes"][0]


def simulated(more, share, replicates=1500):
    design = parse_bayesian(FILE + more, "design.yaml")
    parts = bayesian_parts(design)
    sizes = tuple(design.sizes_at(80))
    return simulate_participant_trials(
        design, parts.prior, parts.rules, sizes, share, replicates, 3
    )


@pytest.mark.parametrize("share", [-0.5, 0.0, 1.0])
def test_without_dropout_participants_have_the_exact_behaviour_of_fixed_rates(share):
    exact = next(row for row in size_of(RISKS)["effects"] if row["effect_percent"] == 100 * share)
    found = simulated(RISKS, share)
    for k, name in enumerate(exact["outcome"]):
        chance = exact["outcome"][name]["value"]
        error = np.sqrt(chance * (1 - chance) / 1500) + 1e-9
        assert abs((found.behaviour.outcome == k).mean() - chance) < 4 * error
    assert found.risks.mean(1) == pytest.approx(
        [exact["risk_control"], exact["risk_treated"]], abs=0.01
    )
    assert set(found.analysed) <= {40, 80}


def test_dropouts_are_recruited_and_not_analysed():
    size = size_of(
        f"{RISKS}dropout: {{control_percent: 30, treated_percent: 10}}\n", replicates=300
    )
    assert size["method"] == "simulated"
    assert size["averaged"] is None
    row = size["effects"][-1]
    analysed, recruited = (row[f"{k}_participants"]["value"] for k in ("analysed", "expected"))
    assert analysed == pytest.approx(0.8 * recruited, rel=0.03)
    assert row["risk_treated"] == pytest.approx(0.6, abs=4 * row["risk_treated_mcse"])


def test_switching_under_treatment_policy_dilutes_the_effect():
    size = size_of(
        f"{RISKS}treatment_switching: {{control_percent: 50, treated_percent: 0}}\n",
        replicates=300,
    )
    row = size["effects"][-1]
    assert row["risk_control"] == pytest.approx(0.45, abs=4 * row["risk_control_mcse"])


def test_a_scenario_has_no_harmful_effect_and_risks_with_their_error():
    size = size_of(SCENARIO, replicates=60)
    assert [row["effect_percent"] for row in size["effects"]] == [0, 100]
    none, planned = size["effects"]
    assert none["true_difference"] == 0
    assert planned["true_difference"] > 4 * planned["true_difference_mcse"] > 0
    assert planned["outcome"]["success"]["n"] == 60
    assert size_of(SCENARIO, replicates=60) == size


def test_the_limit_of_success_is_the_effect_of_0_percent():
    text = FILE.replace(
        "{probability_percent: [99", "{risk_difference_percent: 10, probability_percent: [99"
    )
    found = pt.design(parse_yaml(text + SCENARIO, "x")).power(progress=False, replicates=60)
    none = found.to_dict()["sizes"][0]["effects"][0]
    assert none["true_difference"] == pytest.approx(0.10, abs=4 * none["true_difference_mcse"])


def test_pages_of_simulated_participants_name_the_scenario():
    study = trial(SCENARIO).power(progress=False, replicates=40)
    assert "rct-two-arm" in study.report()
    assert "averaged over the prior" not in study.report().lower()


@pytest.mark.parametrize(
    ("more", "words"),
    [(RISKS + SCENARIO, "one of the two"), ("", "one of the two"),
     (f"{RISKS}arms: {{control: {{regimen: none}}, treated: {{regimen: none}}}}\n", "arms"),
     (SCENARIO.replace("rct-two-arm", "rct-two-arm\nsites: []"), None)],
)  # fmt: skip
def test_designs_need_one_source_of_participants(more, words):
    if words is None:
        assert trial(more).power(progress=False, replicates=20)
        return
    with pytest.raises(InputError, match=words):
        trial(more)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("futility: {probability_percent: [20]}", "futility: {predictive_percent: [5]}", "predictive"),
     ("{probability_percent: [99, 97.5]}", "{max_type_i_error_percent: 2.5}", "max_type_i_error"),
     ("{probability_percent: [99, 97.5]}", "{odds_ratio: 1.2, probability_percent: [99]}", "odds"),
     ("endpoint_month: 4}", "endpoint_month: 4, missing: multiple imputation}", "imputation"),
     ("variable: any_sperm, endpoint_month: 4", "variable: time_to_live_birth, endpoint_month: 18",
      "times")],
)  # fmt: skip
def test_what_simulated_trials_do_not_have_is_refused(old, new, words):
    assert old in FILE
    with pytest.raises(InputError, match=words):
        pt.design(parse_yaml(FILE.replace(old, new) + SCENARIO, "design.yaml"))


def test_decisions_of_arms_of_different_sizes_are_those_of_each_size():
    prior = ArmPriors(BetaMixture.of([1.0], [1.0], [1.0]), BetaMixture.of([1.0], [1.0], [1.0]))
    rules = DecisionRules(PosteriorRule(EffectThreshold("risk difference", 0.0), (0.9,)))
    sizes, events = np.array([[10, 12, 10], [9, 12, 9]]), np.array([[8, 6, 3], [2, 6, 4]])
    found = decisions_of_sizes(prior, rules, sizes, events, 0, last=True)
    for k in range(3):
        each = decisions_at(prior, rules, tuple(sizes[:, k]), events[:, [k]], 0, last=True)
        assert found[k] == each[0]
    assert found.tolist() == [1, 4, 4]
