"""The true conditional odds ratio, from large trials with both arms of every patient."""

import numpy as np
import pytest

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import simulate_participants
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.design_reader import read_design
from pretese.trial.measures.performance import measures
from pretese.trial.measures.summary import summarise_point
from pretese.trial.simulation.conditional_effect import given_truths
from pretese.trial.simulation.engine import simulate_design
from protocol.reading.documents import validate

EIGHT = read_design("minimisation-eight-sites")[0]
PLAIN = {
    "id": "plain",
    "title": "Two sites alike",
    "question": "Does it work?",
    "participants": 300,
    "risks": {"control_percent": 40, "treated_percent": 60},
    "sites": [
        {"name": "one", "from_month": [0], "recruitment_per_year": [60]},
        {"name": "two", "from_month": [0], "recruitment_per_year": [30]},
    ],
    "endpoint": {"endpoint_month": 4},
    "analysis": {"method": "mixed"},
}


def analysed(**analysis):
    # Blocks, so that a large trial is simulated fast.
    plan = {**EIGHT.model_dump(), "analysis": analysis, "randomisation": {"method": "blocks"}}
    return validate(plan, DesignFile, "test")


def log_odds(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize(("allocation", "effect"), [((1, 1), 0.5), ((1, 2), 1.0)])
def test_for_homogeneous_participants_it_equals_the_marginal_one(allocation, effect):
    design = validate({**PLAIN, "allocation": allocation}, DesignFile, "test")
    value, mcse = given_truths(design, None, 1, effect)
    assert 0 < mcse[0] < 0.01
    assert abs(value[0] - (log_odds(0.4 + 0.2 * effect) - log_odds(0.4))) < 4 * mcse[0]
    assert given_truths(design, None, 1, 0.0)[0] == 0


def test_marginal_analyses_have_none():
    assert given_truths(analysed(method="logistic"), None, 1, 1.0) is None
    assert given_truths(EIGHT, None, 1, 1.0) is None


@pytest.mark.parametrize(
    "analysis",
    [
        {"method": "logistic", "covariates": ["fsh_iu_l"], "strata": ["site", "diagnosis"]},
        {"method": "mixed", "strata": ["diagnosis"]},
    ],
    ids=lambda each: each["method"],
)
def test_large_trials_converge_to_it_and_it_exceeds_the_marginal_one(analysis):
    design = analysed(**analysis)
    out = simulate_design(design, scenario_of(design), [(2400, 1.0)], seed=3, replicates=40)
    found = out[2400, 1.0]
    bias = measures(design, found)["bias"]
    assert abs(bias.z) < 3
    assert bias.mcse > found.given_truth_mcse[0, 0] > 0
    assert (found.given_truth == found.given_truth[0]).all()
    marginal = log_odds(found.risk_treated.mean()) - log_odds(found.risk_control.mean())
    assert found.given_truth[0, 0] > marginal + 3 * found.given_truth_mcse[0, 0]
    truth = summarise_point(design, 2400, 1.0, found)["truth"]["on_scale"]
    assert truth["value"] == found.given_truth[0, 0]


def test_large_trials_use_replicates_of_no_study():
    participants_ = simulate_participants(analysed(method="mixed"), scenario_of(EIGHT), 1, 1000, 2)
    assert participants_.site.shape == (2, 1000)
    # Sites are repeated as in a trial of the planned size.
    assert np.array_equal(participants_.site[:, :400], participants_.site[:, 600:])
    assert set(np.unique(participants_.site)) == set(range(8))
