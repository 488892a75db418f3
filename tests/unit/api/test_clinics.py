"""Clinics of the public interface: the same bytes as the command, and every option."""

import inspect
import json
from xml.etree import ElementTree as ET

import pandas as pd
import pytest

import pretese
from pretese.api.simulation.scenarios import Scenario
from pretese.cli import app, run
from pretese.clinic import clinic_options
from protocol.errors import InputError
from simulate.clinic.capacity.replicates import FEWEST
from simulate.clinic.capacity.required_capacity import CAPACITIES
from tests.support.output.folder_contents import hashes

#: Options of `pretese clinic`, as the interface calls them.
ARGUMENTS = {
    "clinic_name": "clinic", "form": "format",
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    paper = pretese.scenario("paper")
    return paper.clinic(patients=60, seed=2, replicates=2, day=900, progress=False)


def test_a_run_is_written_as_the_command_writes_it(found, tmp_path, capsys):
    words = [
        "--patients",
        "60",
        "--seed",
        "2",
        "--replicates",
        "2",
        "--day",
        "900",
        "--workers",
        "1",
    ]
    more = ["--xes", "--no-figures", "--json", "--out", str(tmp_path / "a")]
    assert run(["clinic", "paper", *words, *more]) == 0
    shown = json.loads(capsys.readouterr().out)
    found.write(tmp_path / "b", xes=True, figures=False)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert shown.pop("rows")["patients"] == len(found.tables["patients"])
    assert {**found.to_dict(), "rows": {}} == {**shown, "rows": {}}


def test_tables_and_log_are_those_of_the_files(found, tmp_path):
    found.write(tmp_path / "x", "parquet", figures=False)
    for name, table in found.tables.items():
        stored = pd.read_parquet(tmp_path / "x" / f"{name}.parquet")
        assert list(stored.columns) == list(table.columns), name
        assert len(stored) == len(table), name
    assert found.log is found.tables["log"]
    assert found.plot("flow").axes
    assert found.to_frame().equals(found.measures)
    assert repr(found) == "<ClinicRun: paper in one-centre, 2 replicates, seed 2>"


def test_a_capacity_is_that_of_the_command(tmp_path, capsys):
    words = ["--clinic", "busy-theatre", "--solve", "theatre_lists", "--goal",
             "p90_wait_days < 60", "--patients", "300", "--workers", "1"]  # fmt: skip
    assert run(["clinic", "paper", *words, "--json", "--out", str(tmp_path / "a")]) == 0
    answer = pretese.scenario("paper").capacity(
        "theatre_lists", "p90_wait_days < 60", clinic="busy-theatre", patients=300,
        out=tmp_path / "b", progress=False,
    )  # fmt: skip
    assert answer.to_dict() == json.loads(capsys.readouterr().out)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert answer.capacity == answer.to_dict()["answer"]
    assert len(repr(answer)) <= 100
    assert answer.to_frame().equals(answer.tried)


def test_every_option_has_its_argument():
    given = {
        name
        for each in (Scenario.clinic, Scenario.capacity)
        for name in inspect.signature(each).parameters
    } - {"self", "progress"}
    asked = {ARGUMENTS.get(p.name, p.name) for p in app.get_command(None, "clinic").params}
    assert given == asked - {"scenario", "as_json"}


def test_the_names_of_the_options_are_those_of_the_engine():
    assert tuple(CAPACITIES) == clinic_options.CAPACITY_NAMES
    assert clinic_options.FEWEST_REPLICATES == FEWEST


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda paper, out: paper.clinic("nowhere"), "clinic: nowhere: there is no such clinic"),
        (lambda paper, out: paper.clinic(patients=1), "patients: 1"),
        (lambda paper, out: paper.clinic(precision=0), "precision: 0 is not allowed"),
        (lambda paper, out: paper.clinic(day=-1), "day: -1 is not allowed"),
        (lambda paper, out: paper.clinic(max_replicates=4), "max_replicates: 4 is not allowed"),
        (lambda paper, out: paper.clinic(format="ods"), "format: 'ods' is not allowed"),
        (lambda paper, out: paper.clinic("unlimited", patients=20, measure="joy", out=out),
         "measure: joy: there is no such measure"),
        (lambda paper, out: paper.capacity("nurses", "p90_wait_days < 6", patients=20),
         "solve: 'nurses' cannot be solved for"),
        (lambda paper, out: paper.capacity("theatre_lists", "joy > 3", patients=20),
         "goal: there is no measure 'joy'"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(tmp_path, act, message):
    with pytest.raises(InputError) as caught:
        act(pretese.scenario("paper"), tmp_path / "x")
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_clinic_is_exported_like_a_cohort_with_the_truth_in_its_own_folder(tmp_path):
    paper = pretese.scenario("paper")
    common = {"patients": 40, "replicates": 1, "figures": False, "progress": False}
    for form in ("csv", "fhir"):
        paper.clinic("unlimited", out=tmp_path / form, format=form, xes=True, **common)
    patients = pd.read_csv(tmp_path / "csv" / "patients.csv")
    truth = pd.read_csv(tmp_path / "csv" / "truth" / "truth.csv")
    assert truth["patient_id"].tolist() == patients["patient_id"].tolist()
    cohort = paper.simulate(patients=40, seed=1)
    for name in ("any_sperm_untreated", "any_sperm_treated", "stratum_by_sperm"):
        assert truth[name].tolist() == cohort.truth[name].tolist(), name
    for place in ("csv", "csv/truth"):
        package = json.loads((tmp_path / place / "datapackage.json").read_text("utf-8"))
        for resource in package["resources"]:
            assert (tmp_path / place / resource["path"]).exists()
    lines = (tmp_path / "fhir" / "fhir" / "Procedure.ndjson").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["performedDateTime"] >= "2026-01-05"
    assert (tmp_path / "fhir" / "log.csv").exists()
    root = ET.parse(tmp_path / "csv" / "log.xes").getroot()
    assert root.get("xes.version") == "1849-2016"


def test_the_outcomes_of_a_run_are_those_of_the_chosen_arm(found):
    seen = found.tables["patients"].set_index("patient_id")
    truth = found.truth.set_index("patient_id")
    assert list(truth.index) == list(seen.index)
    treated = seen["gonadotropin_therapy"] == 1
    for name in ("sperm_in_ejaculate", "sperm_retrieved"):
        known = seen[name].notna() & seen["gonadotropin_therapy"].notna()
        chosen = truth[f"{name}_treated"].where(treated, truth[f"{name}_untreated"])
        assert known.sum() > 5
        assert (seen.loc[known, name].astype(int) == chosen[known]).all()
