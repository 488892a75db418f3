"""Futility rules, separate analyses for efficacy and futility, and harm boundaries."""

import json

import numpy as np
import pytest
from scipy.special import ndtr

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.conditional_power import conditional_power, predictive_power
from estimate.sequential.recursion import exit_probabilities
from estimate.sequential.spending import Spending
from pretese.cli import run
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.interim import Monitoring
from pretese.trial.measures.summary import summarise_point
from pretese.trial.monitoring.boundaries_observed import boundaries_at
from pretese.trial.simulation.engine import simulate_design
from protocol.errors import InputError
from protocol.reading.documents import validate

PLAN = {"analyses_percent": [40, 70, 100], "sides": 1, "alpha_percent": 2.5}


def monitoring(**fields):
    return validate({**PLAN, **fields}, Monitoring, "here")


def trial(**fields):
    return {
        "id": "harm", "title": "t", "question": "q", "participants": 300,
        "risks": {"control_percent": 40, "treated_percent": 55},
        "randomisation": {"block_sizes": [2]},
        "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [100]}],
        "endpoint": {"endpoint_month": 4}, "monitoring": {**PLAN, **fields},
    }  # fmt: skip


def test_a_futility_rule_by_power_has_that_conditional_power():
    for words, drift_of in (
        ("CP(10)", lambda plan, z, t: plan.drift),
        ("CPobserved(10)", lambda plan, z, t: z / np.sqrt(t)),
    ):
        plan = monitoring(futility=words).plan()
        for z, t in zip(plan.lower[:-1], plan.information_rates[:-1], strict=True):
            drift = drift_of(plan, z, t)
            power = conditional_power([t, 1.0], [9.0, plan.upper[-1]], 1, z, drift)
            assert power == pytest.approx(0.1, abs=1e-9)
    plan = monitoring(futility="PP(5)").plan()
    z, t = plan.lower[0], plan.information_rates[0]
    assert predictive_power([t, 1.0], [9.0, plan.upper[-1]], 1, z) == pytest.approx(0.05, abs=1e-6)


def test_futility_by_z_and_by_effect_reduces_power_as_enumerated():
    plan = monitoring(futility="z(0, 0.5)").plan()
    assert plan.lower[:-1] == pytest.approx((0.0, 0.5))
    free = monitoring().plan()
    assert plan.upper == pytest.approx(free.upper)  # non-binding
    assert plan.drift > free.drift
    assert plan.rejection(plan.drift).sum() == pytest.approx(0.8, abs=1e-9)
    none = monitoring(futility="effect(0)").plan()
    assert none.lower[:-1] == pytest.approx((0.0, 0.0))
    third = monitoring(futility="effect(30)").plan()
    shares = np.sqrt(np.array(third.information_rates[:-1]))
    assert np.asarray(third.lower[:-1]) == pytest.approx(0.3 * third.drift * shares)


def test_listed_beta_is_that_of_the_function_that_it_lists():
    spent = 100 * Spending("OF").spent([0.4, 0.7, 1.0], 0.2)
    listed = monitoring(futility=f"user({spent[0]:.9f},{spent[1]:.9f},20)").plan()
    assert listed.lower == pytest.approx(monitoring(futility="OF").plan().lower, abs=1e-6)


def test_alpha_of_an_analysis_without_a_boundary_is_spent_at_the_next():
    plan = monitoring(efficacy_analyses=[2], futility="OF", futility_analyses=[1]).plan()
    assert np.isinf(plan.upper[0])
    assert plan.lower[1] == -np.inf
    assert plan.alpha_spent() == pytest.approx([0, *Spending("OF").spent([0.7, 1.0], 0.025)])
    assert plan.beta_spent()[[0, 1, 2]] == pytest.approx(
        [Spending("OF").spent([0.4], 0.2)[0]] * 2 + [0.2], abs=1e-6
    )
    two = plan_sequential([0.7, 1], Spending("OF"))
    assert plan.upper[1:] == pytest.approx(two.upper, abs=1e-9)


