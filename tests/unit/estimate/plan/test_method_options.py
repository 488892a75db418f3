"""Plan options: standard errors, sampling weights and matching ratio."""

import numpy as np
import pandas as pd
import pytest

from estimate.causal.entropy_balancing import entropy_weights
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from pretese.analysis.methods_text import methods_paragraph
from protocol.errors import InputError
from protocol.reading.documents import validate

METHODS = ("adjusted", "iptw-ate", "entropy-ate", "g-computation", "aipw")


def table(n=300, seed=4):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    arm = rng.random(n) < 1 / (1 + np.exp(-0.6 * x))
    y = rng.random(n) < 1 / (1 + np.exp(0.4 - 0.8 * arm - 0.7 * x))
    grade = arm + x + rng.normal(size=n)
    columns = {"arm": arm * 1, "y": y * 1, "x": x, "z": z, "grade": grade}
    return pd.DataFrame({**columns, "w": rng.integers(1, 5, n), "couple": np.arange(n) // 3})


def plan(**changes):
    stated = {"treatment": "arm", "outcome": "y", "covariates": {"x": "numeric", "z": "numeric"},
              "methods": ["adjusted"]}  # fmt: skip
    return validate({**stated, **changes}, Plan, where="plan.yaml")


def errors_of(found):
    return np.array([float(each.std_error) for each in found.estimates])


def test_the_bootstrap_agrees_with_large_sample_errors_and_keeps_the_estimate():
    usual = analyse(table(), plan(methods=METHODS))
    found = analyse(table(), plan(methods=METHODS, errors="bootstrap", bootstrap_samples=400))
    assert errors_of(found) == pytest.approx(errors_of(usual), rel=0.2)
    for each, other in zip(found.estimates, usual.estimates, strict=True):
        assert each.estimate == other.estimate
        assert each.interval == "Wald, bootstrap (400 samples of patients)"
    again = analyse(table(), plan(methods=METHODS, errors="bootstrap", bootstrap_samples=400))
    assert np.array_equal(errors_of(again), errors_of(found))


def test_clusters_are_resampled_whole():
    """Three identical rows per couple carry the information of one row."""
    rows = table().loc[lambda d: d.couple * 3].reset_index(drop=True)
    rows["couple"] = np.arange(len(rows)) // 3
    alike = {"cluster": "couple", "methods": ["adjusted"], "bootstrap_samples": 400}
    found = errors_of(analyse(rows, plan(errors="bootstrap", **alike)))
    assert found == pytest.approx(errors_of(analyse(rows, plan(**alike))), rel=0.25)
    assert found > 1.4 * errors_of(analyse(rows, plan()))


@pytest.mark.parametrize("outcome", ["y", {"column": "grade", "kind": "continuous"}])
def test_a_sampling_weight_of_two_gives_the_estimate_of_two_rows(outcome):
    methods = ["unadjusted", "adjusted", "iptw-att", "entropy-ate"]
    weighted = analyse(table(), plan(outcome=outcome, methods=methods, sampling_weights="w"))
    rows = table()
    repeated = analyse(rows.loc[rows.index.repeat(rows.w)], plan(outcome=outcome, methods=methods))
    pairs = zip(weighted.estimates, repeated.estimates, strict=True)
    for each, other in pairs:
        assert each.estimate == pytest.approx(float(other.estimate), rel=1e-7), each.method
        assert each.n == len(rows)
        assert each.interval.endswith("weighted by w")


def test_constant_sampling_weights_change_only_the_survey_factor():
    rows = table().assign(w=3.0)
    weighted = analyse(rows, plan(methods=["iptw-ate", "entropy-att"], sampling_weights="w"))
    plain = analyse(rows, plan(methods=["iptw-ate", "entropy-att"]))
    factor = np.sqrt(300 / 299)
    assert errors_of(weighted) == pytest.approx(factor * errors_of(plain), rel=1e-9)


def test_entropy_weights_balance_means_exactly_or_report_failure():
    rows = table()
    columns = {name: rows[name] for name in rows}
    kinds = {"x": Numeric(), "z": Numeric()}
    data = analysis_set(columns, treatment="arm", outcome="y", covariates=kinds)
    for target, whom in (("ate", rows), ("att", rows[rows.arm == 1]), ("atc", rows[rows.arm == 0])):
        w = entropy_weights(data, target).value
        for arm in (0, 1):
            here = (rows.arm == arm).to_numpy()
            assert w[here].sum() == pytest.approx(len(whom))
            for name in kinds:
                mean = np.average(rows[name][here], weights=w[here])
                assert mean == pytest.approx(whom[name].mean(), abs=1e-8)
    apart = analysis_set(
        {**columns, "x": rows.x + 100 * rows.arm}, treatment="arm", outcome="y", covariates=kinds
    )
    assert np.isnan(entropy_weights(apart, "att").value[rows.arm == 0]).all()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"errors": {"adjusted": "M-estimation"}}, "errors", "choose from model, HC0"),
        ({"errors": {"aipw": "bootstrap"}}, "errors", "not among the methods"),
        ({"methods": ["firth"], "errors": "HC0"}, "errors", "one kind only"),
        ({"cluster": "couple", "errors": "HC3"}, "errors", "clusters and sampling weights decide"),
        ({"missing": "mice", "errors": "bootstrap"}, "errors", "Rubin's rules"),
        ({"methods": ["aipw"], "sampling_weights": "w"}, "sampling_weights", "choose from"),
        ({"sampling_strata": "w"}, "sampling_strata", "need `sampling_weights`"),
        ({"sampling_weights": "w", "sampling_strata": "arm"}, "sampling_strata", "another column"),
        ({"sampling_weights": "w", "sampling_strata": "z", "errors": "bootstrap"}, "errors",
         "not resampled"),
        ({"splines": ["x"], "sampling_weights": "w"}, "sampling_weights", "leave it out"),
        ({"sampling_weights": "x"}, "sampling_weights", "another column"),
        ({"outcome": {"column": "y", "kind": "count"}, "sampling_weights": "w"},
         "sampling_weights", "0/1 and continuous"),
        ({"bootstrap_samples": 3}, "bootstrap_samples", "50"),
    ],
)  # fmt: skip
def test_invalid_options_are_refused_by_field(changes, field, words):
    with pytest.raises(InputError) as error:
        plan(**changes)
    assert any(field in fault.field and words in str(fault) for fault in error.value.faults)


