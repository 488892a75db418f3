"""Sampling weights, kinds of errors, entropy balancing, two partners to one, against R (g19)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.causal.entropy_balancing import entropy_balanced, entropy_risks, entropy_weights
from estimate.causal.matched_effects import matched_effects
from estimate.causal.matching import match_nearest
from estimate.causal.propensity import propensity
from estimate.comparison.two_risks import clustered_risks
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.outcomes.measurements import ancova
from estimate.regression.adjustment import adjusted
from estimate.regression.poisson import modified_poisson

R = Path(__file__).parents[1] / "r"
G19 = json.loads((R / "g19_weights_and_errors.json").read_text(encoding="utf-8"))
COHORT = pd.read_csv(R / "cohort542_full.csv").assign(
    w=G19["sampled"]["weight"], centre=G19["sampled"]["centre"]
)
DX = Categorical(("idiopathic", "cryptorchidism", "orchitis", "azfc"))
KINDS = {name: Numeric() for name in ("age", "dur", "vol")} | {"dx": DX, "fsh": Numeric()}


def study(outcome="y", kinds=KINDS, table=COHORT, **options):
    columns = {name: table[name] for name in table}
    return analysis_set(columns, treatment="therapy", outcome=outcome, covariates=kinds, **options)


def close(answer, expected, *, log=True):
    value = np.log(answer.estimate) if log else answer.estimate
    assert value == pytest.approx(expected["est"][1], rel=1e-6)
    assert answer.std_error == pytest.approx(expected["se"][1], rel=1e-6)


def test_weighted_risks_are_those_of_a_survey():
    found = clustered_risks(study(sampling="w"))
    expected = G19["sampled"]["risks"]
    assert [found.untreated, found.treated] == pytest.approx(expected["est"], rel=1e-9)
    assert np.diag(found.cov)[::-1] == pytest.approx(np.diag(expected["cov"]), rel=1e-9)


def test_regressions_of_a_survey():
    data = study(sampling="w")
    close(adjusted(data), G19["sampled"]["logistic"])
    close(modified_poisson(data), G19["sampled"]["poisson"])
    linear = ancova(study("t", sampling="w", outcome_kind="continuous"))
    close(linear, G19["sampled"]["linear"], log=False)
    assert linear.p_value == pytest.approx(G19["sampled"]["linear"]["p"][1], rel=1e-6)


def test_a_survey_of_centres():
    data = study(sampling="w", cluster="centre")
    close(adjusted(data), G19["sampled"]["logistic_centre"])


@pytest.mark.parametrize("kind", ["HC0", "HC1", "HC2", "HC3"])
def test_kinds_of_errors(kind):
    logistic = adjusted(study(), errors=kind)
    assert logistic.std_error == pytest.approx(G19["errors"]["logistic"][kind], rel=1e-7)
    linear = ancova(study("t", outcome_kind="continuous"), errors=kind)
    assert linear.std_error == pytest.approx(G19["errors"]["linear"][kind], rel=1e-9)


@pytest.mark.parametrize(("name", "target", "outcome"), [
    ("ate", "ate", "y"), ("att", "att", "y"), ("ate_t", "ate", "t"),
])  # fmt: skip
def test_entropy_balancing(name, target, outcome):
    kind = "binary" if outcome == "y" else "continuous"
    data = study(outcome, outcome_kind=kind)
    found = entropy_risks(data, entropy_weights(data, target))
    expected = G19["entropy"][name]
    assert [found.treated, found.untreated] == pytest.approx(expected["means"], rel=1e-8)
    assert found.cov == pytest.approx(np.array(expected["cov"]), rel=1e-6)


def test_weights_of_entropy_balancing():
    data = study()
    weights = entropy_weights(data, "att").value
    assert (weights[data.treatment > 0] == 1).all()
    assert weights[data.treatment == 0] == pytest.approx(G19["entropy"]["weights_att"], rel=1e-6)
    assert entropy_balanced(data, entropy_weights(data, "att"))[0].converged


def test_two_partners_for_one():
    few = pd.concat([COHORT[COHORT.therapy == 0][:90], COHORT[COHORT.therapy == 1]])
    data = study(table=few)
    score = propensity(data)
    found = match_nearest(data, score, "untreated", on="score", ratio=2, order="smallest")
    expected = G19["two_to_one"]
    weight = dict(zip(expected["id"], expected["weight"], strict=True))
    sets = dict(zip(expected["id"], expected["set"], strict=True))
    used = found.pair >= 0
    ours = pd.Series(found.pair[used], index=few["id"].to_numpy()[used])
    assert set(ours.index) == set(sets)
    partners = {frozenset(members) for members in ours.groupby(ours).groups.values()}
    theirs = pd.Series(sets)
    assert partners == {frozenset(members) for members in theirs.groupby(theirs).groups.values()}
    assert found.weights[used] == pytest.approx([weight[i] for i in ours.index])
    for answer, key in zip(matched_effects(data, found), ("rd", "rr", "or"), strict=True):
        value = answer.estimate if key == "rd" else np.log(answer.estimate)
        assert value == pytest.approx(expected[key]["est"], rel=1e-7)
        assert answer.std_error == pytest.approx(expected[key]["se"], rel=1e-6)
