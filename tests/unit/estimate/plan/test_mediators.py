"""A plan with a mediator measured after treatment (treatment, hormone, sperm)."""

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from protocol.errors import InputError


def table(n=1500, direct=0.0, seed=2):
    rng = np.random.default_rng(seed)
    age, arm = rng.normal(33, 4, n), rng.integers(0, 2, n)
    hormone = 15 + 6 * arm - 0.2 * (age - 33) + rng.normal(0, 4, n)
    eta = -1 + 0.15 * (hormone - 18) + direct * arm - 0.03 * (age - 33)
    sperm = (rng.random(n) < 1 / (1 + np.exp(-eta))) * 1
    frame = pd.DataFrame({"arm": arm, "sperm": sperm, "age": age, "hormone": hormone.round(1)})
    frame.loc[:19, "hormone"] = np.nan
    return frame


def plan(**mediator):
    return {"treatment": "arm", "outcome": "sperm", "covariates": {"age": "numeric"},
            "methods": ["adjusted"], "seed": 4,
            "mediators": {"testosterone": {"column": "hormone", **mediator}}}  # fmt: skip


def effects(rows, **mediator):
    found = pt.analyse(rows, plan(**mediator), progress=False)
    (pathway,) = found.to_dict()["mediation"]
    assert (pathway["exposure"], pathway["mediator"]) == ("arm", "testosterone")
    return pathway["effects"], found


def test_a_fully_mediated_effect_is_attributed_to_the_hormone():
    found, analysis = effects(table(1000))
    assert found["acme"]["conf_low"] > 0
    assert found["ade"]["conf_low"] < 0 < found["ade"]["conf_high"]
    assert found["proportion"]["estimate"] == pytest.approx(1, abs=0.6)
    assert "of its effect through testosterone" in str(analysis)
    assert "mediation" in analysis.figures


def test_a_direct_effect_is_estimated_as_direct():
    found, _ = effects(table(900, direct=1.5))
    assert found["ade"]["conf_low"] > 0.05


def test_confounding_that_treatment_creates_is_cautioned_about():
    _, analysis = effects(table(200), post_treatment=["weight_loss"])
    words = " ".join(analysis.to_dict()["cautions"])
    assert "weight_loss may be changed by treatment" in words
    assert "not identified" in words
    _, plain = effects(table(200))
    assert "not identified" not in " ".join(plain.to_dict()["cautions"])


def test_a_covariate_that_treatment_changes_is_cautioned_about():
    _, analysis = effects(table(200), post_treatment=["age"])
    assert "age is a covariate although" in " ".join(analysis.to_dict()["cautions"])


def test_an_invalid_mediation_plan_is_refused():
    with pytest.raises(InputError, match="constant"):
        effects(table().assign(hormone=3.0))
    continuous = {**plan(), "outcome": {"column": "age", "kind": "continuous"}, "covariates": {}}
    continuous["methods"] = ["unadjusted"]
    with pytest.raises(InputError, match="two arms and a 0/1 outcome"):
        pt.analyse(table(), continuous, progress=False)
