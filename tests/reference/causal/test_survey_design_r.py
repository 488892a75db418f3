"""Surveys with strata and clusters, and imputations of them, against R's survey package (g23)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.causal.propensity import propensity
from estimate.causal.weighting import weighted_risks, weights
from estimate.comparison.two_risks import clustered_risks
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.imputation.rubins_rules import pool_estimates
from estimate.methods.shared_work import Choices
from estimate.multivalued_treatment.comparisons import SEVERAL
from estimate.multivalued_treatment.generalised_score import generalised_score, weighted_arms
from estimate.outcomes.measurements import ancova
from estimate.regression.adjustment import adjusted
from estimate.regression.poisson import modified_poisson

R = Path(__file__).parents[1] / "r"
G23 = json.loads((R / "g23_survey_design.json").read_text(encoding="utf-8"))
ARMS = ("none", "hcg", "both")


def designed(table):
    """Return the table with the survey design of the R script, derived from the row numbers."""
    n = len(table) // len(G23["weight"])
    design = {name: np.tile(G23[key], n) for name, key in
              (("w", "weight"), ("stratum", "stratum"), ("centre", "centre"))}  # fmt: skip
    arm = np.where(table.therapy == 0, "none", np.where(table.id % 2 == 0, "hcg", "both"))
    return table.assign(**design, arm=arm)


COHORT = designed(pd.read_csv(R / "cohort542_full.csv"))
IMPUTED = designed(pd.read_csv(R / "completed10.csv"))
DX = Categorical(("idiopathic", "cryptorchidism", "orchitis", "azfc"))
KINDS = {name: Numeric() for name in ("age", "dur", "vol")} | {"dx": DX, "fsh": Numeric()}
FEW = {name: Numeric() for name in ("age", "vol", "fsh")}
SURVEY = {"sampling": "w", "strata": "stratum"}
DESIGN = {**SURVEY, "cluster": "centre"}


def study(outcome="y", kinds=KINDS, table=COHORT, treatment="therapy", **options):
    columns = {name: np.asarray(table[name]) for name in table}
    return analysis_set(columns, treatment=treatment, outcome=outcome, covariates=kinds, **options)


def imputations(kinds, treatment="therapy", **options):
    """Return the ten imputations as one analysis set with a leading axis."""
    shape = (10, -1)
    columns = {name: np.asarray(IMPUTED[name], object).reshape(shape) for name in IMPUTED}
    return analysis_set(columns, treatment=treatment, outcome="y", covariates=kinds, **options)


def close(answer, expected, *, log=True):
    value = np.log(answer.estimate) if log else answer.estimate
    assert value == pytest.approx(expected["est"], rel=1e-6)
    assert answer.std_error == pytest.approx(expected["se"], rel=1e-6)
    assert answer.p_value == pytest.approx(expected["p"], rel=1e-6)


@pytest.mark.parametrize(("design", "key"), [(DESIGN, "arms"), (SURVEY, "arms_of_patients")])
def test_risks_of_the_arms(design, key):
    found = clustered_risks(study(**design))
    assert [found.untreated, found.treated] == pytest.approx(G23[key]["est"], rel=1e-9)
    assert found.cov[::-1, ::-1] == pytest.approx(np.array(G23[key]["cov"]), rel=1e-8)


def test_regressions():
    data = study(**DESIGN)
    assert data.df == G23["degf"]
    close(adjusted(data), G23["logistic"])
    close(adjusted(study(**SURVEY)), G23["logistic_of_patients"])
    close(modified_poisson(data), G23["poisson"])
    linear = ancova(study("t", outcome_kind="continuous", **DESIGN))
    close(linear, G23["linear"], log=False)


@pytest.mark.parametrize(("outcome", "kind", "key"), [
    ("y", "binary", "ate"), ("t", "continuous", "ate_t"),
])  # fmt: skip
def test_weighted_comparison(outcome, kind, key):
    data = study(outcome, outcome_kind=kind, **DESIGN)
    score = propensity(data)
    found = weighted_risks(data, score, weights(data, score, "ate"), errors="M-estimation")
    assert [found.treated, found.untreated] == pytest.approx(G23[key]["means"], rel=1e-7)
    assert found.cov == pytest.approx(np.array(G23[key]["cov"]), rel=1e-6)


@pytest.mark.parametrize("target", ["ate", "ato"])
def test_three_treatments(target):
    data = study(kinds=FEW, treatment="arm", levels=ARMS, **DESIGN)
    found = weighted_arms(data, generalised_score(data), target)
    expected = G23[f"three_{target}"]
    assert found.mean == pytest.approx(expected["means"], rel=1e-7)
    assert found.cov == pytest.approx(np.array(expected["cov"]), rel=1e-6)


def test_imputations_of_a_survey_have_the_degrees_of_freedom_of_the_design():
    data = imputations(KINDS, **DESIGN)
    expected = G23["imputed"]
    assert int(data.df.min()) == expected["df_complete"]
    pooled = pool_estimates(adjusted(data), df_complete=expected["df_complete"])
    assert np.log(pooled.estimate) == pytest.approx(expected["est"], rel=1e-7)
    assert pooled.std_error == pytest.approx(expected["se"], rel=1e-7)


def test_imputations_of_three_treatments():
    data = imputations(FEW, "arm", levels=ARMS)
    answers = SEVERAL["binary"]["adjusted"](data, Choices())
    for answer, expected in zip(answers, G23["imputed_arms"], strict=True):
        pooled = pool_estimates(answer, df_complete=536)
        assert np.log(pooled.estimate) == pytest.approx(expected["est"], rel=1e-6)
        assert pooled.std_error == pytest.approx(expected["se"], rel=1e-6)
