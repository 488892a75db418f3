"""Running a plan: complete cases, imputation, labels and non-estimable effects."""

import json
import re
import time

import numpy as np
import pytest
from scipy.special import expit

from estimate.core.complete_cases import analysis_set
from estimate.methods.offered_methods import methods_of
from estimate.plan.analyse import analyse
from estimate.plan.choices import Event, Matching, MissingData
from estimate.plan.spec import Plan
from estimate.regression.adjustment import adjusted
from pretese.analysis.analysis_tables import weighted_table
from protocol.errors import InputError

#: All methods except the one that requires clusters.
EVERY = tuple(name for name in methods_of("analyse") if name != "gee")
COVARIATES = {"age_years": "numeric", "diagnosis": {"categorical": ["idiopathic", "azfc"]}}


def plan(**changes):
    given = {"treatment": "therapy", "outcome": "y", "covariates": COVARIATES, "methods": EVERY}
    return Plan.model_validate({**given, **changes})


def patients(n=300, seed=1, missing=0.0):
    rng = np.random.default_rng(seed)
    age = rng.normal(31, 4, n).round(1)
    azfc = rng.random(n) < 0.3
    therapy = rng.random(n) < expit(0.6 - 0.05 * (age - 31) + 0.5 * azfc)
    y = rng.random(n) < expit(-1 + 0.5 * therapy - 0.04 * (age - 31) + 0.8 * azfc)
    age[rng.random(n) < missing] = np.nan
    diagnosis = np.where(azfc, "azfc", "idiopathic").astype(object)
    diagnosis[rng.random(n) < missing] = None
    return {"therapy": therapy, "y": y, "age_years": age, "diagnosis": diagnosis}


def test_every_method_of_the_plan_answers_under_its_own_name():
    found = analyse(patients(), plan(models={"model 1": ["age_years"]}))
    assert list(dict.fromkeys(each.method for each in found.estimates)) == [*EVERY, "model 1"]
    assert all(each.converged for each in found.estimates)


def test_the_record_is_the_documented_json():
    record = json.loads(json.dumps(analyse(patients(), plan()).record(), allow_nan=False))
    assert set(record["estimates"][0]) >= {
        "method", "estimand", "scale", "estimate", "std_error", "statistic", "p_value",
        "conf_low", "conf_high", "interval", "n",
    }  # fmt: skip
    assert 0.5 < record["c_statistic"] < 1
    assert {row["covariate"] for row in record["balance"]["unadjusted"]} == {
        "age_years", "diagnosis[idiopathic]", "diagnosis[azfc]",
    }  # fmt: skip
    assert record["missing"]["excluded"] == {}


def test_absolute_risks_come_first():
    scales = [
        each.scale for each in analyse(patients(), plan(methods=("unadjusted", "aipw"))).estimates
    ]
    assert scales == ["risk difference", "risk ratio", "odds ratio"] * 2


def test_complete_cases_equal_the_estimator_on_them():
    table = patients(missing=0.1)
    found = analyse(table, plan(methods=("adjusted",)))
    data = analysis_set(table, treatment="therapy", outcome="y", covariates=plan().kinds)
    assert found.estimates[0].estimate == adjusted(data).estimate
    excluded = found.record()["missing"]["excluded"]
    assert sum(excluded.values()) == 300 - data.n


def test_imputation_keeps_everybody_and_is_reproducible():
    table = patients(missing=0.15)
    chosen = plan(missing=MissingData(method="mice", imputations=5, iterations=3), seed=7)
    first, second = (analyse(table, chosen) for _ in range(2))
    assert [each.records() for each in first.estimates] == [
        each.records() for each in second.estimates
    ]
    assert all(each.n == 300 for each in first.estimates if "match" not in each.method)
    other = analyse(table, chosen.model_copy(update={"seed": 8}))
    adjusted_once, again = (
        next(each for each in found.estimates if each.method == "adjusted")
        for found in (first, other)
    )
    assert "5 imputations" in adjusted_once.interval
    assert again.estimate != adjusted_once.estimate


def test_nothing_missing_needs_no_imputation():
    whole, imputed = (
        analyse(patients(), plan(missing={"method": method}))
        for method in ("complete-case", "mice")
    )
    assert [each.records() for each in whole.estimates] == [
        each.records() for each in imputed.estimates
    ]


def test_the_unadjusted_estimate_uses_all_patients_when_covariates_are_imputed():
    table = patients(missing=0.3)
    chosen = plan(
        methods=("unadjusted",), missing={"method": "mice", "imputations": 2, "iterations": 1}
    )
    whole = analyse(
        {"therapy": table["therapy"], "y": table["y"]}, Plan(**ROLES, methods=("unadjusted",))
    )
    assert analyse(table, chosen).estimates[2].records() == whole.estimates[2].records()


ROLES = {"treatment": "therapy", "outcome": "y"}


def test_missing_values_are_refused_if_the_plan_declares_none():
    with pytest.raises(InputError, match=r"age_years: \d+ values are missing"):
        analyse(patients(missing=0.1), plan(missing={"method": "none"}))


def test_patients_not_eligible_are_excluded():
    table = {**patients(), "operated": (np.arange(300) % 3 > 0).astype(int)}
    found = analyse(table, plan(eligible="operated"))
    assert found.estimates[0].n == 200
    assert found.record()["missing"]["excluded"] == {"not eligible": 100}


