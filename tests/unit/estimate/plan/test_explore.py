"""Subgroups, spline curves and mediation requested in a plan."""

import json

import numpy as np
import pytest
from scipy.special import expit

from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.heterogeneity.subgroups import adjust_p_values, subgroup_effects
from estimate.plan.analyse import analyse
from estimate.plan.choices import Subgroup
from estimate.plan.explore import assign
from estimate.plan.spec import Plan
from protocol.errors import InputError
from protocol.reading.documents import validate

COVARIATES = {
    "age_years": "numeric",
    "diagnosis": {"categorical": ["idiopathic", "orchitis", "azfc"]},
}
SUBGROUPS = {
    "age": {"by": "age_years", "cut": "< 32"},
    "cause": {
        "by": "diagnosis",
        "groups": {"idiopathic": ["idiopathic"], "definite": ["orchitis", "azfc"]},
    },
    "diagnosis": {"by": "diagnosis"},
}


def patients(n=600, missing=0.0):
    rng = np.random.default_rng(1)
    age = rng.normal(31, 4, n).round(1)
    diagnosis = rng.choice(3, n, p=[0.5, 0.25, 0.25])
    therapy = rng.random(n) < expit(0.3 + 0.8 * (diagnosis > 0))
    y = rng.random(n) < expit(-1 + 0.6 * therapy + 0.8 * (diagnosis > 0) - 0.02 * (age - 31) ** 2)
    age[rng.random(n) < missing] = np.nan
    names = np.array(["idiopathic", "orchitis", "azfc"])[diagnosis]
    return {"therapy": therapy, "y": y, "age_years": age, "diagnosis": names}


def plan(**changes):
    given = {
        "treatment": "therapy",
        "outcome": "y",
        "covariates": COVARIATES,
        "methods": ["unadjusted"],
        "subgroups": SUBGROUPS,
        "splines": ["age_years"],
        "mediation": ["cause"],
    }
    return validate({**given, **changes}, Plan, "plan.yaml")


@pytest.fixture(scope="module")
def found():
    return analyse(patients(), plan())


