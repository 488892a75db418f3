"""Fitting a scenario to a table: recovery of known values, renamed columns, and error messages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pretese
from pretese.api.simulation.fits import ScenarioFit
from pretese.cli import run
from pretese.fitting.estimates.fitted_numbers import fit_numbers
from pretese.fitting.estimates.population import fit_population
from pretese.fitting.fitted_scenario import fit_table
from pretese.fitting.table.clinic_patients import read_clinic_patients
from pretese.fitting.table.column_map import ColumnMap, column_map_of
from protocol.errors import InputError
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import parameters


def _quiet(done: int, total: int) -> None:
    """Show nothing."""


def _table(folder: Path, patients: int = 300, seed: int = 5, scenario: str = "paper") -> Path:
    path = folder / "patients.csv"
    pretese.scenario(scenario).simulate(patients, seed=seed).patients.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> ScenarioFit:
    table = _table(tmp_path_factory.mktemp("fit"), 500)
    return pretese.fit_scenario(table, resamples=20, progress=False)


def test_a_fit_finds_the_scenario_that_drew_the_table(tmp_path: Path) -> None:
    path = _table(tmp_path, 6000, seed=2)
    chosen = column_map_of(tuple(pd.read_csv(path, nrows=0).columns), "table")
    base = load_scenario("paper")
    found = fit_numbers(read_clinic_patients(path, chosen), chosen, base, 0, 1, _quiet).numbers
    true = {name: number.value for name, number in parameters(base).items()}
    near = {
        "population.marginals.fsh_iu_l.median": 0.6,
        "population.marginals.infertility_duration_years.median": 0.2,
        "population.partner_age_correlation": 0.03,
        "population.score_by_diagnosis.testis_volume_ml.orchitis": 0.15,
        "population.diagnosis_log_odds.azfc": 0.15,
        "choice.terms.age_years.cubic": 0.25,
        "choice.terms.prolactin_ng_ml.linear": 0.15,
        "measurement.missing.prolactin_ng_ml": 0.015,
        "measurement.missing_correlation": 0.08,
        "measurement.missing_by.any_sperm": 0.08,
        "spermatogenesis.spermatogenic_liability.idiopathic": 0.2,
        "spermatogenesis.prognosis.fsh_iu_l.per_unit": 0.01,
        "spermatogenesis.ejaculate_threshold.azfc": 0.35,
        "spermatogenesis.treatment.direct": 0.35,
        "spermatogenesis.treatment.long_infertility": 0.35,
        "fertility.willing_share": 0.02,
    }
    assert {name: found[name] - true[name] for name in near if name in found} == {
        name: pytest.approx(0, abs=by) for name, by in near.items()
    }


def test_the_fitted_scenario_is_simulated_and_is_like_the_table(
    fitted: ScenarioFit,
) -> None:
    realism = fitted.result.realism
    assert all(
        np.allclose(each.real, each.synthetic, rtol=0.03, atol=1) for each in realism.variables
    )
    assert sum(not each.within for each in realism.shares) <= 2
    assert realism.separation.conf_low < 0.52
    assert realism.nearness.copies == 0
    again = fitted.scenario.simulate(patients=40, seed=1).patients
    assert set(again["diagnosis"]) <= {"idiopathic", "cryptorchidism", "orchitis", "azfc"}


def test_every_estimate_lies_in_its_interval_and_has_a_status(
    fitted: ScenarioFit,
) -> None:
    frame = fitted.to_frame()
    assert len(frame) > 100
    assert ((frame["conf_low"] <= frame["value"]) & (frame["value"] <= frame["conf_high"])).all()
    statuses = {number.status for number in parameters(fitted.result.loaded.scenario).values()}
    assert statuses >= {"estimated", "transported", "assumed", "published"}


def test_births_are_matched_by_simulation(
    fitted: ScenarioFit,
) -> None:
    shares = {each.name: each for each in fitted.result.realism.shares}
    births = [shares[f"live birth, {arm}"] for arm in ("treated", "untreated")]
    real = sum(each.real * each.of for each in births) / sum(each.of for each in births)
    drawn = sum(each.synthetic * each.of for each in births) / sum(each.of for each in births)
    assert drawn == pytest.approx(real, abs=3)


def test_a_table_of_another_clinic_gives_the_same_numbers(tmp_path: Path) -> None:
    path = _table(tmp_path)
    native = pd.read_csv(path)
    foreign = pd.DataFrame(
        {
            "Alter": native["age_years"],
            "FSH mIU/ml": native["fsh_iu_l"],
            "Testosteron": native["testosterone_nmol_l"] * 28.8431,
            "Ursache": native["diagnosis"].map(
                {"idiopathic": "unklar", "cryptorchidism": "Hodenhochstand", "orchitis": "Mumps",
                 "azfc": "AZFc"}
            ),
            "Therapie": native["gonadotropin_therapy"].map({0: "keine", 1: "hCG+FSH"}),
            "TESE": native["sperm_retrieved"].map({0: "nein", 1: "ja"}),
        }
    )  # fmt: skip
    other = tmp_path / "klinik.csv"
    foreign.to_csv(other, index=False, sep=";", decimal=",", encoding="cp1252")
    chosen = ColumnMap.model_validate(
        {
            "columns": {
                "age_years": "Alter",
                "fsh_iu_l": {"column": "FSH mIU/ml", "unit": "mIU/mL"},
                "testosterone_nmol_l": {"column": "Testosteron", "unit": "ng/dL"},
                "diagnosis": {
                    "column": "Ursache",
                    "values": {
                        "idiopathic": ["unklar"], "cryptorchidism": ["Hodenhochstand"],
                        "orchitis": ["Mumps"], "azfc": ["AZFc"],
                    },
                },
                "gonadotropin_therapy": {
                    "column": "Therapie", "values": {"0": ["keine"], "1": ["hCG+FSH"]}
                },
                "sperm_retrieved": "TESE",
            }
        }
    )  # fmt: skip
    own = ColumnMap(columns={name: name for name in chosen.columns})
    base = load_scenario("paper")
    here = fit_numbers(read_clinic_patients(path, own), own, base, 0, 1, _quiet).numbers
    there = fit_numbers(read_clinic_patients(other, chosen), chosen, base, 0, 1, _quiet).numbers
    assert there == {name: pytest.approx(value, rel=1e-4, abs=1e-4) for name, value in here.items()}


def test_words_without_a_meaning_are_listed_with_their_number(tmp_path: Path) -> None:
    path = _table(tmp_path)
    table = pd.read_csv(path)
    table.loc[:4, "diagnosis"] = "chemotherapy"
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match=r"'chemotherapy' \(5\)"):
        pretese.fit_scenario(path, resamples=20, progress=False)


def test_a_randomised_table_gives_randomised_allocation(tmp_path: Path) -> None:
    columns = ("gonadotropin_therapy", "age_years", "fsh_iu_l", "sperm_retrieved")
    mapping = {"columns": {name: name for name in columns}, "allocation": "randomised", "id": "rct"}
    path = _table(tmp_path, scenario="rct-two-arm")
    found = pretese.fit_scenario(path, mapping, resamples=20, progress=False)
    scenario = found.result.loaded.scenario
    assert scenario.choice.by == "coin"
    share = pd.read_csv(path)["gonadotropin_therapy"].mean()
    assert scenario.choice.intercept.value == pytest.approx(np.log(share / (1 - share)), abs=1e-4)
    # no semen analysis is simulated if the table has none
    assert not scenario.arms["treated"].semen_analysis
    assert "sperm_in_ejaculate" not in found.to_frame()["number"].str.cat()


def test_longer_limits_hold_a_table_of_older_patients(tmp_path: Path) -> None:
    path = _table(tmp_path)
    table = pd.read_csv(path)
    table["age_years"] += 35
    table.to_csv(path, index=False)
    chosen = ColumnMap(columns={name: name for name in ("gonadotropin_therapy", "age_years")})
    found = fit_population(read_clinic_patients(path, chosen), load_scenario("paper"))
    age = found.marginals["age_years"]
    assert age.widened
    assert age.upper > table["age_years"].max()
    assert found.models["age_years"].quartiles[1] == pytest.approx(age.quartiles[1])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": {"age": "age_years"}}, "'age' is unknown"),
        ({"columns": {"age_years": "age_years"}}, "gonadotropin_therapy is needed"),
        ({"extends": "hidden-confounder"}, "is not 0 in hidden-confounder"),
        ({"extends": "nowhere"}, "nowhere"),
        ({"id": "Not a name"}, "id"),
        (
            {"columns": {"gonadotropin_therapy": "gonadotropin_therapy",
                         "age_years": {"column": "age_years", "unit": "IU/L"}}},
            "units are converted for hormones only",
        ),
        (
            {"columns": {"gonadotropin_therapy": "gonadotropin_therapy",
                         "fsh_iu_l": "age_years", "age_years": "age_years"}},
            "name the same column",
        ),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_is_refused(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    usual = {"columns": {n: n for n in ("gonadotropin_therapy", "age_years", "fsh_iu_l")}}
    with pytest.raises(InputError, match=words):
        pretese.fit_scenario(_table(tmp_path, 60), usual | change, resamples=20, progress=False)


def test_too_few_patients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 30 patients"):
        fit_table(_table(tmp_path, 20), None, 20, 1, _quiet)


def test_the_command_writes_a_scenario_that_other_commands_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = str(_table(tmp_path, 150))
    assert run(["fit", table, "--resamples", "20", "--out", str(tmp_path / "one")]) == 0
    printed = capsys.readouterr().out
    assert "numbers estimated from 150 patients" in printed
    assert max(map(len, printed.splitlines())) <= 80
    names = {each.name for each in (tmp_path / "one").iterdir()}
    assert names == {"fit.json", "fitted.yaml", "manifest.json", "realism.html"}
    out = str(tmp_path / "cohort")
    scenario = str(tmp_path / "one" / "fitted.yaml")
    assert run(["simulate", scenario, "--patients", "20", "--out", out]) == 0
    # the result contains no row of the table
    row = pd.read_csv(table, dtype=str).loc[0, ["fsh_iu_l", "estradiol_pmol_l"]].str.cat(sep=",")
    assert row not in (tmp_path / "one" / "fit.json").read_text()


def test_a_table_with_other_names_needs_a_map(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="--mapping"):
        pretese.fit_scenario(path, resamples=20, progress=False)
