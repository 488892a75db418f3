"""A design that names a prior of the odds ratio: assurance, refusals, monitoring, report."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

import pretese
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sample_size.closed_form import power_two_proportions
from pretese.trial.design.design_reader import parse_design
from protocol.errors import InputError

FILE = """
id: named
title: t
question: q
participants: 200
risks: {control_percent: 20, treated_percent: 35}
sites: [{name: a, from_month: [0], recruitment_per_year: [60]}]
endpoint: {variable: any_sperm, endpoint_month: 4}
"""
COUNTS = ("control_events", "control_participants", "treated_events", "treated_participants")
POINT = {"about": "a point", "endpoint": "any sperm", "status": "assumed"}


def prior_file(tmp_path, *components):
    path = tmp_path / "prior.json"
    parts = [
        {"weight_percent": w, "mean_log_odds": m, "sd_log_odds": s, "origin": "hand"}
        for w, m, s in components
    ]
    path.write_text(json.dumps({**POINT, "components": parts}))
    return path


def design_with(tmp_path, prior, more=""):
    path = tmp_path / "design.yaml"
    path.write_text(f"{FILE}prior: {json.dumps(str(prior))}\n{more}")
    return pretese.design(path)


def test_a_prior_of_one_point_has_the_power_at_that_point(tmp_path):
    odds = 153 * 12 / 2401  # the middle of a class of effects
    treated = float(expit(logit(0.2) + odds))
    design = design_with(tmp_path, prior_file(tmp_path, (100, odds, 0)))
    found = design.power(replicates=20, progress=False).to_dict()["designs"][0]
    row = found["assurance"][0]
    assert row["value"] == pytest.approx(power_two_proportions(treated, 0.20, 100, 100))
    assert row["mcse"] is None
    assert row["expected_participants"]["value"] == 200


def test_the_assurance_is_that_of_the_option_prior(tmp_path):
    prior = prior_file(tmp_path, (30, 0.0, 0), (70, 0.5, 0.4))
    design = design_with(tmp_path, prior)
    found = design.power([200, 400], replicates=20, progress=False).to_dict()["designs"][0]
    forecast = design.forecast(prior, [200, 400]).to_dict()
    assert found["prior"] == str(prior)
    assert [row["value"] for row in found["assurance"]] == pytest.approx(
        [row["success"] for row in forecast["sizes"]]
    )
    assert design.forecast(participants=[200, 400]).to_dict() == forecast


def test_a_threshold_of_assurance_is_decided_without_monte_carlo_error(tmp_path):
    prior = prior_file(tmp_path, (50, 0.0, 0), (50, 0.8, 0))
    for threshold, verdict in ((10, "met"), (60, "not met")):
        rule = f"decision: {{min_assurance_percent: {threshold}}}\n"
        found = design_with(tmp_path, prior, rule).power(replicates=20, progress=False)
        (part,) = found.to_dict()["designs"][0]["decision"]["parts"]
        assert part["verdict"] == verdict


def test_interim_analyses_shorten_the_trial_that_is_expected(tmp_path):
    plan = "monitoring: {analyses_percent: [50, 100], efficacy: OF}\n"
    design = design_with(tmp_path, prior_file(tmp_path, (100, 1.5, 0)), plan)
    row = design.power(replicates=20, progress=False).to_dict()["designs"][0]["assurance"][0]
    assert 100 < row["expected_participants"]["value"] < 160


@pytest.mark.parametrize(
    ("prior", "more", "words"),
    [("nowhere", "", "prior: nowhere is neither a topic"),
     ("evidence", "analysis: {margin_percent: 5}\n", "no margin"),
     ("", "", "prior")],
)  # fmt: skip
def test_priors_that_cannot_be_used_are_refused(prior, more, words):
    with pytest.raises(InputError, match=words):
        parse_design(f"{FILE}prior: {json.dumps(prior)}\n{more}", "design.yaml")


def test_a_faulty_weight_is_named_by_its_field():
    with pytest.raises(InputError, match=r"prior\.0\.weight_percent: 'x'"):
        parse_design(f"{FILE}prior: [{{effect_percent: 0, weight_percent: x}}]\n", "design.yaml")


def test_predictive_power_under_a_point_is_conditional_power_at_that_point(tmp_path):
    odds = float(logit(0.35) - logit(0.20))
    plan = "monitoring: {analyses_percent: [50, 100], efficacy: OF}\n"
    design = design_with(tmp_path, prior_file(tmp_path, (100, odds, 0)), plan)
    seen = [dict(zip(COUNTS, (10, 50, 14, 50), strict=True))]
    later = design.monitor(seen).to_dict()["analyses"][0]["future_power"]
    assert later["predictive_prior"] == pytest.approx(later["planned"][0]["power"])


def test_classes_of_a_mixture_keep_its_mean_and_probability():
    belief = NormalMixture.of([0.3, 0.7], [0.0, 0.5], [0.0, 0.4])
    effects, weights = belief.classes(50)
    assert weights.sum() == pytest.approx(1)
    assert weights @ effects == pytest.approx(belief.mean)
    chance = belief.expect(lambda e: expit(3 * e))
    assert weights @ expit(3 * effects) == pytest.approx(chance, abs=1e-3)
    assert (np.diff(effects) > 0).all()
