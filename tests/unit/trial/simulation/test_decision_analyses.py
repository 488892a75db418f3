"""Trials that wait for their participants before they decide: simulated, reported, monitored."""

import numpy as np
import pytest

import pretese
from estimate.sequential.delayed.decision_analysis import critical_decision, delayed_exits
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.simulation.arm_comparison import analyse_trials
from pretese.trial.simulation.patient_level import run_block
from protocol.errors import InputError

MONITORING = {
    "analyses_percent": [50, 100],
    "futility": "OF",
    "binding": True,
    "alpha_percent": 10,
    "sides": 1,
    "decision_analysis": "balanced",
}
FIELDS = {
    "id": "waiting",
    "title": "Waiting",
    "question": "Does the trial wait?",
    "participants": 200,
    "risks": {"control_percent": 40, "treated_percent": 60},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [150]}],
    "endpoint": {"endpoint_month": 4},
    "monitoring": MONITORING,
}


def trial(**monitoring):
    return pretese.design({**FIELDS, "monitoring": {**MONITORING, **monitoring}})


def test_one_trial_by_hand():
    design = trial()._file
    plan, found = design.monitoring.plan(), run_block(design, None, 3, [(200, 1.0)], 0, 40)
    outcomes, trials = found[200, 1.0], draw_trials(design, None, 3, 200, 40)
    data = observe(design, trials, 1.0)
    row = int(np.flatnonzero(outcomes.crossed == 1)[0])
    due = trials.arrival_months[row, 99] + 4
    waited = int((trials.arrival_months[row] <= due).sum()) - 100
    assert outcomes.awaited[row] == waited > 20
    assert outcomes.recruited[row] == outcomes.analysed[row] == 100 + waited
    z = analyse_trials(data.cut(100 + waited)).statistic[row]
    assert outcomes.z[row] == pytest.approx(z)
    assert outcomes.interim_z[row] == pytest.approx(analyse_trials(data.cut(100)).statistic[row])
    critical = critical_decision(plan, 1, (100 + waited) / 200)
    assert outcomes.rejected[row] == (z >= critical)
    assert outcomes.months[row] == pytest.approx(trials.arrival_months[row, 99 + waited] + 4)


def test_simulated_trials_end_as_the_recursion_predicts():
    design = trial()._file
    found = run_block(design, None, 1, [(200, 0.0)], 0, 3000)[200, 0.0]
    exits = delayed_exits(design.monitoring.plan(), [50 / 200])
    for simulated, exact in (
        (found.rejected.mean(), exits.rejection.sum()),
        ((found.crossed == 1).mean(), exits.success[0] + exits.success_reversed[0]),
        ((found.crossed == -1).mean(), exits.futility[0] + exits.futility_reversed[0]),
    ):
        assert abs(simulated - exact) < 4 * (exact * (1 - exact) / 3000) ** 0.5


def test_the_document_shows_who_was_awaited_and_reversals():
    study = trial(decision_analysis="nominal", sides=2, futility=None, binding=False).power(
        replicates=60, progress=False
    )
    first, last = study.to_dict()["designs"][0]["points"][-1]["analyses"]
    assert 30 < first["awaited"]["value"] < 70
    assert first["futility_reversed"]["value"] == 0
    assert last["efficacy_reversed"]["value"] == 0
    assert "Decision analyses" in str(study)


def test_a_running_trial_decides_with_the_participants_awaited():
    pandas = pytest.importorskip("pandas")
    rows = [(16, 50, 34, 50), (30, 70, 40, 70)]
    names = ["control_events", "control_participants", "treated_events", "treated_participants"]
    found = trial(alpha_percent=2.5).monitor(
        pandas.DataFrame(rows, columns=names), overrunning=True
    ).to_dict()  # fmt: skip
    decision = found["overrunning"]["decision"]
    assert decision["rejects"] == (found["overrunning"]["z"] >= decision["critical_z"])
    plan = trial(alpha_percent=2.5)._file.monitoring.plan()
    assert decision["critical_z"] == pytest.approx(critical_decision(plan, 1, 0.7), abs=1e-4)
    assert found["analyses"][0]["recommendation"].startswith("stop recruitment (efficacy")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"futility": None, "binding": False}, "needs futility or harm boundaries"),
        ({"analyses_percent": [100], "futility": None, "binding": False}, "needs an interim"),
    ],
)
def test_plans_that_cannot_wait_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        trial(**changes)
