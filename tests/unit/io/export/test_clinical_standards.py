"""FHIR, OMOP and Excel: what a reader of each finds, value for value."""

import datetime as dt
import json

import openpyxl
import pandas as pd
import pytest

from pretese.io.export.columns.export_fields import is_truth
from pretese.io.export.standards.fhir import HORMONES, write_fhir
from pretese.io.export.standards.omop import omop_tables
from pretese.io.export.workbook_file import write_workbook
from simulate.cohort.draw import draw_cohort
from simulate.tables.study_tables import tables
from tests.support.exported import drawn_tables, fields
from tests.support.paper import paper


@pytest.fixture(scope="module")
def resources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk") / "fhir"
    write_fhir(drawn_tables(), folder, fields())
    return {
        path.stem: [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for path in folder.iterdir()
    }


def test_every_resource_has_an_id_of_its_own_and_a_patient_that_exists(resources):
    patients = {f"Patient/{each['id']}" for each in resources["Patient"]}
    for kind, listed in resources.items():
        assert {each["resourceType"] for each in listed} == {kind}
        ids = [each["id"] for each in listed]
        assert len(set(ids)) == len(ids)
        assert all(len(name) <= 64 and name.replace("-", "").isalnum() for name in ids)
        if kind != "Patient":
            assert {each["subject"]["reference"] for each in listed} <= patients


def test_every_measured_hormone_is_an_observation_with_its_unit(resources):
    visits, patients = drawn_tables()["visits"], drawn_tables()["patients"]
    for name, (code, _) in HORMONES.items():
        mine = [e for e in resources["Observation"] if e["code"]["coding"][0]["code"] == code]
        values = (visits if name in visits else patients)[name].dropna().tolist()
        assert [each["valueQuantity"]["value"] for each in mine] == values
        assert {each["valueQuantity"]["code"] for each in mine} <= {
            "[IU]/L", "nmol/L", "pmol/L", "ng/mL",
        }  # fmt: skip


def test_injections_and_procedures_happen_on_their_dates(resources):
    for kind, table, when in (
        ("MedicationAdministration", "injections", "effectiveDateTime"),
        ("Procedure", "procedures", "performedDateTime"),
    ):
        dates = drawn_tables()[table]["date"].dt.strftime("%Y-%m-%d").tolist()
        assert [each[when] for each in resources[kind]] == dates
    doses = [e["dosage"]["dose"]["value"] for e in resources["MedicationAdministration"]]
    assert doses == drawn_tables()["injections"]["dose_iu"].tolist()


def test_exact_days_count_from_a_date_that_stands_for_the_first(tmp_path):
    parts = tables(draw_cohort(paper(), 3, patients=40))
    write_fhir(parts, tmp_path / "fhir", fields())
    lines = (tmp_path / "fhir" / "Procedure.ndjson").read_text("utf-8").splitlines()
    first, row = json.loads(lines[0]), parts["procedures"].iloc[0]
    enrolled = parts["patients"].set_index("patient_id")["enrolled_day"][row["patient_id"]]
    day = pd.Timestamp("2000-01-03") + dt.timedelta(days=int(enrolled + row["day"]))
    assert first["performedDateTime"] == f"{day:%Y-%m-%d}"


def test_omop_tables_refer_to_persons_and_keep_value_unit_and_source():
    found = omop_tables(drawn_tables(2), fields(2))
    persons = found["person"]
    assert len(persons) == len(drawn_tables(2)["patients"])
    assert persons["person_source_value"].is_unique
    for name, table in found.items():
        if name == "cdm_source":
            continue
        assert set(table["person_id"]) <= set(persons["person_id"]), name
        assert table[f"{name}_id"].is_unique, name
    measured = found["measurement"]
    fsh = measured[measured["measurement_source_value"].str.contains("15067-2")]
    assert sorted(fsh["value_as_number"]) == sorted(drawn_tables(2)["visits"]["fsh_iu_l"].dropna())
    assert set(fsh["unit_source_value"]) == {"[IU]/L"}
    assert len(found["drug_exposure"]) == len(drawn_tables(2)["injections"])
    periods = found["observation_period"].set_index("person_id")
    begun = measured["person_id"].map(periods["observation_period_start_date"])
    ended = measured["person_id"].map(periods["observation_period_end_date"])
    assert (begun <= measured["measurement_date"]).all()
    assert (measured["measurement_date"] <= ended).all()


def test_a_workbook_holds_every_table_and_the_same_bytes(tmp_path):
    seen = {name: table for name, table in drawn_tables().items() if not is_truth(name)}
    for name in ("one", "two"):
        write_workbook(seen, tmp_path / f"{name}.xlsx", fields())
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "one.xlsx")
    assert book.sheetnames == ["dictionary", *seen]
    rows = list(book["visits"].values)
    assert list(rows[0]) == list(seen["visits"])
    found = pd.DataFrame(rows[1:], columns=rows[0])
    for name in ("patient_id", "day", "fsh_iu_l"):
        assert found[name].fillna(-1).tolist() == seen["visits"][name].fillna(-1).tolist()
    assert (found["date"] == seen["visits"]["date"]).all()


def test_text_in_a_workbook_is_never_a_formula(tmp_path):
    listed = {"patients": fields()["patients"]}
    table = drawn_tables()["patients"].head(1).assign(diagnosis="=1+1")
    write_workbook({"patients": table}, tmp_path / "x.xlsx", listed)
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["patients"]
    cell = next(c for c in sheet[2] if c.value == "=1+1")
    assert cell.data_type == "s"


def test_a_public_library_accepts_every_resource(resources):
    pytest.importorskip("fhir.resources", reason="the library is in the group dev")
    from fhir.resources.R4B import medicationadministration, observation, patient, procedure

    models = {
        "Patient": patient.Patient,
        "Observation": observation.Observation,
        "MedicationAdministration": medicationadministration.MedicationAdministration,
        "Procedure": procedure.Procedure,
    }
    assert set(resources) == set(models)
    for kind, listed in resources.items():
        for each in listed[:200]:
            models[kind].model_validate(each)
    with pytest.raises(ValueError, match="gendr"):
        models["Patient"].model_validate({**resources["Patient"][0], "gendr": "male"})
