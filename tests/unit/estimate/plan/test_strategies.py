"""Treatment strategies in clinical tables: rules, grace periods, adherence and input errors."""

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.longitudinal.g_formula import g_formula_risks
from estimate.longitudinal.regimes import courses, regime_risks
from estimate.longitudinal.strategies import allow_grace
from estimate.longitudinal.structural_model import structural_model
from protocol.errors import InputError

N, MONTHS = 900, (1, 2)


def clinic(seed=1, n=N, lost=0.0):
    """Simulate two decisions; low hormone makes FSH more likely and success less likely."""
    rng = np.random.default_rng(seed)
    age = rng.normal(33, 4, n).round(1)
    hormone, given, last = [], [], np.zeros(n)
    level = rng.normal(8, 3, n)
    for month in MONTHS:
        level = level if month == 1 else 0.5 * level + 4 + 2 * last + rng.normal(0, 1.5, n)
        last = (rng.random(n) < 1 / (1 + np.exp(0.5 * (level - 8) - 0.5 * last))) * 1.0
        hormone.append(level.round(2))
        given.append(last)
    eta = -1 + 0.15 * (hormone[1] - 8) + 0.5 * (given[0] + given[1]) - 0.05 * (age - 33)
    success = (rng.random(n) < 1 / (1 + np.exp(-eta))) * 1.0
    success[rng.random(n) < lost] = np.nan
    patients = pd.DataFrame({"patient_id": np.arange(1, n + 1), "age": age, "sperm": success,
                             "ever_fsh": (given[0] + given[1] > 0) * 1})  # fmt: skip
    visits = pd.concat(
        pd.DataFrame({"patient_id": patients.patient_id, "month": month, "day": 30 * month,
                      "fsh": hormone[i]})
        for i, month in enumerate(MONTHS)
    )  # fmt: skip
    days = [
        pd.DataFrame({"patient_id": patients.patient_id[given[i] > 0], "day": 30 * month + 4,
                      "drug": "ufsh"})
        for i, month in enumerate(MONTHS)
    ]  # fmt: skip
    hcg = pd.DataFrame({"patient_id": patients.patient_id, "day": 0, "drug": "hcg"})
    arrays = np.stack(given, 1), np.stack(hormone, 1), age, success
    return patients, visits.sample(frac=1, random_state=1), pd.concat([*days, hcg]), arrays


def plan(**changes):
    strategies = {"months": list(MONTHS), "covariates": ["fsh"], "drug": "ufsh",
                  "compare": {"hCG only": "never", "FSH if low": "fsh < 8"}}  # fmt: skip
    return {"treatment": "ever_fsh", "outcome": "sperm", "methods": ["unadjusted"],
            "covariates": {"age": "numeric"}, "bootstrap_samples": 60,
            "strategies": {**strategies, **changes}}  # fmt: skip


def run(tables, **changes):
    patients, visits, injections, _ = tables
    return pt.analyse(
        patients, plan(**changes), visits=visits, injections=injections, progress=False
    )


@pytest.mark.parametrize("lost", [0.0, 0.15])
def test_tables_give_what_arrays_give(lost):
    tables = clinic(lost=lost)
    given, hormone, age, success = tables[3]
    data = courses(given, np.stack([hormone, np.repeat(age[:, None], 2, 1)], -1), success)
    asked = {"hCG only": np.zeros_like(given), "FSH if low": (hormone < 8) * 1.0}
    found = run(tables).to_dict()["strategies"]
    weighted, predicted = regime_risks(data, asked), g_formula_risks(data, asked)[0]
    for place, row in enumerate(found["risks"]):
        assert row["weighted"] == pytest.approx(weighted.risk[place], rel=1e-5)
        assert row["g_formula"] == pytest.approx(predicted[place], rel=1e-5)
        assert row["adherent"] == weighted.adherent[place]
    by_name = {(each["method"], each["scale"]): each for each in found["estimates"]}
    difference = weighted.compare("FSH if low", "hCG only")[0]
    row = by_name["clone-censor-weight: FSH if low vs hCG only", "risk difference"]
    assert row["std_error"] == pytest.approx(float(difference.std_error), rel=1e-5)
    for each in found["estimates"]:
        null = 0 if each["scale"] == "risk difference" else 1
        outside = each["conf_low"] > null or each["conf_high"] < null
        assert outside == (each["p_value"] < 0.05), each["method"]


