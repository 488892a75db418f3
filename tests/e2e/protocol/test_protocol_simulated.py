"""Simulated patients follow the rules of the audit: their logs have no deviations."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from pretese.bedside.audits.cohort_logs import NEEDED, logs_of_folder, logs_of_study
from pretese.cli import run
from protocol.audit.deviations import KINDS
from protocol.audit.judge import audit
from protocol.errors import InputError
from protocol.regimen.load import load_regimen
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables
from tests.support.adherent_log import parse_log, write_log
from tests.support.labelled_deviations import deviate

START = dt.date(2022, 3, 1)


@pytest.fixture(scope="module")
def study():
    return tables(draw_cohort(load_scenario("paper"), 1, 1, patients=1000))


def test_a_simulated_cohort_has_no_deviations_but_missing_measurements(study):
    logs = logs_of_study(study, START)
    assert sum(len(log) for log in logs.values()) == len(study["patients"])
    assert set(logs) == {"fsh-guided", "no-therapy"}
    incomplete = study["patients"].set_index("patient_id")
    visits = study["visits"].set_index("patient_id")
    hormones = ["fsh_iu_l", "lh_iu_l", "testosterone_nmol_l", "estradiol_pmol_l", "prolactin_ng_ml"]
    gaps = {*incomplete.index[incomplete[hormones].isna().any(axis=1)]}
    gaps |= {*visits.index[visits[hormones[:4]].isna().any(axis=1)]}  # results lost at visits
    unmeasured = {f"patient {n}" for n in gaps}
    found = [
        patient for name, log in logs.items() for patient in audit(log, load_regimen(name)).patients
    ]
    flagged = {patient.patient for patient in found if patient.deviations}
    assert flagged == unmeasured
    assert {d.kind for patient in found for d in patient.deviations} == {"omitted test"}
    closed = incomplete.index[(incomplete["micro_tese"] == 1) | (incomplete["icsi"] == 1)]
    assert {patient.patient for patient in found if patient.complete} == {
        f"patient {n}" for n in closed
    }


def test_all_thirteen_kinds_of_deviations_are_found_and_no_others(study):
    regimen = load_regimen("fsh-guided")
    log = logs_of_study(study, START)["fsh-guided"]
    clean = {
        patient.patient: log[patient.patient]
        for patient in audit(log, regimen).patients
        if patient.complete
        and not patient.deviations
        and log[patient.patient][-1].name == "micro-tese"
    }
    random = np.random.default_rng(3)
    key: dict[str, str] = {}
    for i, patient in enumerate(clean):
        kind = KINDS[i % (len(KINDS) + 3)] if i % (len(KINDS) + 3) < len(KINDS) else None
        changed = kind and deviate(clean[patient], kind, regimen, random)
        if kind and changed:
            key[patient], clean[patient] = kind, changed
    assert len(key) > 150
    assert set(key.values()) == set(KINDS)
    found = {
        patient.patient: {deviation.kind for deviation in patient.deviations}
        for patient in audit(clean, regimen).patients
    }
    assert found == {patient: {key[patient]} if patient in key else set() for patient in clean}


def test_the_log_of_simulated_patients_survives_writing_as_csv(study):
    for name, log in logs_of_study(study, START).items():
        regimen = load_regimen(name)
        few = dict(list(log.items())[:40])
        again = audit(parse_log(write_log(few), regimen, "log.csv"), regimen)
        assert [patient.phases for patient in again.patients] == [
            patient.phases for patient in audit(few, regimen).patients
        ]
        assert again.counts() == audit(few, regimen).counts()


def test_the_audit_derives_the_months_of_simulated_patients_from_their_injections(study):
    (log,) = [log for name, log in logs_of_study(study, START).items() if name == "fsh-guided"]
    visits = study["visits"]
    drawn = visits[visits["month"] > 0].groupby("patient_id")["previous_phase"].agg(tuple)
    judged = {
        patient.patient: patient.phases
        for patient in audit(log, load_regimen("fsh-guided")).patients
    }
    for number, phases in drawn.items():
        assert judged[f"patient {number}"] == phases


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_of_simulated_studies_is_audited_from_the_command_line(kind, tmp_path, capsys):
    folder = tmp_path / "drawn"
    words = ["simulate", "paper", "--patients", "40", "--replicates", "2", "--format", kind]
    assert run([*words, "--out", str(folder)]) == 0
    capsys.readouterr()
    assert run(["audit", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {kind for kind, count in found["counts"].items() if count} <= {"omitted test"}
    names = {patient["patient"] for patient in found["patients"]}
    assert any(name.startswith("study 2, patient ") for name in names)
    assert run(["audit", str(folder), "--regimen", "hcg-only"]) == 2
    assert "none of its patients followed hcg-only; they followed: " in capsys.readouterr().err
    (folder / f"visits.{kind}").unlink()
    assert run(["audit", str(folder)]) == 2
    assert "visits.csv: it is not there" in capsys.readouterr().err


FOLDER_FAULTS = {
    "a patient who is in no table": (
        "visits", lambda t: t.assign(patient_id=99), "visits.{kind}: patient_id: 1 of them are not"
    ),
    "a missing day": (
        "visits", lambda t: t.assign(day=None), "visits.{kind}: day: a cell is empty"
    ),
    "a day in words": (
        "injections", lambda t: t.assign(day="Monday"), "row {row}, day: 'Monday' is not a number"
    ),
    "no column": ("patients", lambda t: t.drop(columns="regimen"), "regimen: there is no such"),
    "a patient without regimen": (
        "patients", lambda t: t.assign(regimen=None), "patients.{kind}: regimen: a cell is empty"
    ),
    "one study among others": (
        "visits", lambda t: t.assign(study=1), "study: only some of the tables have this column"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn_folder(tmp_path_factory, study):
    folder = tmp_path_factory.mktemp("drawn")
    few = {name: table[table["patient_id"] <= 20] for name, table in study.items()}
    for name in NEEDED:
        few[name].to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("fault", FOLDER_FAULTS)
def test_a_folder_with_a_fault_is_refused_in_one_message(fault, kind, drawn_folder, tmp_path):
    name, change, message = FOLDER_FAULTS[fault]
    for each in NEEDED:
        table = pd.read_csv(drawn_folder / f"{each}.csv")
        table = change(table) if each == name else table
        if kind == "csv":
            table.to_csv(tmp_path / f"{each}.csv", index=False)
        else:
            table.to_parquet(tmp_path / f"{each}.parquet")
    with pytest.raises(InputError) as caught:
        logs_of_folder(tmp_path)
    assert message.format(kind=kind, row=2 if kind == "csv" else 1) in str(caught.value)


def test_a_folder_with_a_damaged_table_is_refused_in_one_message(drawn_folder, tmp_path):
    for name in NEEDED:
        (tmp_path / f"{name}.csv").write_bytes((drawn_folder / f"{name}.csv").read_bytes())
    (tmp_path / "visits.csv").unlink()
    (tmp_path / "visits.parquet").write_bytes(b"PAR1 cut off")
    with pytest.raises(InputError, match="it is not a Parquet file, or its end is missing"):
        logs_of_folder(tmp_path)
