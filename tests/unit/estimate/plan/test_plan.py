"""Validation of a plan: accepted and rejected fields."""

import pytest

from estimate.core.columns import Categorical, Numeric
from estimate.plan.spec import Plan
from protocol.errors import InputError
from protocol.reading.documents import parse_document

GOOD = """
treatment: therapy
outcome: sperm_retrieved
covariates:
  age_years: numeric
  diagnosis: {categorical: [idiopathic, cryptorchidism, orchitis, azfc]}
methods: [unadjusted, adjusted, iptw-ate, iptw-att, iptw-ato, matching, g-computation, aipw]
missing: {method: mice, imputations: 20, iterations: 10}
seed: 20220101
"""


def parse(text):
    return parse_document(text, Plan, where="plan.yaml")


def faults(old, new):
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        parse(GOOD.replace(old, new, 1))
    return [str(fault) for fault in caught.value.faults]


def test_the_documented_plan_is_read():
    plan = parse(GOOD)
    assert plan.kinds["age_years"] == Numeric()
    assert plan.kinds["diagnosis"] == Categorical(
        ("idiopathic", "cryptorchidism", "orchitis", "azfc")
    )
    assert plan.missing.method == "mice"
    assert plan.seed == 20220101


def test_missing_may_be_one_word():
    for word in ("complete-case", "none", "mice"):
        text = GOOD.replace("{method: mice, imputations: 20, iterations: 10}", word)
        assert parse(text).missing.method == word


def test_levels_may_be_numbers():
    plan = parse(GOOD.replace("[idiopathic, cryptorchidism, orchitis, azfc]", "[1, 2, 3]"))
    assert plan.kinds["diagnosis"] == Categorical(("1", "2", "3"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "treatment: therapy",
            "treatmnt: therapy",
            "treatmnt: there is no such field; did you mean",
        ),
        ("age_years: numeric", "age_years: number", "write `numeric`, or `categorical: [ref"),
        (
            "categorical: [idiopathic, cryptorchidism, orchitis, azfc]",
            "categorical: [a]",
            "list two",
        ),
        ("cryptorchidism, orchitis", "orchitis, orchitis", "a level is listed twice"),
        ("[unadjusted, adjusted", "[unadjusted, unadjusted", "a method is listed twice"),
        ("[unadjusted, adjusted", "[unadjusted, adjsted", "methods.1: 'adjsted' is not allowed"),
        ("iterations: 10", "iterations: 0", "missing.iterations: 0 is not allowed"),
        ("method: mice", "method: mean", "missing.method: 'mean' is not allowed"),
        ("seed: 20220101", "seed: -1", "seed: -1 is not allowed"),
        ("outcome: sperm_retrieved", "outcome: therapy", "name another column than the treatment"),
        (
            "age_years: numeric",
            "therapy: numeric",
            "take the treatment (therapy) out of the covariates",
        ),
        ("seed:", "propensity: [bmi]\nseed:", "declare bmi under covariates first"),
        ("seed:", "models: {small: [bmi]}\nseed:", "declare bmi under covariates first"),
        ("seed:", "matching: {exact: age_years}\nseed:", "age_years is not a categorical"),
        (
            "seed:",
            "matching: {caliper_percent: 0}\nseed:",
            "matching.caliper_percent: 0 is not allowed",
        ),
        ("seed:", "trim_percent: [10, 110]\nseed:", "two numbers from 0 to 100"),
        ("seed:", "truncate_percent: [99, 1]\nseed:", "the smaller first"),
        ("seed:", "strata: [diagnosis]\nseed:", "only `g-computation-randomised` uses strata"),
        ("seed:", "strata: [age_years]\nseed:", "age_years is a number; blocks are permuted"),
        ("seed:", "mediation_sensitivity: true\nseed:", "name a division under mediation first"),
        ("iterations: 10", "predictors: {bmi: [age_years]}", "declare bmi under covariates first"),
        ("iterations: 10", "predictors: {age_years: [bmi]}", "declare bmi under covariates first"),
        ("iterations: 10", "predictors: {age_years: [age_years]}", "cannot be imputed from itself"),
        (
            "method: mice, imputations: 20, iterations: 10",
            "method: none, predictors: {age_years: [diagnosis]}",
            "predictors are for `method: mice`",
        ),
        ("seed:", "changes: {FSH: {before: fsh}}\nseed:", "changes.FSH.after"),
        ("seed:", "intercurrent: [{event: x, strategy: ignore}]\nseed:", "intercurrent.0.strategy"),
    ],
)
def test_a_faulty_plan_is_refused_by_field(old, new, message):
    assert any(message in fault for fault in faults(old, new))


def test_methods_that_need_covariates_are_refused_without_them():
    with pytest.raises(InputError, match="aipw needs covariates"):
        parse("treatment: a\noutcome: b\nmethods: [unadjusted, aipw]")