def test_weighting_and_g_formula_agree_with_each_other_and_not_with_per_protocol():
    found = run(clinic(n=6000, seed=3)).to_dict()["strategies"]
    effect = {
        each["method"].split(":")[0]: each["estimate"]
        for each in found["estimates"] if each["scale"] == "risk difference"
    }  # fmt: skip
    assert effect["clone-censor-weight"] == pytest.approx(effect["g-formula"], abs=0.03)
    assert abs(effect["per-protocol, unweighted"] - effect["g-formula"]) > 0.04


def test_the_page_and_the_folder_hold_the_strategies(tmp_path):
    found = run(clinic())
    assert "Had all followed FSH if low:" in str(found)
    assert "g-formula: FSH if low vs hCG only" in found.to_html()
    found.write(tmp_path / "out")
    assert (tmp_path / "out" / "strategies.csv").exists()


def test_a_structural_model_is_reported_with_the_strategies():
    tables = clinic()
    patients, visits, _, (given, hormone, age, success) = tables
    data = courses(given, np.stack([hormone, np.repeat(age[:, None], 2, 1)], -1), success)
    found = run(tables, structural_model={})
    row = found.to_dict()["strategies"]["estimates"][-1]
    expected = structural_model(data, baseline=1).effect()
    assert row["method"] == "marginal structural model: ufsh, each month"
    assert row["estimate"] == pytest.approx(float(expected.estimate), rel=1e-5)
    assert "each month: odds ratio" in str(found)
    seen = visits.assign(motile=(visits.fsh > 8) * 1.0)
    seen.loc[(seen.month == 2) & (seen.patient_id < 50), "motile"] = np.nan
    changed = (patients, seen, *tables[2:])
    model = {"outcome": "motile", "event": True, "truncate_percent": [1, 99]}
    row = run(changed, structural_model=model).to_dict()["strategies"]["estimates"][-1]
    assert row["converged"]
    assert "motile" in row["estimand"]


def test_grace_allows_either_in_the_first_months_of_a_spell():
    holds = np.array([[True, True, False, True], [False, True, True, True]])
    nan = np.nan
    expected = [[nan, nan, 0, nan], [0, nan, nan, 1]]
    assert np.array_equal(allow_grace(holds, 2), expected, equal_nan=True)
    assert np.array_equal(allow_grace(holds, 0), holds * 1.0)


def test_grace_lets_more_patients_adhere():
    tables = clinic()
    strict, lenient = (
        run(tables, grace_months=months).to_dict()["strategies"]["risks"] for months in (0, 1)
    )
    assert lenient[1]["adherent"] > strict[1]["adherent"]
    assert lenient[0]["adherent"] == strict[0]["adherent"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compare": {"a": "never", "b": "lh < 8"}}, "list lh under covariates"),
        ({"compare": {"a": "never", "b": "if low"}}, "is not a rule"),
        ({"compare": {"a": "never"}}, "strategies.compare"),
        ({"months": [2, 1]}, "earliest first"),
        ({"structural_model": {"event": True}}, "a column of the visits"),
        ({"structural_model": {"outcome": "motile"}}, "there is no such column"),
        ({"drug": "fsh"}, "drugs: hcg, ufsh"),
        ({"months": [1, 7]}, "no patient has every visit"),
        ({"compare": {"a": "never", "b": ["fsh > 90", "fsh < 80"]}}, None),
    ],
)
def test_strategies_that_do_not_fit_are_refused(changes, words):
    if words is None:  # a rule that is never satisfied equals `never`
        rows = run(clinic(), **changes).to_dict()["strategies"]["risks"]
        assert rows[0]["weighted"] == rows[1]["weighted"]
        return
    with pytest.raises(InputError, match=words):
        run(clinic(), **changes)


def test_tables_that_do_not_fit_are_refused():
    patients, visits, injections, _ = clinic()
    twice = pd.concat([visits, visits[:1]])
    with pytest.raises(InputError, match="two visits in month"):
        pt.analyse(patients, plan(), visits=twice, injections=injections, progress=False)
    with pytest.raises(InputError, match="`strategies` of the plan need it"):
        pt.analyse(patients, plan(), visits=visits, progress=False)
    bare = {k: v for k, v in plan().items() if k != "strategies"}
    with pytest.raises(InputError, match="the plan has no `strategies`"):
        pt.analyse(patients, bare, visits=visits, progress=False)
