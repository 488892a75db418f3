"""Subgroups in a study are those of `pretese analyse`, together with their true effects."""

import numpy as np
import pandas as pd
import pytest

from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from pretese.recovery.design.study_spec import StudyPlan
from pretese.recovery.work.known_effects import known_effects
from pretese.recovery.work.subgroup_effects import subgroup_names
from pretese.recovery.work.tasks import EstimateTask
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import DIAGNOSES
from simulate.scenario.load import load_scenario

#: Blocks of estimates keep six significant digits.
KEPT = 6e-6

DIVISIONS = {
    "cause": {
        "by": "diagnosis",
        "groups": {"idiopathic": ["idiopathic"], "definite": list(DIAGNOSES[1:])},
    },
    "wait": {"by": "infertility_duration_years", "cut": "> 3"},
}
COVARIATES = ("diagnosis", "infertility_duration_years", "testis_volume_ml", "fsh_iu_l")


def plan(**changes):
    return StudyPlan(
        methods=("unadjusted",), covariates=COVARIATES, **({"subgroups": DIVISIONS} | changes)
    )


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("paper")


@pytest.mark.parametrize(
    "missing", ["complete-case", {"method": "mice", "imputations": 3, "iterations": 2}]
)
def test_a_replicate_holds_what_analyse_prints_of_it(scenario, missing, monkeypatch):
    kinds = {
        name: {"categorical": list(DIAGNOSES)} if name == "diagnosis" else "numeric"
        for name in COVARIATES
    }
    asked = Plan(
        treatment="gonadotropin_therapy", outcome="y", covariates=kinds, methods=("unadjusted",),
        subgroups=DIVISIONS, missing=missing,
    )  # fmt: skip
    cohort = draw_cohort(scenario, 4, 1, 2, 500)
    table = pd.DataFrame({name: cohort.baseline[name][0] for name in COVARIATES[1:]})
    table["diagnosis"] = np.array(DIAGNOSES)[cohort.patients.diagnosis[0]]
    table["gonadotropin_therapy"], table["y"] = (
        cohort.gonadotropin_therapy[0],
        cohort.observed("any_sperm")[0],
    )
    # both analyses impute missing values with the same random numbers
    make = np.random.default_rng
    monkeypatch.setattr("numpy.random.default_rng", lambda *_: make(99))
    found = EstimateTask(scenario, 500, 4, {"p": plan(missing=missing)})(2, 1).to_pandas()
    found = found[found["scale"] == "odds ratio"].set_index("method")
    for division in analyse(table, asked).divisions:
        first, second = (label.removeprefix(f"{COVARIATES[1]} ") for label in division.labels)
        for label, each in zip((first, second), division.separate, strict=True):
            row = found.loc[f"{division.name}: {label}"]
            assert row["estimate"] == pytest.approx(float(each.estimate), rel=KEPT)
            assert row["conf_low"] == pytest.approx(float(each.conf_low), rel=KEPT)
            assert row["p_value"] == pytest.approx(float(each.p_value), rel=KEPT)
        row = found.loc[f"{division.name}: {second} against {first}"]
        assert row["p_value"] == pytest.approx(division.p_value, rel=KEPT)
        together = float(division.joint[1].estimate) / float(division.joint[0].estimate)
        assert row["estimate"] == pytest.approx(together, rel=KEPT)


def test_the_truth_of_a_group_is_the_effect_put_into_it(scenario):
    changes = {
        "spermatogenesis.treatment.direct": 0.5,
        "spermatogenesis.treatment.long_infertility": 1.0,
    }
    cohort = draw_cohort(load_scenario("paper", changes), 8, 6, 0, 6000)
    found = known_effects(cohort, plan(subgroups={"wait": DIVISIONS["wait"]}))
    names = [name for name, _ in found if name.startswith("wait")]
    assert names == list(subgroup_names(plan(subgroups={"wait": DIVISIONS["wait"]})))
    short, long, ratio = (found[name, "odds ratio"] for name in names)
    for values, put_in in ((short, 0.5), (long, 1.5), (ratio, 1.0)):
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - put_in) < 4 * error + 0.03


def test_three_groups_are_each_compared_with_the_first():
    groups = {"a": ["idiopathic"], "b": ["cryptorchidism", "orchitis"], "c": ["azfc"]}
    names = subgroup_names(plan(subgroups={"cause": {"by": "diagnosis", "groups": groups}}))
    assert names == ("cause: a", "cause: b", "cause: c", "cause: b against a", "cause: c against a")


def test_an_empty_group_is_a_replicate_without_an_estimate(scenario):
    nobody = {"old": {"by": "infertility_duration_years", "cut": "> 90"}}
    found = EstimateTask(scenario, 200, 1, {"p": plan(subgroups=nobody)})(0, 3).to_pandas()
    groups = found[found["method"].astype(str).str.startswith("old")]
    assert len(groups) == 3 * 3
    assert groups["estimate"].isna().all()
    assert found[found["method"] == "unadjusted"]["estimate"].notna().all()