def data_of(age):
    n = len(age)
    return analysis_set(
        {"therapy": np.arange(n) % 2, "y": np.arange(n) // 2 % 2, "age_years": age},
        treatment="therapy",
        outcome="y",
        covariates={"age_years": Numeric()},
    )


@pytest.mark.parametrize(
    ("cut", "upper", "labels"),
    [
        ("< 35", [0, 1, 1, 0], ("age_years < 35", "age_years ≥ 35")),
        (">= 35", [0, 1, 1, 0], ("age_years < 35", "age_years ≥ 35")),
        ("> 35", [0, 0, 1, 0], ("age_years ≤ 35", "age_years > 35")),
        ("<=35.0", [0, 0, 1, 0], ("age_years ≤ 35", "age_years > 35")),
    ],
)
def test_the_sign_assigns_a_patient_at_the_cut(cut, upper, labels):
    data = data_of([34.9, 35, 35.1, 20])
    group, names = assign(data, Subgroup(by="age_years", cut=cut))
    assert group.tolist() == upper
    assert names == labels


def test_divisions_are_the_subgroup_estimators(found):
    data = analysis_set(patients(), treatment="therapy", outcome="y", covariates=plan().kinds)
    group = (data.covariates["age_years"] >= 32).astype(int)
    alone = subgroup_effects(data, group, ("a", "b"))
    ours = found.divisions[0]
    for a, b in zip(ours.separate, alone.separate, strict=True):
        assert a.estimate == b.estimate
    assert ours.p_value == alone.interaction.p_value
    assert ours.patients.sum() == 600
    assert [len(each.labels) for each in found.divisions] == [2, 2, 3]


def test_p_values_are_adjusted_for_the_number_of_divisions(found):
    record = found.record()["subgroups"]
    raw = [each["interaction_p"] for each in record]
    holm = [each["interaction_p_holm"] for each in record]
    assert holm == pytest.approx(adjust_p_values(raw, "Holm").tolist())
    assert max(holm) >= max(raw)


def test_a_nonlinear_association_is_found_and_its_curve_is_one_at_the_median(found):
    (shape,) = found.shapes
    assert shape.nonlinear_p < 0.05
    nearest = np.abs(shape.curve.x - shape.curve.reference).argmin()
    assert shape.curve.log_odds_ratio[nearest] == pytest.approx(0, abs=0.05)
    assert shape.curve.log_odds_ratio[0] < 0 > shape.curve.log_odds_ratio[-1]


def test_mediation_states_its_question(found):
    (record,) = found.record()["mediation"]
    assert "how much of the effect of definite on y runs through therapy" in record["reading"]
    effects = record["effects"]
    assert effects["acme"]["estimate"] + effects["ade"]["estimate"] == pytest.approx(
        effects["total"]["estimate"]
    )
    assert effects["acme"]["p_monte_carlo_error"] > 0


def test_imputed_divisions_and_curves_are_pooled():
    chosen = plan(missing={"method": "mice", "imputations": 3, "iterations": 2})
    found = analyse(patients(missing=0.2), chosen)
    assert {each.test for each in found.divisions} == {"D4"}
    assert "3 imputations" in found.divisions[0].separate[0].interval
    assert found.shapes[0].curve.log_odds_ratio.shape == (101,)
    assert 0 < found.shapes[0].nonlinear_p < 0.2
    json.dumps(found.record(), allow_nan=False)


def test_an_empty_subgroup_is_refused():
    with pytest.raises(InputError, match="no patient is in it"):
        analyse(
            patients(), plan(subgroups={"old": {"by": "age_years", "cut": "> 90"}}, mediation=[])
        )


def test_a_subgroup_without_the_outcome_is_a_labelled_result():
    table = patients()
    table["y"] = table["y"] & (table["diagnosis"] != "azfc")
    found = analyse(table, plan(splines=[], mediation=[]))
    last = found.divisions[-1]
    assert [bool(each.converged) for each in last.separate] == [True, True, False]
    assert found.record()["subgroups"][-1]["groups"][2]["separate"]["estimate"] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"subgroups": {"a": {"by": "age_years", "groups": {"x": ["1"], "y": ["2"]}}}},
            "age_years is a number; give a cut",
        ),
        ({"subgroups": {"a": {"by": "diagnosis", "cut": "< 1"}}}, "is categorical; give `groups`"),
        ({"subgroups": {"a": {"by": "bmi", "cut": "< 1"}}}, "declare bmi under covariates first"),
        (
            {"subgroups": {"a": {"by": "age_years", "cut": "under 35"}}},
            "subgroups.a.cut: 'under 35'",
        ),
        (
            {"subgroups": {"a": {"by": "age_years", "cut": "< 1", "groups": {"x": ["a"]}}}},
            "give cut or groups, not both",
        ),
        (
            {"subgroups": {"a": {"by": "diagnosis", "groups": {"x": ["azfc"], "y": ["orchitis"]}}}},
            "its groups must hold every level once",
        ),
        (
            {"subgroups": {"a": {"by": "diagnosis", "groups": {"x": ["azfc"]}}}},
            "two groups or more",
        ),
        ({"splines": ["diagnosis"]}, "diagnosis is categorical and has no curve"),
        ({"mediation": ["smoking"]}, "define smoking under subgroups first"),
        ({"mediation": ["diagnosis"]}, "diagnosis must have two groups"),
    ],
)
def test_questions_that_do_not_fit_the_covariates_are_refused(changes, message):
    with pytest.raises(InputError) as caught:
        plan(**changes)
    assert any(message in str(fault) for fault in caught.value.faults)


def test_reference_levels_of_the_plan_are_kept():
    assert plan().kinds["diagnosis"] == Categorical(("idiopathic", "orchitis", "azfc"))


def test_reri_of_every_group_but_the_first(found):
    record = found.record()["subgroups"][2]
    assert [each["reri"] is None for each in record["groups"]] == [True, False, False]
    division = found.divisions[2]
    for row, each in zip(division.reri, record["groups"][1:], strict=True):
        assert each["reri"]["conf_low"] < each["reri"]["estimate"] < each["reri"]["conf_high"]
        assert each["reri"]["estimate"] == row[0]
    assert 0 < record["reri_p"] < 1


def test_the_indirect_effect_is_reported_over_error_correlations():
    asked = plan(
        mediation_sensitivity=True, mediation_interaction=True, subgroups=SUBGROUPS, splines=[]
    )
    (pathway,) = analyse(patients(), asked).pathways
    record = pathway.record()
    assert record["e_value"]["point"] >= record["e_value"]["limit"] >= 1
    rho = record["error_correlation"]
    at_zero = rho["acme"][rho["rho"].index(0.0)]
    assert at_zero == pytest.approx(record["effects"]["acme"]["estimate"], abs=0.005)
    assert rho["acme"][0] > at_zero > rho["acme"][-1]
    assert record["effects"]["acme_0"] != record["effects"]["acme_1"]


def test_correlated_errors_are_pooled_over_imputations():
    table = patients(n=250, missing=0.1)
    asked = plan(
        mediation_sensitivity=True, splines=[],
        missing={"method": "mice", "imputations": 2, "iterations": 1},
    )  # fmt: skip
    (pathway,) = analyse(table, asked).pathways
    assert np.isfinite(pathway.correlation.acme).all()
    assert (pathway.correlation.std_error > 0).all()
