"""Three treatments: multinomial score, weighted arms, regression, against R (g18, g19)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.methods.registry import METHODS
from estimate.methods.run_method import run_method
from estimate.methods.shared_work import Choices, Work
from estimate.multivalued_treatment.comparisons import SEVERAL
from estimate.multivalued_treatment.generalised_score import generalised_score, weighted_arms
from estimate.regression.multinomial import fit_multinomial

R = Path(__file__).parents[1] / "r"
G18, G19 = (
    json.loads((R / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("g18_outcomes", "g19_weights_and_errors")
)
THREE = G19["three_arms"]
COHORT = pd.read_csv(R / "cohort542_full.csv").assign(arm=THREE["arm"])
ARMS = ("none", "hcg", "both")
DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")


def study(outcome="y", treatment="arm", levels=ARMS, names=("age", "vol", "fsh"), **options):
    return analysis_set(
        {name: COHORT[name] for name in COHORT}, treatment=treatment, levels=levels,
        outcome=outcome, covariates=dict.fromkeys(names, Numeric()), **options,
    )  # fmt: skip


def test_multinomial_regression():
    X = np.column_stack([np.ones(len(COHORT)), COHORT[["age", "fsh", "vol"]]])
    y = np.array([DIAGNOSES.index(each) for each in COHORT["dx"]])
    coef, cov = fit_multinomial(X[None], y[None], np.ones((1, len(y))), 4)
    assert coef[0] == pytest.approx(np.array(G18["multinomial"]["est"]), rel=1e-5, abs=1e-7)
    prob = np.exp(np.c_[np.zeros(len(y)), X @ coef[0].T])
    prob /= prob.sum(1, keepdims=True)
    loglik = np.log(prob[np.arange(len(y)), y]).sum()
    assert loglik == pytest.approx(G18["multinomial"]["loglik"], rel=1e-12)
    assert np.linalg.eigvalsh(cov[0]).min() > 0


def test_arms_weighted_by_the_score_of_four_classes():
    """svyglm treats the score as known; its estimate is the same."""
    data = study(treatment="dx", levels=DIAGNOSES, names=("age", "fsh", "vol"))
    found = weighted_arms(data, generalised_score(data))
    odds = np.log(found.mean / (1 - found.mean))
    assert odds[1:] - odds[0] == pytest.approx(G18["gps"]["est"][1:], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "target", "outcome"), [("ate", "ate", "y"), ("ato", "ato", "y"), ("ate_t", "ate", "t")]
)
def test_weighted_means_and_their_covariance(name, target, outcome):
    kind = "binary" if outcome == "y" else "continuous"
    data = study(outcome, outcome_kind=kind)
    found = weighted_arms(data, generalised_score(data), target)
    assert found.mean == pytest.approx(THREE[name]["means"], rel=1e-9)
    assert found.cov == pytest.approx(np.array(THREE[name]["cov"]), rel=1e-5, abs=1e-9)


def test_regression_with_an_indicator_of_each_arm():
    answers = SEVERAL["binary"]["adjusted"](study(), Choices())
    assert [each.method for each in answers] == ["adjusted: hcg vs none", "adjusted: both vs none"]
    for answer, place in zip(answers, (1, 2), strict=True):
        assert np.log(answer.estimate) == pytest.approx(THREE["adjusted"]["est"][place], rel=1e-6)
        assert answer.std_error == pytest.approx(THREE["adjusted"]["se"][place], rel=1e-6)


def test_two_arms_as_levels_are_two_arms():
    """With only the arms none and hcg, every method gives the result for arms 0 and 1."""
    pair = COHORT[COHORT.arm != "both"]
    kinds = {"age": Numeric(), "fsh": Numeric(), "dx": Categorical(DIAGNOSES)}
    columns = {name: pair[name] for name in pair} | {"a": (pair.arm == "hcg") * 1}
    named = analysis_set(
        columns, treatment="arm", levels=("none", "hcg"), outcome="y", covariates=kinds
    )
    plain = analysis_set(columns, treatment="a", outcome="y", covariates=kinds)
    for method, run in SEVERAL["binary"].items():
        ours = run(replace(named), Choices())
        for each, other in zip(ours, run_method(METHODS[method], Work(plain)), strict=True):
            assert each.estimate == pytest.approx(float(other.estimate), rel=1e-7), method
            assert each.std_error == pytest.approx(float(other.std_error), rel=1e-5), method
