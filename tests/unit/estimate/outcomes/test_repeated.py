"""Repeated measurements: agreement with R, exact cases, plans, input errors, known effects."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import pretese as pt
from estimate.core.analysis_set import Repeated
from estimate.core.complete_cases import analysis_set
from estimate.outcomes.mixed_model import fit_repeated
from estimate.outcomes.repeated import AVERAGE, repeated_differences
from protocol.errors import InputError

G24 = json.loads(
    (Path(__file__).parents[3] / "reference" / "r" / "g24_repeated.json").read_text("utf-8")
)
COVARIANCE = np.array([[4.0, 2.4, 1.6], [2.4, 6.0, 3.2], [1.6, 3.2, 9.0]])


def table():
    rows = np.array(G24["y"], float)
    visits = {f"m{k + 1}": rows[:, k] for k in range(3)}
    return pd.DataFrame({"arm": G24["arm"], "t0": G24["base"], "age": G24["age"], **visits})


def plan(**changes):
    return {
        "treatment": "arm",
        "outcome": {"visits": ["m1", "m2", "m3"], "baseline": "t0"},
        "covariates": {"t0": "numeric", "age": "numeric"},
        "methods": ["adjusted"],
        **changes,
    }


def test_values_errors_and_degrees_of_freedom_are_those_of_r():
    rows = table()
    n, visits = len(rows), 3
    X = np.zeros((n, visits, 10))
    for k in range(visits):
        X[:, k, k], X[:, k, 3 + k], X[:, k, 6 + k] = 1, rows["arm"], rows["t0"]
    X[:, :, 9] = rows[["age"]]
    fit = fit_repeated(rows[["m1", "m2", "m3"]].to_numpy(), X)
    assert fit.converged
    assert fit.covariance == pytest.approx(np.array(G24["covariance"]), rel=1e-8)
    average = np.r_[np.zeros(3), np.ones(3) / 3, np.zeros(4)]
    unit = np.eye(10)
    for of, expected in zip([*unit[3:6], average], [*G24["visits"], G24["average"]], strict=True):
        assert fit.contrast(of) == pytest.approx(
            (expected["est"], expected["se"], expected["df"]), rel=1e-8
        )
    assert np.sqrt(np.diag(fit.cov)[3:6]) == pytest.approx(G24["gls"]["se"], rel=1e-6)


def test_the_plan_gives_the_same_and_names_every_visit():
    found = pt.analyse(table(), plan(models={"baseline alone": ["t0"]}), progress=False)
    rows = found.estimates.set_index("method")
    for name, expected in zip(["m1", "m2", "m3"], G24["visits"], strict=True):
        row = rows.loc[f"adjusted: {name}"]
        half = stats.t.ppf(0.975, expected["df"]) * expected["se"]
        assert row["estimate"] == pytest.approx(expected["est"], rel=1e-6)
        assert row["conf_high"] - row["estimate"] == pytest.approx(half, abs=1e-7)
        assert row["estimand"].startswith(f"mean difference given t0, age of {name}")
    assert f"adjusted: {AVERAGE}" in rows.index
    assert "baseline alone: m2" in rows.index
    assert "mixed model for repeated measures" in found.to_html()


def test_the_primary_estimate_names_its_visit():
    asked = {"primary": {"method": "adjusted: m3", "effect": "mean difference"}}
    page = pt.analyse(table(), plan(**asked), progress=False).to_html()
    assert " at m3, +1.33" in page
    with pytest.raises(InputError, match=r"not a method of the plan.*\(adjusted: m1, adjusted: m2"):
        pt.plan(plan(primary={"method": "adjusted", "effect": "mean difference"}))


def test_without_gaps_each_visit_is_compared_as_by_a_t_test():
    rows = table().fillna(10.0)
    one = {"methods": ["unadjusted"], "outcome": {"visits": ["m1", "m2", "m3"]}}
    found = pt.analyse(rows, plan(**one), progress=False).estimates
    for name, row in zip(["m1", "m2", "m3"], found.itertuples(), strict=False):
        plain = stats.ttest_ind(rows[name][rows.arm == 1], rows[name][rows.arm == 0])
        assert row.statistic == pytest.approx(plain.statistic, abs=1e-7)
        assert row.p_value == pytest.approx(plain.pvalue, abs=1e-7)


def test_a_patient_without_any_visit_is_excluded_and_the_order_of_rows_is_irrelevant():
    rows = table()
    rows.loc[4, ["m1", "m2", "m3"]] = np.nan
    found = pt.analyse(rows, plan(), progress=False)
    missing = found.to_dict()["missing"]
    assert (missing["analysed"], missing["excluded"]) == (59, {"m1 to m3 is missing": 1})
    turned = pt.analyse(rows.iloc[::-1].reset_index(drop=True), plan(), progress=False)
    ours, theirs = found.estimates.std_error, turned.estimates.std_error
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"outcome": {"visits": ["m1"]}}, "two columns or more"),
        ({"outcome": {"visits": ["m1", "m1"]}}, "each named once"),
        ({"outcome": {"column": "m1", "baseline": "t0"}}, "goes with `visits`"),
        (
            {"outcome": {"visits": ["m1", "m2"], "baseline": "weight"}},
            "declare the baseline weight",
        ),
        ({"methods": ["aipw"]}, "not available for repeated measurements"),
        ({"cluster": "age"}, "clustered by patient already"),
        ({"missing": "mice"}, "need no imputation"),
        ({"sampling_weights": "w"}, "0/1 and continuous"),
    ],
)
def test_what_does_not_fit_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        pt.plan(plan(**changes))


def test_a_visit_that_an_arm_lacks_is_refused_by_name():
    rows = table()
    rows.loc[rows.arm == 1, "m2"] = np.nan
    with pytest.raises(InputError, match=r"m2.*0 measured in the treated arm.*leave the visit out"):
        pt.analyse(rows, plan(), progress=False)


def test_known_effects_are_recovered_under_dropout_that_depends_on_the_visit_before():
    """Complete-case analysis is biased; the model is unbiased with nominal coverage."""
    rng, studies, n = np.random.default_rng(8), 80, 60
    truth = np.array([0.5, 1.2, 2.0])
    arm = np.tile(np.arange(n) % 2, (studies, 1))
    noise = rng.normal(size=(studies, n, 3)) @ np.linalg.cholesky(COVARIANCE).T
    y = noise + arm[..., None] * truth
    leaves = (y[..., 1] > 2.5) & (arm == 1)
    whole = y.copy()
    y[leaves, 2] = np.nan
    data = analysis_set(
        {"arm": arm, "y": np.nanmean(y, -1)}, treatment="arm", outcome="y",
        outcome_kind="repeated", repeated=Repeated(y, ("m1", "m2", "m3")),
    )  # fmt: skip
    found = repeated_differences(data, [])[2]
    assert found.converged.all()
    mcse = found.estimate.std(ddof=1) / np.sqrt(studies)
    assert abs(found.estimate.mean() - truth[2]) < 3 * mcse
    covered = ((found.conf_low < truth[2]) & (truth[2] < found.conf_high)).mean()
    assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / studies)
    stayed = np.where(leaves, np.nan, whole[..., 2])
    means = [np.nanmean(np.where(arm == a, stayed, np.nan), 1) for a in (1, 0)]
    assert (means[0] - means[1]).mean() < truth[2] - 4 * mcse