def test_harm_boundaries_control_their_own_type_i_error():
    plan = monitoring(harm="Pocock", harm_alpha_percent=5).plan()
    rates = np.array(plan.information_rates)
    low, _ = exit_probabilities(rates, np.append(plan.harm, -np.inf), np.full(3, np.inf))
    spent = Spending("Pocock").spent(rates, 0.05)
    assert np.cumsum(low)[:2] == pytest.approx(spent[:2], abs=1e-9)
    assert plan.lower[:-1] == pytest.approx(plan.harm)
    assert float(ndtr(plan.harm[0])) == pytest.approx(spent[0])
    both = monitoring(harm="OF", futility="HSD(-2)").plan()
    assert all(h < low for h, low in zip(both.harm, both.lower, strict=False))
    assert both.rejection(both.drift).sum() == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize(
    "fields",
    [
        {"futility": "CP(10)"}, {"futility": "z(0)", "harm": "OF"}, {"futility": "PP(5)"},
        {"efficacy_analyses": [2], "futility": "HSD(-2)", "futility_analyses": [1]},
    ],
)  # fmt: skip
def test_monitoring_at_the_planned_times_has_the_planned_boundaries(fields):
    rule = monitoring(**fields)
    plan = rule.plan()
    seen = boundaries_at(rule, np.array(plan.information_rates), last=True)
    assert seen.upper == pytest.approx(plan.upper, abs=1e-8)
    assert seen.lower == pytest.approx(plan.lower, abs=1e-8)
    early = boundaries_at(rule, np.array(plan.information_rates[:1]), last=False)
    assert early.lower[0] == pytest.approx(plan.lower[0], abs=1e-8)


def test_simulated_trials_stop_as_often_as_enumeration_finds():
    design = validate(trial(futility="CPobserved(20)", harm="Pocock"), DesignFile, "here")
    found = simulate_design(design, None, [(300, 0.0)], seed=4, replicates=20_000)
    summary = summarise_point(design, 300, 0.0, found[300, 0.0])
    assert abs(summary["exact"]["z"]) < 3.5
    harm = [row["harm_stop"]["value"] for row in summary["analyses"]]
    assert 0.005 < harm[0] < 0.025
    assert harm[0] < summary["analyses"][0]["futility_stop"]["value"]
    assert harm[-1] == 0


def test_an_ongoing_trial_stops_at_the_harm_boundary(tmp_path, capsys):
    plan, data = tmp_path / "plan.yaml", tmp_path / "data.csv"
    plan.write_text(json.dumps(trial(harm="OF")))
    data.write_text(
        "control_events,control_participants,treated_events,treated_participants\n40,60,14,60\n"
    )
    assert run(["monitor", str(plan), str(data), "--json"]) == 0
    state = json.loads(capsys.readouterr().out)["state"]
    assert (state["stopped"], state["reason"], state["rejected"]) == (True, "harm boundary", False)
    assert run(["monitor", str(plan), str(data)]) == 0
    assert "harm boundary" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"futility": "CP(120)"}, "below 100"),
        ({"futility": "z(0, 1, 2)"}, "one for each"),
        ({"futility": "z(0)", "binding": True}, "binding"),
        ({"futility": "user(5,30)"}, "all of beta"),
        ({"harm": "z(0)"}, "harm"),
        ({"harm": "OF", "sides": 2}, "two-sided"),
        ({"efficacy_analyses": [3]}, "from 1 to 2"),
        ({"futility_analyses": [1]}, "needs futility"),
        ({"efficacy": "WT(0.2)", "efficacy_analyses": [1]}, "error spending"),
    ],
)
def test_what_cannot_be_is_named(fields, words):
    with pytest.raises(InputError, match=words):
        monitoring(**fields).plan()