def test_weights_of_zero_are_refused():
    with pytest.raises(InputError, match="give positive numbers"):
        analyse(table().assign(w=0), plan(sampling_weights="w"))


def surveyed(n=300):
    """Return a table with four strata whose clusters have the same names in every stratum."""
    rows = table(n)
    return rows.assign(stratum=np.arange(n) % 4, village=np.arange(n) // 4 % 6)


SURVEY = {"sampling_weights": "w", "sampling_strata": "stratum", "cluster": "village"}


def test_strata_name_their_clusters_and_set_the_degrees_of_freedom():
    methods = ["unadjusted", "adjusted", "iptw-ate", "entropy-att", "g-computation"]
    found = analyse(surveyed(), plan(methods=methods, **SURVEY))
    data = found.complete.data
    assert (int(data.clusters), int(data.df)) == (24, 20)
    for each in found.estimates:
        label = "clustered by village, weighted by w, stratified by stratum"
        assert each.interval.endswith(label), each.method
    named = surveyed().assign(village=lambda t: t.stratum * 10 + t.village)
    again = analyse(named, plan(methods=methods, **SURVEY))
    assert errors_of(again) == pytest.approx(errors_of(found), rel=1e-12)


def test_a_stratum_with_one_unit_is_refused_by_name():
    rows = surveyed().assign(village=lambda t: np.where(t.stratum == 3, 0, t.village))
    with pytest.raises(InputError, match=r"one unit alone in stratum 3.*join it"):
        analyse(rows, plan(**SURVEY))


def test_a_survey_is_imputed_from_its_design_and_pooled_with_its_degrees_of_freedom():
    rows = surveyed()
    rows.loc[rows.index % 5 == 0, "x"] = np.nan
    asked = {"methods": ["adjusted"], "missing": {"method": "mice", "imputations": 5}, **SURVEY}
    found = analyse(rows, plan(**asked))
    assert "weighted by w" in methods_paragraph(found)
    assert "Taylor linearisation, within strata of stratum" in methods_paragraph(found)
    columns = [each.name for each in found.complete.imputation.columns]
    assert columns[-2:] == ["logarithm of the sampling weight", "stratum"]
    (answer,) = found.estimates
    assert answer.converged
    assert answer.interval.startswith("t, Rubin, 5 imputations")
    half = np.log(answer.conf_high / answer.conf_low) / 2
    assert half / answer.std_error > 2.086  # t distribution with at most 20 degrees of freedom


def test_too_few_partners_are_refused_with_the_largest_ratio():
    rows = table().sort_values("arm").tail(220)
    with pytest.raises(InputError, match="take ratio: 2"):
        analyse(rows, plan(methods=["matching"], matching={"ratio": 3, "focal": "untreated"}))


def test_three_partners_narrow_the_interval():
    rows = table(600).sort_values("arm", kind="stable").iloc[200:]
    asked = {"methods": ["matching"], "matching": {"focal": "untreated"}}
    one = analyse(rows, plan(**asked)).estimates
    asked["matching"]["ratio"] = 2
    several = analyse(rows, plan(**asked)).estimates
    assert [each.scale for each in several] == ["risk difference", "risk ratio", "odds ratio"]
    assert float(several[0].std_error) < float(one[0].std_error)
    assert several[0].interval == "Wald, clustered by matched set"
