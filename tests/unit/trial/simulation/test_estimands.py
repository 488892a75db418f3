"""Strategies for intercurrent events: true effect and estimate of each."""

import numpy as np
import pytest

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.conduct.true_estimands import ideal
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.design.enumeration import why_not_enumerated
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.measures.familywise import each_endpoint
from pretese.trial.measures.performance import measures
from pretese.trial.measures.summary import summarise_point
from pretese.trial.simulation.engine import simulate_design
from protocol.reading.documents import validate

CROSSED = {
    "id": "switched",
    "title": "A trial in which participants switch treatment",
    "question": "Does it work?",
    "participants": 300,
    "risks": {"control_percent": 40, "treated_percent": 60},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "treatment_switching": {"control_percent": 30, "treated_percent": 10},
}


def switching(strategy):
    end = {"endpoint_month": 4, "treatment_switching": strategy}
    return validate({**CROSSED, "endpoint": end}, DesignFile, "test")


# Of control 30 % take treatment, of treated 10 % do not: .46 and .58; as failures .28 and .54.
@pytest.mark.parametrize(
    ("strategy", "risks", "analysed", "words"),
    [
        ("treatment policy", (0.46, 0.58), 300, "treatment switching: treatment policy"),
        ("hypothetical", (0.40, 0.60), 240, "treatment switching: hypothetical"),
        ("composite", (0.28, 0.54), 300, "treatment switching: composite variable"),
        ("excluded", (0.40, 0.60), 240, "treatment switching: excluded from the analysis"),
    ],
)
def test_each_strategy_for_switching_is_unbiased_for_its_true_effect(
    strategy, risks, analysed, words
):
    design = switching(strategy)
    out = simulate_design(design, None, [(300, 1.0)], seed=2, replicates=400, patient_level=True)
    out = out[300, 1.0]
    assert words in str(design.estimand)
    point = summarise_point(design, 300, 1.0, out)
    truth = point["truth"]
    assert (truth["risk_control"], truth["risk_treated"]) == pytest.approx(risks)
    gap = truth["risk_difference"]
    assert abs(gap["value"] - (risks[1] - risks[0])) < 4 * gap["mcse"]
    found = measures(design, out)
    assert abs(found["bias"].z) < 3.5
    assert abs(found["coverage"].value - 0.95) < 4 * found["coverage"].mcse
    assert out.analysed.mean() == pytest.approx(analysed, abs=1.5)
    if analysed == 300:
        assert abs(exact_behaviour(design, 300, out, risks).z) < 3.5
    else:
        assert (
            why_not_enumerated(design) == "participants drop out of the analysis, or are excluded"
        )


def test_potential_outcomes_of_the_estimands_by_hand():
    trials = draw_trials(switching("composite"), None, 3, 300, 2)
    control, treated = trials.eligible.success
    switches = trials.participants_.would_switch
    first, second, who = ideal(switching("composite"), trials.participants_, 1.0)
    assert np.array_equal(first, control & ~switches[0])
    assert np.array_equal(second, treated & ~switches[1])
    assert who.all()
    first, second, who = ideal(switching("treatment policy"), trials.participants_, 1.0)
    assert np.array_equal(first, np.where(switches[0], treated, control))
    assert np.array_equal(second, np.where(switches[1], control, treated))
    first, second, who = ideal(switching("hypothetical"), trials.participants_, 1.0)
    assert np.array_equal((first, second), (control, treated))
    assert who.all()
    who = ideal(switching("excluded"), trials.participants_, 1.0)[2]
    assert np.array_equal(who, ~switches[0] & ~switches[1])


@pytest.fixture(scope="module")
def four():
    design = read_design("four-estimands")[0]
    out = simulate_design(design, scenario_of(design), [(600, 1.0)], seed=5, replicates=400)
    return {one.name: one for one in each_endpoint(design, out[600, 1.0])}


def test_four_estimands_of_one_effect_are_compared(four):
    success, stratum, excluded, failure = (
        four[name] for name in ("success", "stratum", "excluded", "failure")
    )
    # In the same participants: the effect is entirely among those operated under either arm.
    assert stratum.truth.value > success.truth.value > 2 * failure.truth.value > 0
    assert excluded.truth.value == stratum.truth.value
    for one in (success, stratum, failure):
        assert abs(one.bias.z) < 3.5, one.name
        assert abs(one.coverage.value - 0.95) < 4 * one.coverage.mcse, one.name
    assert excluded.bias.z < -20
    assert success.alone.value > excluded.alone.value > failure.alone.value
    for words, one in (("principal stratum", stratum), ("excluded from", excluded)):
        assert f"no operation: {words}" in one.estimand
