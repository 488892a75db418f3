"""The registry of endpoints: one list for tables, truth, recovery, power and exports."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pretese.io.export.standards.adam import _FLAGS
from pretese.recovery.design.study_spec import StudyPlan
from pretese.recovery.work.tasks import EstimateTask
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from protocol.reading.documents import validate
from simulate.cohort.draw import draw_cohort
from simulate.endpoints import ENDPOINTS, Endpoint, observed_outcome, potential_outcomes
from simulate.tables.study_tables import tables
from simulate.tables.table_columns import COLUMNS
from simulate.truth import ESTIMANDS
from tests.support.paper import paper

DOCS = Path(__file__).parents[3] / "docs"
every_endpoint = pytest.mark.parametrize("name", ENDPOINTS)


def cohort(replicates=2):
    return draw_cohort(paper(), 7, replicates)


def design(variable, **endpoint):
    message = {
        "id": "one", "title": "t", "question": "q", "participants": 200, "scenario": "rct-two-arm",
        "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
        "endpoint": {"variable": variable, "endpoint_month": 24, **endpoint},
    }  # fmt: skip
    return validate(message, DesignFile, "design")


@every_endpoint
def test_every_endpoint_has_a_truth_a_column_and_a_plan(name):
    assert any(each.outcome == name for each in ESTIMANDS)
    truth = {column.name for column in COLUMNS["truth"]}
    assert {f"{name}_untreated", f"{name}_treated"} <= truth
    assert StudyPlan(methods=("unadjusted",), outcome=name).outcome == name
    assert f"`{name}`" in (DOCS / "reference" / "design-file.md").read_text()


@every_endpoint
def test_the_truth_table_contains_both_potential_outcomes(name):
    drawn = cohort()
    truth = tables(drawn, 1)["truth"]
    for arm, reached in zip(("untreated", "treated"), potential_outcomes(drawn, name), strict=True):
        assert (truth[f"{name}_{arm}"] == reached[1]).all()


def test_an_endpoint_is_never_more_frequent_than_the_one_that_it_requires():
    names = ("any_sperm", "biochemical_pregnancy", "clinical_pregnancy", "live_birth")
    both = [potential_outcomes(cohort(), name) for name in names]
    for earlier, later in pairwise(both):
        for before, after in zip(earlier, later, strict=True):
            assert before[after].all()
            assert before.sum() > after.sum() > 0


def test_live_birth_is_that_of_the_patients_table_and_missing_if_lost_to_follow_up():
    changed = paper().model_dump(mode="json")
    changed["behaviour"]["lost_share"]["value"] = 0.2
    scenario = type(paper()).model_validate(changed)
    drawn = draw_cohort(scenario, 7, 1)
    patients = tables(drawn)["patients"]
    seen = observed_outcome(drawn, "live_birth")[0]
    icsi = patients["icsi"].to_numpy() == 1
    reported = patients["live_birth"].to_numpy(float, na_value=np.nan)
    assert np.array_equal(seen[icsi], reported[icsi], equal_nan=True)
    assert np.isnan(seen[icsi]).any()
    assert (seen[~icsi] == 0).all()


@pytest.mark.parametrize("name", ["clinical_pregnancy", "live_birth"])
def test_recover_estimates_what_follows_surgery(name):
    plan = StudyPlan(methods=("unadjusted",), outcome=name, scales=("risk difference",))
    rows = EstimateTask(paper(), None, 7, {"own": plan})(0, 3).to_pandas()
    untreated, treated = potential_outcomes(cohort(3), name)
    truth = treated.mean(1) - untreated.mean(1)
    assert rows["sate"].tolist() == pytest.approx(truth.tolist(), rel=1e-5)
    seen, gonadotropin_therapy = observed_outcome(cohort(3), name), cohort(3).gonadotropin_therapy
    arms = [
        np.nanmean(np.where(arm, seen, np.nan), 1)
        for arm in (gonadotropin_therapy, ~gonadotropin_therapy)
    ]
    assert rows["estimate"].tolist() == pytest.approx((arms[0] - arms[1]).tolist(), rel=1e-5)


@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name != "sperm_retrieved"])
def test_power_counts_the_same_endpoint(name):
    plan = design(name)
    trials = draw_trials(plan, scenario_of(plan), 3, 200, 2)
    drawn = draw_cohort(scenario_of(plan), 3, 2, patients=200)
    untreated, treated = potential_outcomes(drawn, name)
    expected = np.where(trials.arm == 1, treated, untreated)
    assert np.array_equal(observe(plan, trials, 1.0).outcome, expected)


def test_sperm_in_the_ejaculate_is_not_an_event_of_its_own_endpoint():
    events = {name: [each.event for each in design(name).endpoint.events] for name in
              ("sperm_in_ejaculate", "live_birth")}  # fmt: skip
    assert events["sperm_in_ejaculate"] == ["treatment switching"]
    assert events["live_birth"] == ["sperm in the ejaculate, no operation", "treatment switching"]


def test_an_unknown_endpoint_is_refused_with_the_list():
    with pytest.raises(InputError, match=r"choose from sperm_in_ejaculate, .*, live_birth"):
        design("ongoing_pregnancy")
    with pytest.raises(ValueError, match="there is no such endpoint"):
        StudyPlan(methods=("unadjusted",), outcome="sperm")


def test_the_flags_of_adsl_are_in_the_order_of_the_patients():
    assert [variable for _, variable, _ in _FLAGS] == [
        "EJACFL", "TESEFL", "RETRFL", "ICSIFL", "BIRTHFL",
    ]  # fmt: skip


def test_a_new_endpoint_is_one_entry_of_the_registry(monkeypatch):
    """Register an endpoint derived from others; recovery and power accept it."""
    twice = Endpoint(
        "two_transfers", "two embryo transfers", "everyone", "on the way", "transfers",
        along=lambda _, births: births.transferred.sum(-1) >= 2,
    )  # fmt: skip
    monkeypatch.setitem(ENDPOINTS, twice.name, twice)
    plan = StudyPlan(methods=("unadjusted",), outcome=twice.name, scales=("risk difference",))
    rows = EstimateTask(paper(), None, 7, {"own": plan})(0, 2).to_pandas()
    assert rows["estimate"].notna().all()
    assert rows["sate"].notna().all()
    asked = design(twice.name)
    assert observe(asked, draw_trials(asked, scenario_of(asked), 3, 200, 1), 1.0).outcome.any()
