"""Expected sample size and success of group-sequential trials under a prior."""

import json

import numpy as np
import pytest
import yaml

import pretese as pt
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.spending import Spending
from pretese.cli import run
from pretese.trial.measures import prior_average
from pretese.trial.measures.prior_average import averaged_over_prior

PLAN = plan_sequential([0.5, 1.0], Spending("OF"), alpha=0.025, power=0.8, futility=Spending("OF"))
SIZES = [(60, 60), (120, 120)]


def point(log_odds):
    return NormalMixture.of([1.0], [log_odds], [0.0])


def exact_at(log_odds, control=0.3):
    odds = control / (1 - control) * np.exp(log_odds)
    return exact_sequential(
        [60, 120], [60, 120], PLAN.upper, odds / (1 + odds), control, lower=PLAN.lower
    )


@pytest.mark.parametrize("log_odds", [0.0, 0.8, -0.4])
def test_a_point_prior_is_the_trial_at_that_effect(log_odds):
    found, known = averaged_over_prior(PLAN, SIZES, 0.3, point(log_odds)), exact_at(log_odds)
    assert found["exact"]
    assert found["success"] == pytest.approx(known.power, abs=1e-9)
    assert found["expected_participants"] == pytest.approx(known.expected_participants, abs=1e-6)
    assert found["benefit"] == (log_odds > 0)


def test_a_mixture_is_the_average_over_a_fine_grid():
    prior = NormalMixture.of([0.3, 0.7], [0.0, 0.4], [0.0, 0.5])
    found = averaged_over_prior(PLAN, SIZES, 0.3, prior)
    nodes, weights = prior.quadrature()
    thin = slice(None, None, 4)  # each component has its own dense nodes
    nodes, weights = nodes[1:][thin], weights[1:][thin]
    known = exact_at(nodes)
    weights = 0.7 * weights / weights.sum()
    none = exact_at(0.0)
    for name, values, null in (
        ("success", known.power, none.power),
        ("expected_participants", known.expected_participants, none.expected_participants),
    ):
        assert found[name] == pytest.approx(weights @ values + 0.3 * float(null), rel=0.003)


def test_the_normal_approximation_takes_over_for_large_trials(monkeypatch):
    prior = NormalMixture.of([0.3, 0.7], [0.0, 0.4], [0.0, 0.5])
    exact = averaged_over_prior(PLAN, SIZES, 0.3, prior)
    monkeypatch.setattr(prior_average, "MOST_COUNTS", 10)
    near = averaged_over_prior(PLAN, SIZES, 0.3, prior)
    assert not near["exact"]
    assert near["success"] == pytest.approx(exact["success"], abs=0.01)
    assert near["expected_participants"] == pytest.approx(exact["expected_participants"], rel=0.02)


def test_boundaries_take_the_prior_of_a_forecast(tmp_path, capsys):
    path = tmp_path / "prior.yaml"
    path.write_text(yaml.safe_dump({
        "about": "no effect", "endpoint": "any sperm", "status": "assumed",
        "components": [{"weight_percent": 100, "mean_log_odds": 0, "sd_log_odds": 0,
                        "origin": "no effect"}],
    }), encoding="utf-8")  # fmt: skip
    words = ["boundaries", "--analyses", "2", "--spending", "OF", "--control-risk", "30%",
             "--treated-risk", "50%", "--prior", str(path)]  # fmt: skip
    assert run([*words, "--json"]) == 0
    size = json.loads(capsys.readouterr().out)["participants"]
    assert size["under_prior"]["success"] == pytest.approx(size["exact_type_1_error"], abs=1e-9)
    assert run(words) == 0
    assert "expected participants" in capsys.readouterr().out
    assert run(["boundaries", "--analyses", "2", "--prior", str(path)]) == 2
    assert "--prior" in capsys.readouterr().err


def test_a_forecast_has_the_expected_size_of_a_design_with_interim_analyses():
    found = pt.design("three-analyses").forecast("evidence", [200, 300])
    sizes = found.to_dict()["sizes"]
    assert [each["expected_participants"] < each["participants"] for each in sizes] == [True, True]
    assert "200 participants planned" in str(found)
    single = pt.design("superiority-any-sperm").forecast("evidence", [200])
    assert single.to_dict()["sizes"][0]["expected_participants"] is None