def test_the_estimand_names_the_population_and_intercurrent_events():
    event = Event(event="sperm in the ejaculate", strategy="excluded from the analysis")
    found = analyse(patients(), plan(population="patients operated", intercurrent=(event,)))
    line = str(found.estimates[0].estimand)
    assert "all patients: patients operated" in line
    assert "sperm in the ejaculate: excluded from the analysis" in line


def test_matching_takes_the_smaller_arm_and_is_reported():
    found = analyse(patients(), plan(methods=("matching",)))
    assert "untreated" in found.estimates[0].estimand.population
    with pytest.raises(InputError, match="treated patients for"):
        analyse(patients(), plan(methods=("matching",), matching=Matching(focal="treated")))


def test_a_separated_model_is_labelled_and_does_not_affect_others():
    table = patients(60)
    table["y"] = np.where(table["diagnosis"] == "azfc", 1, table["y"])
    found = analyse(table, plan(methods=("unadjusted", "adjusted", "iptw-ate")))
    converged = {each.method: bool(each.converged) for each in found.estimates}
    assert converged == {"unadjusted": True, "adjusted": False, "iptw-ate": True}


def test_collinear_covariates_are_a_labelled_result():
    table = patients()
    table["born"] = 2020 - table["age_years"]
    covariates = {**COVARIATES, "born": "numeric"}
    (answer,) = analyse(table, plan(covariates=covariates, methods=("adjusted",))).estimates
    assert not answer.converged


def test_three_patients_are_too_few_but_no_crash():
    table = {"therapy": [1, 0, 1], "y": [1, 0, 0], "age_years": [30, 31, 35]}
    chosen = plan(covariates={"age_years": "numeric"}, methods=tuple(m for m in EVERY))
    found = analyse(table, chosen)
    assert not any(each.converged for each in found.estimates if each.method == "adjusted")
    json.dumps(found.record(), allow_nan=False)


def test_the_full_plan_on_one_cohort_is_quick():
    table = patients(542, missing=0.05)
    begin = time.process_time()
    analyse(table, plan(missing={"method": "mice", "imputations": 20, "iterations": 10}))
    assert time.process_time() - begin < 2


def test_the_record_reports_imputation_diagnostics():
    """Missing information rises with missingness; R-hat of mixed chains is near 1."""
    fractions = []
    for missing in (0.05, 0.4):
        chosen = plan(
            methods=("adjusted", "iptw-ate"),
            missing={"method": "mice", "imputations": 10, "iterations": 6},
        )
        record = analyse(patients(missing=missing), chosen).record()["missing"]
        assert [each["covariate"] for each in record["chains"]] == ["age_years", "diagnosis"]
        assert all(0.5 < each["r_hat_of_means"] < 1.6 for each in record["chains"])
        assert [(each["method"], each["scale"]) for each in record["information"]][:2] == [
            ("adjusted", "odds ratio"), ("iptw-ate", "risk difference")
        ]  # fmt: skip
        fractions.append([each["fraction_missing"] for each in record["information"]])
    assert np.mean(fractions[0]) < np.mean(fractions[1])
    nothing = analyse(patients(), plan()).record()["missing"]
    assert (nothing["chains"], nothing["information"]) == ([], [])


def test_the_weighted_table_is_balanced_and_has_no_tests():
    """Weights from the correct propensity model make azfc as common in each arm as overall."""
    found = analyse(patients(2000), plan(methods=("iptw-ate",)))
    table = weighted_table(found)
    assert "p" not in table.columns
    row = table[table["level"] == "azfc"].iloc[0]
    shares = [float(re.search(r"\((.*)%\)", cell)[1]) for cell in row[2:5]]
    assert np.ptp(shares) < 1
    assert weighted_table(analyse(patients(), plan(methods=("aipw",)))) is None


def test_progress_is_reported_step_by_step():
    reported = []
    analyse(
        patients(), plan(methods=("unadjusted", "aipw")), tell=lambda *step: reported.append(step)
    )
    assert reported == [(0, 2, "reading"), (1, 2, "unadjusted"), (2, 2, "aipw")]


def test_percents_of_the_plan_reach_the_estimators():
    table = patients()
    methods = ("iptw-ate", "matching")
    loose = analyse(table, plan(methods=methods))
    tight = analyse(
        table,
        plan(methods=methods, truncate_percent=(5, 95), matching=Matching(caliper_percent=0.01)),
    )
    assert tight.effective_sizes["iptw-ate"] > loose.effective_sizes["iptw-ate"]
    assert tight.estimates[-1].n < loose.estimates[-1].n


def test_trimmed_patients_are_counted_and_only_unadjusted_keeps_them():
    found = analyse(patients(), plan(methods=("unadjusted", "iptw-ate"), trim_percent=(60, 80)))
    left = found.record()["missing"]["excluded"]["propensity score outside 0.6 to 0.8"]
    assert 0 < left < 300
    assert {int(each.n) for each in found.estimates} == {300, 300 - left}
    arms = found.record()["arms"]
    assert arms["treated"]["patients"] + arms["untreated"]["patients"] == 300 - left
    with pytest.raises(InputError, match="no patient's propensity score lies from 1 to 2 %"):
        analyse(patients(), plan(trim_percent=(1, 2)))
