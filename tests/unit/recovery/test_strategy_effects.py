"""Dynamic strategies in a study: each replicate as `pretese analyse` reads its tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import pretese as pt
from pretese.recovery.design.library import load_library
from pretese.recovery.design.study_spec import STRATEGY_STEPS, StudyPlan
from pretese.recovery.work.known_effects import known_effects
from pretese.recovery.work.strategy_effects import strategy_effects
from pretese.recovery.work.tasks import EstimateTask
from protocol.errors import InputError
from protocol.reading.documents import read_document
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario

EXAMPLE = Path(__file__).parents[3] / "docs/examples/strategies.yaml"
PATIENTS = 300


@pytest.fixture(scope="module")
def plan():
    return read_document(EXAMPLE, StudyPlan).model_copy(update={"bootstrap_samples": 50})


@pytest.fixture(scope="module")
def cohort():
    return draw_cohort(load_scenario("fsh-at-discretion"), 5, 2, patients=PATIENTS)


def test_the_example_is_the_plan_of_the_library(plan):
    ours = load_library().plans["dynamic"]
    same = {"strategies", "outcome", "methods", "covariates"}
    assert plan.model_dump(include=same) == ours.model_dump(include=same)


def test_a_replicate_is_what_analyse_finds_in_its_tables(plan, cohort):
    found = {(each.method, each.scale): each for each in strategy_effects(cohort, plan)}
    study = pt.scenario("fsh-at-discretion").simulate(patients=PATIENTS, seed=5)
    seen = study.patients[["sperm_in_ejaculate", "sperm_retrieved"]]
    patients = study.patients.assign(any_sperm=seen.fillna(0).max(axis=1))
    written = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")) | {"bootstrap_samples": 50}
    analysed = pt.analyse(
        patients, written, visits=study.visits, injections=study.injections, progress=False
    )
    shown = {
        (each["method"].split(":")[0], each["scale"]): each
        for each in analysed.to_dict()["strategies"]["estimates"]
    }
    names = {"clone-censor-weight": "clone-censor-weight",
             "per-protocol": "per-protocol, unweighted", "g-formula": "g-formula"}  # fmt: skip
    for scale in plan.scales:
        for ours, theirs in names.items():
            expected = shown[theirs, scale]["estimate"]
            assert found[ours, scale].estimate[0] == pytest.approx(expected, rel=1e-5)
        error = shown["clone-censor-weight", scale]["std_error"]
        assert found["clone-censor-weight", scale].std_error[0] == pytest.approx(error, rel=1e-5)


def test_every_step_is_stored_beside_its_true_effect(plan, cohort):
    task = EstimateTask(cohort.scenario, PATIENTS, 5, {"own": plan})
    table = task(0, 2).to_pandas()
    assert list(dict.fromkeys(table["method"])) == ["unadjusted", *STRATEGY_STEPS]
    truth = known_effects(cohort, plan)["ate", "risk difference"]
    rows = table[(table["method"] == "g-formula") & (table["scale"] == "risk difference")]
    assert rows["sate"].to_numpy() == pytest.approx(truth, abs=1e-6)
    assert np.isfinite(table["std_error"]).all()
    alone = task(1, 1).to_pandas()
    later = table[table["replicate"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(later.astype(alone.dtypes), alone)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compare": {"a": "always", "b": "fsh_iu_l <= 11.1"}, "decided_if": []}, "untreated arm"),
        ({"compare": {"a": "never", "b": "fsh_iu_l <= 3"}}, "of the treated arm follow it"),
    ],
)
def test_strategies_that_are_not_those_of_the_arms_are_refused(plan, cohort, changes, words):
    written = plan.strategies.model_dump() | changes
    other = StudyPlan.model_validate(plan.model_dump() | {"strategies": written})
    with pytest.raises(InputError, match=words):
        list(strategy_effects(cohort, other))


@pytest.mark.parametrize(
    ("strategies", "words"),
    [
        ({"compare": {"a": "never", "b": "always", "c": "fsh_iu_l < 9"}}, "compare two strategies"),
        ({"structural_model": {}}, "its true effect is not simulated"),
    ],
)
def test_a_study_refuses_strategies_without_a_known_effect(plan, strategies, words):
    written = plan.strategies.model_dump() | strategies
    with pytest.raises(ValueError, match=words):
        StudyPlan.model_validate(plan.model_dump() | {"strategies": written})


def test_a_study_has_other_errors_but_no_bootstrap():
    bare = {"methods": ["adjusted"], "covariates": ["age_years"]}
    assert StudyPlan.model_validate(bare | {"errors": "HC3"}).choices.errors == {"adjusted": "HC3"}
    with pytest.raises(ValueError, match="bootstrap is not available in a study"):
        StudyPlan.model_validate(bare | {"errors": "bootstrap"})
