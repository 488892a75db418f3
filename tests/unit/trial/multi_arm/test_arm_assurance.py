"""Assurance of trials with several arms under a prior of the effect of one treatment."""

import itertools
import json

import numpy as np
import pytest
import yaml
from scipy.special import expit, logit
from scipy.stats import multivariate_normal, norm

import pretese as pt
from estimate.core.numeric.normal_mixture import NormalMixture
from pretese.cli import run
from pretese.literature.forecast import EFFECTS, grid_weights, two_arm_powers
from pretese.trial.multi_arm.assurance.arm_forecast import arm_assurance
from pretese.trial.multi_arm.assurance.arm_plan import arm_plan
from pretese.trial.multi_arm.assurance.closed_power import any_success, comparison_powers
from pretese.trial.multi_arm.assurance.staged_trials import staged_trials
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from protocol.errors import InputError

FIELDS = {
    "id": "example",
    "title": "Two treatments",
    "question": "Which one helps?",
    "participants": 300,
    "risks_percent": {"placebo": 40, "hcg": 40, "ufsh": 55},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
}
TWO_STAGES = {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1}
ONE = {"placebo": 40, "ufsh": 55}


def read(**changes):
    return parse_multi_arm(yaml.safe_dump({**FIELDS, **changes}, sort_keys=False), "file.yaml")


BELIEF = NormalMixture.of([0.3, 0.7], [0.0, 0.5], [0.0, 0.4])


@pytest.fixture(scope="module")
def prior(tmp_path_factory):
    path = tmp_path_factory.mktemp("prior") / "prior.json"
    parts = [
        {"weight_percent": 100 * w, "mean_log_odds": m, "sd_log_odds": s, "origin": "hand"}
        for w, m, s in zip(BELIEF.weight, BELIEF.mean_of, BELIEF.sd_of, strict=True)
    ]
    belief = {"about": "a belief", "endpoint": "any sperm", "status": "assumed"}
    path.write_text(json.dumps({**belief, "components": parts}))
    return str(path)


def approximately(value):
    """Return nested values whose numbers are compared to 1e-7."""
    if isinstance(value, dict):
        return {name: approximately(each) for name, each in value.items()}
    if isinstance(value, list):
        return [approximately(each) for each in value]
    return pytest.approx(value, abs=1e-7) if isinstance(value, float) else value


def two_arms(**changes):
    fields = {name: value for name, value in FIELDS.items() if name != "risks_percent"}
    risks = {"control_percent": 40, "treated_percent": 55}
    return pt.design({**fields, "risks": risks, **changes})


@pytest.mark.parametrize("against", [False, True])
def test_power_with_one_treatment_is_that_of_two_arms(against):
    plan = arm_plan(read(risks_percent=ONE, allocation={"placebo": 1, "ufsh": 2}), 0, ())
    expected = two_arm_powers(plan.pair, 300, 0.4, against)
    assert comparison_powers(plan, 300, 0.4, against) == pytest.approx(expected, abs=1e-8)


def test_forecast_with_one_treatment_is_that_of_two_arms(prior):
    plan = {"monitoring": {"analyses_percent": [50, 100], "efficacy": "OF"}}
    several = pt.design({**FIELDS, "risks_percent": ONE, **plan}).forecast(prior, [300])
    found, expected = several.to_dict(), two_arms(**plan).forecast(prior, [300]).to_dict()
    arms = found.pop("arms")
    assert found == approximately(expected)
    assert found["sizes"][0]["expected_participants"] < 300
    assert arms["any_success"][0]["success"] == pytest.approx(found["sizes"][0]["success"])
    assert arms["any_success"][0]["misleading"] == pytest.approx(found["sizes"][0]["misleading"])
    assert arms["prior_of"] == "ufsh"
    assert (arms["planned_risks"], arms["interim"]) == ([], [])


def test_power_of_two_treatments_is_a_bivariate_normal_probability():
    # Holm: ufsh is rejected with z of at least 2.2414, or of at least 1.96 if hcg reaches 2.2414.
    plan = arm_plan(read(testing={"procedure": "holm"}, risks_percent={
        "placebo": 40, "hcg": 50, "ufsh": 55}), 1, ())  # fmt: skip
    at = int(np.abs(EFFECTS - 0.6).argmin())
    risk, n = expit(logit(0.4) + EFFECTS[at]), 100

    def z(p):
        null = np.sqrt((p + 0.4) / 2 * (1 - (p + 0.4) / 2) * 2 / n)
        return (p - 0.4) / null, null

    (m1, s1), (m2, s2) = z(0.5), z(risk)
    noise, common = [0.25, risk * (1 - risk)], 0.24
    cov = np.array([
        [(noise[0] + common) / n / s1**2, common / n / s1 / s2],
        [common / n / s1 / s2, (noise[1] + common) / n / s2**2],
    ])  # fmt: skip
    low, high = norm.isf(0.025), norm.isf(0.0125)
    # P(Z1 >= high, low <= Z2 < high) + P(Z2 >= high), from distribution functions
    joint = multivariate_normal([m1, m2], cov)
    second = norm.cdf([low, high], m2, np.sqrt(cov[1, 1]))
    both = (second[1] - joint.cdf([high, high])) - (second[0] - joint.cdf([high, low]))
    expected = 1 - second[1] + both
    assert comparison_powers(plan, 300, 0.4)[at] == pytest.approx(expected, abs=2e-5)


