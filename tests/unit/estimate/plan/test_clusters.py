"""Dependent rows: `cluster` in a plan, and cautions about the data."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.comparison.clustered import rate_difference, rates
from estimate.core.estimand import Estimand
from estimate.core.matrices import collinear_groups
from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from protocol.errors import InputError

R = Path(__file__).parents[3] / "reference" / "r"
ICSI = pd.read_csv(R / "icsi138.csv")
CLUSTERED = ("unadjusted", "adjusted", "modified-poisson", "iptw-ate", "g-computation", "aipw")


def oocytes(couples=ICSI):
    """Return one row per oocyte, with its fertilisation outcome."""
    rows = couples.loc[couples.index.repeat(couples["oocytes"])].reset_index(drop=True)
    pairs = zip(couples["oocytes"], couples["pn2"], strict=True)
    rows["y"] = np.concatenate([np.arange(n) < k for n, k in pairs]).astype(int)
    return rows


def plan(**fields):
    given = {"treatment": "therapy", "outcome": "y", "methods": ("unadjusted",), "cluster": "pid"}
    return Plan(**(given | fields))


def test_gee_equals_geepack_and_independence_equals_the_ratio_of_sums():
    expected = json.loads((R / "g18_outcomes.json").read_text())["gee_exchangeable"]
    found = analyse(oocytes(), plan(methods=("gee",), covariates={"n_et": "numeric"}))
    (answer,) = found.estimates
    assert np.log(answer.estimate) == pytest.approx(expected["est"][1], abs=1e-6)
    assert answer.std_error == pytest.approx(expected["se"][1], abs=1e-6)


def test_the_unadjusted_difference_is_that_of_couples_as_units():
    difference = analyse(oocytes(), plan()).estimates[0]
    ours = rate_difference(
        rates(ICSI["pn2"], ICSI["oocytes"], ICSI["therapy"]), Estimand("couples", "", "", "")
    )
    assert difference.estimate == pytest.approx(ours.estimate)
    assert difference.std_error == pytest.approx(ours.std_error, rel=0.01)
    assert difference.interval == "Wald, clustered by pid"


@pytest.mark.parametrize("method", CLUSTERED)
def test_rows_repeated_within_clusters_carry_no_information(method):
    """Four identical rows per patient in one cluster give the result of one row."""
    rng = np.random.default_rng(5)
    once = pd.DataFrame(
        {"therapy": np.arange(300) % 2, "x": rng.normal(size=300), "pid": range(300)}
    )
    once["y"] = (rng.random(300) < 0.3 + 0.2 * once["therapy"]).astype(int)
    asked = plan(methods=(method,), covariates={"x": "numeric"})
    alone = analyse(once, asked).estimates[0]
    together = analyse(pd.concat([once] * 4, ignore_index=True), asked).estimates[0]
    assert together.estimate == pytest.approx(alone.estimate, rel=1e-6)
    assert together.std_error == pytest.approx(alone.std_error, rel=1e-4)
    assert together.p_value == pytest.approx(alone.p_value, rel=1e-3)


def test_rows_of_independent_clusters_are_as_precise_as_patients():
    rng = np.random.default_rng(6)
    patients = {"therapy": np.arange(400) % 2, "y": rng.integers(0, 2, 400), "pid": np.arange(400)}
    clustered = analyse(patients, plan()).estimates[2]
    independent = analyse(patients, plan(cluster=None)).estimates[2]
    assert clustered.std_error == pytest.approx(independent.std_error, rel=0.01)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"methods": ("firth",), "covariates": {"x": "numeric"}}, "`firth` takes rows as indep"),
        ({"methods": ("gee",), "cluster": None}, "`gee` needs it"),
        ({"cluster": "therapy"}, "another column than treatment and outcome"),
    ],
)
def test_a_plan_that_cannot_allow_for_clusters_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        plan(**fields)


def test_an_uninformative_cluster_column_is_refused():
    table = {"therapy": [0, 1] * 4, "y": [0, 1, 1, 0] * 2, "pid": ["a"] * 8}
    with pytest.raises(InputError, match="all rows are one cluster"):
        analyse(table, plan())
    with pytest.raises(InputError, match="there is no such column"):
        analyse({"therapy": [0, 1], "y": [0, 1]}, plan())


def test_rows_without_a_cluster_are_excluded_and_counted():
    table = {"therapy": [0, 1] * 4, "y": [0, 1, 1, 0] * 2, "pid": [1, 1, 2, 2, 3, None, 4, 4]}
    assert analyse(table, plan()).record()["missing"]["excluded"] == {"pid is missing": 1}


def test_repeated_identifiers_are_cautioned_about_and_single_ones_are_not():
    rows = oocytes()[["pid", "therapy", "y"]].rename(columns={"pid": "couple ID"})
    (caution,) = analyse(rows, plan(cluster=None)).cautions
    assert caution.startswith("couple ID has 138 values in")
    single = rows.assign(**{"couple ID": range(len(rows))})
    assert analyse(single, plan(cluster=None)).cautions == ()


def test_few_clusters_and_collinear_covariates_are_cautioned_about():
    rng = np.random.default_rng(3)
    fsh = rng.normal(15, 4, 120)
    table = pd.DataFrame({"therapy": np.arange(120) % 2, "y": rng.integers(0, 2, 120), "fsh": fsh})
    table["fsh_other_unit"], table["centre"] = 3.1 * fsh, np.arange(120) % 3
    table.loc[::4, "fsh"], table.loc[1::4, "fsh_other_unit"] = np.nan, np.nan
    asked = Plan(
        treatment="therapy", outcome="y", methods=("adjusted",), cluster="centre",
        covariates={"fsh": "numeric", "fsh_other_unit": "numeric"},
        missing={"method": "mice", "imputations": 4, "iterations": 4},
    )  # fmt: skip
    few, collinear = analyse(table, asked).cautions
    assert few.startswith("centre has 3 clusters; cluster-robust errors need about 40")
    assert collinear.startswith("fsh and fsh_other_unit are nearly collinear")


def test_a_sum_of_two_columns_is_found_collinear():
    a, b, c = np.random.default_rng(1).normal(size=(3, 50))
    groups = collinear_groups({"a": a, "b": b, "c": c, "sum": a + b})
    assert groups == [("a", "b", "sum")]


def test_pairs_that_differ_are_cautioned_about():
    x = np.r_[np.linspace(0, 1, 40), np.linspace(0.6, 2.5, 60)]
    table = {"therapy": [0] * 40 + [1] * 60, "y": [0, 1] * 50, "x": x}
    found = analyse(table, plan(cluster=None, methods=("matching",), covariates={"x": "numeric"}))
    (caution,) = found.cautions
    assert caution.startswith("matching leaves a standardised difference of")