def test_any_success_counts_false_claims_of_all_treatments():
    weights, harmful = grid_weights(BELIEF), EFFECTS <= 0
    plan = arm_plan(read(), 1, ())
    own = weights @ comparison_powers(plan, 300, 0.4)
    false = weights[harmful] @ comparison_powers(plan, 300, 0.4)[harmful]
    found = any_success(plan, 300, weights)
    assert own < found.success < own + 0.025
    # hcg has no planned benefit: a claim for it, made in at most 2.5 %, is false too
    assert false < found.misleading < false + 0.025
    helps = read(risks_percent={"placebo": 40, "hcg": 41, "ufsh": 55})
    benefit = any_success(arm_plan(helps, 1, ()), 300, weights)
    assert benefit.misleading == pytest.approx(false, abs=0.002)  # only ufsh can be harmful


def test_simulated_trials_agree_with_the_approximation_and_with_two_arms(prior):
    weights = grid_weights(BELIEF)
    plan = arm_plan(read(), 1, ())
    one = staged_trials(plan, 300, weights, replicates=20_000, seed=3)
    exact = any_success(plan, 300, weights)
    for name, value in (
        ("success", weights @ comparison_powers(plan, 300, 0.4)),
        ("any_success", exact.success), ("any_misleading", exact.misleading),
    ):  # fmt: skip
        assert abs(one[name]["value"] - value) < 4 * one[name]["mcse"] + 0.002
    staged = read(risks_percent=ONE, monitoring=TWO_STAGES)
    found = staged_trials(arm_plan(staged, 0, ()), 300, weights, replicates=20_000, seed=3)
    expected = two_arms(monitoring=TWO_STAGES).forecast(prior, [300]).to_dict()["sizes"][0]
    gap = found["expected_participants"]["value"] - expected["expected_participants"]
    assert abs(gap) < 4 * found["expected_participants"]["mcse"]
    assert found["expected_participants"]["mcse"] < 1


def test_interim_analyses_are_simulated_and_reproducible(prior):
    design = pt.design({**FIELDS, "monitoring": TWO_STAGES, "dropping": {"futility_z": [0]}})
    found = design.forecast(prior, [300], prior_of="ufsh", replicates=200, seed=5)
    plan = arm_plan(read(monitoring=TWO_STAGES, dropping={"futility_z": [0]}), 1, ())
    again = staged_trials(plan, 300, grid_weights(BELIEF), replicates=200, seed=5)
    assert found.arms.interim == (again,)
    row = found.to_dict()["arms"]["interim"][0]
    assert row["success"]["n"] == 200
    assert 150 <= row["expected_participants"]["value"] < 300
    assert "Simulated with the interim analyses" in str(found)
    assert all(len(line) <= 80 for line in str(found).splitlines())
    assert found.plot().axes[0].get_title(loc="left") == "Probability of success of ufsh"


def test_the_named_prior_of_a_design_is_in_its_power_study(prior):
    fields = {**FIELDS, "prior": prior, "prior_of": "ufsh"}
    study = pt.design(fields).power(replicates=20, progress=False)
    (row,) = study.to_dict()["assurance"]
    powers = comparison_powers(arm_plan(read(), 1, ()), 300, 0.4)
    assert row["value"] == pytest.approx(grid_weights(BELIEF) @ powers, abs=1e-7)
    assert (row["mcse"], row["expected_participants"]["value"]) == (None, 300)
    assert "Success of ufsh under the prior" in str(study)
    assert "Success of ufsh under the prior" in study.report()
    (staged,) = arm_assurance(
        read(**{**fields, "monitoring": TWO_STAGES}), [300], {}, replicates=100, seed=1
    )
    assert staged["expected_participants"]["mcse"] > 0


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({}, {}, "the prior is that of one treatment"),
        ({}, {"prior_of": "placebo"}, "'placebo' is not a treatment of example"),
        ({"risks_percent": {"placebo": 40, "hcg": 40, "ufsh": 55, "both": 60},
          "testing": {"procedure": "holm"},
          "factorial": {"first": "hcg", "second": "ufsh", "both": "both"}},
         {"prior_of": "hcg"}, "example is factorial"),
        ({}, {"prior_of": "hcg", "worlds": 3}, "the parameter sets describe two arms"),
    ],
)  # fmt: skip
def test_what_no_forecast_is_made_of_is_refused(changes, given, message):
    with pytest.raises(InputError, match=message):
        pt.design({**FIELDS, **changes}).forecast("evidence", [300], **given)


def test_files_name_a_treatment_and_a_prior_that_exist():
    with pytest.raises(InputError, match="prior_of is one of hcg, ufsh"):
        read(prior_of="placebo")
    with pytest.raises(InputError, match="neither a topic of evidence nor a file"):
        read(prior="nothing")


def test_the_option_belongs_to_several_arms(capsys):
    assert run(["power", "placebo-ufsh", "--prior", "evidence", "--prior-of", "hcg"]) == 2
    assert "placebo-ufsh has one treatment" in capsys.readouterr().err


def test_combination_tests_are_approximated_by_their_closed_test():
    for within, same in (("dunnett", "closed dunnett"), ("sidak", "holm")):
        one = arm_plan(read(testing={"procedure": "combination", "within_stages": within}), 1, ())
        other = arm_plan(read(testing={"procedure": same}), 1, ())
        pairs = itertools.chain(
            zip(one.decisions.levels, other.decisions.levels, strict=True),
            [(one.decisions.rejected, other.decisions.rejected)],
        )
        assert all(np.array_equal(*pair) for pair in pairs)
