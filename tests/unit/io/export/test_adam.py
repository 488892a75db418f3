"""ADSL and ADLB as Dataset-JSON 1.1: the standard's rules, and every value against the tables."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import numpy as np
import pandas as pd
import pytest

from pretese.io.export.standards.adam import adlb, adsl
from pretese.io.export.standards.dataset_json import dataset, write_dataset_json
from pretese.io.export.standards.define_xml import write_define
from tests.support.exported import assert_same_values, drawn_tables, fields

RULES = json.loads((Path(__file__).parents[3] / "reference/dataset_json_rules.json").read_text())
ODM, DEF = "{http://www.cdisc.org/ns/odm/v1.3}", "{http://www.cdisc.org/ns/def/v2.1}"
MAKE = {"ADSL": adsl, "ADLB": adlb}


def document(name, folder, studies=1):
    data = MAKE[name](drawn_tables(studies), "paper", fields(studies))
    write_dataset_json(data, folder / "x.json", "paper")
    return json.loads((folder / "x.json").read_text("utf-8"))


def table_of(found):
    return pd.DataFrame(found["rows"], columns=[column["name"] for column in found["columns"]])


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("studies", [1, 2])
def test_the_rules_of_dataset_json_are_met(tmp_path, name, studies):
    found = document(name, tmp_path, studies)
    validator = jsonschema.Draft201909Validator(RULES)
    assert [error.message for error in validator.iter_errors(found)] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda d: d.pop("label"), "'label' is a required property"),
        (lambda d: d.update(extra=1), "Additional properties"),
        (lambda d: d.update(datasetJSONVersion="1.0.0"), "does not match"),
        (lambda d: d.update(datasetJSONCreationDateTime="1970-13-01T00:00:00"), "does not match"),
        (lambda d: d["columns"][0].update(dataType="text"), "is not one of"),
        (lambda d: d["rows"][0].append({}), "is not of type"),
    ],
)
def test_the_rules_refuse_what_the_standard_refuses(tmp_path, change, fault):
    found = document("ADSL", tmp_path)
    change(found)
    errors = [e.message for e in jsonschema.Draft201909Validator(RULES).iter_errors(found)]
    assert any(fault in error for error in errors), errors


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("studies", [1, 2])
def test_rules_beyond_the_schema_are_met(tmp_path, name, studies):
    found = document(name, tmp_path, studies)
    columns = found["columns"]
    assert found["records"] == len(found["rows"])
    assert all(len(row) == len(columns) for row in found["rows"])
    kinds = {"string": str, "integer": int, "double": float, "date": str}
    for place, column in enumerate(columns):
        values = [row[place] for row in found["rows"] if row[place] is not None]
        assert all(type(value) is kinds[column["dataType"]] for value in values), column
        if column["dataType"] == "string":
            assert max(map(len, values), default=1) == column["length"]
        assert len(column["name"]) <= 8
        assert len(column["label"]) <= 40
        assert column["label"].isascii()
    key = [
        c["name"]
        for c in sorted(columns, key=lambda c: c.get("keySequence", 99))
        if "keySequence" in c
    ]
    table = table_of(found)
    assert not table.duplicated(key).any()
    assert list(table.columns[table.isna().all()]) == []


def test_adsl_holds_every_patient_value_for_value(tmp_path):
    table, patients = table_of(document("ADSL", tmp_path)), drawn_tables()["patients"]
    names = {
        "age_years": "AGE", "infertility_duration_years": "INFDURBL", "bmi_kg_m2": "BMIBL",
        "testis_volume_ml": "TVOLBL", "partner_age_years": "PRTAGEBL", "diagnosis": "DIAGNOS",
        "regimen": "REGIMEN", "gonadotropin_therapy": "TRT01AN",
    }  # fmt: skip
    back = table.rename(columns={new: old for old, new in names.items()})
    assert_same_values(back[list(names)], patients[list(names)])
    assert table["SUBJID"].astype(int).tolist() == patients["patient_id"].tolist()
    assert set(zip(table["TRT01A"], table["TRT01AN"], strict=True)) == {
        ("untreated", 0),
        ("treated", 1),
    }


@pytest.mark.parametrize(
    ("flag", "column"),
    [("EJACFL", "sperm_in_ejaculate"), ("TESEFL", "micro_tese"), ("RETRFL", "sperm_retrieved"),
     ("ICSIFL", "icsi"), ("BIRTHFL", "live_birth")],
)  # fmt: skip
def test_adsl_flags_say_yes_no_or_nothing(tmp_path, flag, column):
    found = table_of(document("ADSL", tmp_path))[flag]
    wanted = drawn_tables()["patients"][column]
    assert found.map({"Y": 1, "N": 0}).tolist() == pytest.approx(
        wanted.astype(float).tolist(), nan_ok=True
    )


@pytest.mark.parametrize("studies", [1, 2])
def test_adlb_holds_every_measurement_value_for_value_with_unit_and_code(tmp_path, studies):
    table = table_of(document("ADLB", tmp_path, studies))
    parts = drawn_tables(studies)
    codes = {
        "lh_iu_l": ("LH", "IU/L", "[IU]/L"), "fsh_iu_l": ("FSH", "IU/L", "[IU]/L"),
        "testosterone_nmol_l": ("TESTOS", "nmol/L", "nmol/L"),
        "estradiol_pmol_l": ("ESTRDIOL", "pmol/L", "pmol/L"),
        "prolactin_ng_ml": ("PROLCTN", "ng/mL", "ng/mL"),
    }  # fmt: skip
    rows = 0
    for column, (code, unit, ucum) in codes.items():
        mine = table[table["PARAMCD"] == code]
        source = parts["visits"] if column in parts["visits"] else parts["patients"].assign(month=0)
        source = source[source[column].notna()]
        assert mine["AVAL"].tolist() == source[column].tolist() or studies == 2
        assert sorted(mine["AVAL"]) == sorted(source[column])
        assert set(mine["AVALU"]) == {unit}
        assert set(mine["AVALUCUM"]) == {ucum}
        assert mine["PARAM"].str.endswith(f"({unit})").all()
        assert mine["AVISITN"].tolist() == source["month"].tolist()
        rows += len(mine)
    assert rows == len(table)


def test_adlb_counts_days_from_1_and_changes_from_baseline(tmp_path):
    table = table_of(document("ADLB", tmp_path))
    first, later = table[table["AVISITN"] == 0], table[table["AVISITN"] > 0]
    assert set(first["ADY"]) == {1}
    late = later["ADY"] - 30 * later["AVISITN"] - 1  # each month counts from the visit before
    assert ((late >= 0) & (late <= 8 * later["AVISITN"])).all()
    began = first.groupby("USUBJID")["ADT"].first()
    apart = pd.to_datetime(later["ADT"]) - pd.to_datetime(later["USUBJID"].map(began))
    assert (apart.dt.days == later["ADY"] - 1).all()
    assert (first["AVAL"] == first["BASE"]).all()
    assert first["ABLFL"].eq("Y").all()
    assert later["ABLFL"].isna().all()
    assert first["CHG"].isna().all()
    known = later["BASE"].notna()
    assert (later["CHG"][known] == (later["AVAL"] - later["BASE"])[known]).all()
    assert later["CHG"][~known].isna().all()
    assert known.any()
    assert not np.array_equal(known, np.ones(len(later), bool))


def test_several_studies_keep_their_patients_apart(tmp_path):
    table = table_of(document("ADSL", tmp_path, studies=2))
    assert set(table["STUDYID"]) == {"paper-1", "paper-2"}
    assert table["USUBJID"].is_unique
    assert dataset(adsl(drawn_tables(), "paper", fields()), "paper")["rows"][0][:2] == [
        "paper",
        "paper-1",
    ]


def test_adsl_states_plan_site_and_populations(tmp_path):
    table, patients = table_of(document("ADSL", tmp_path)), drawn_tables()["patients"]
    assert (table["TRT01P"] == table["TRT01A"]).all()
    assert set(table["SITEID"]) == {"1"}
    assert set(table["ENRLFL"] + table["ITTFL"]) == {"YY"}
    for flag, column in (
        ("SAFFL", "gonadotropin_therapy"), ("COMPLFL", "completed"), ("OPERFL", "micro_tese"),
    ):  # fmt: skip
        assert ((table[flag] == "Y") == (patients[column] == 1)).all(), flag
    assert (pd.to_datetime(table["RFICDT"]) == patients["enrolled_date"]).all()


def test_define_xml_describes_every_variable_of_both_data_sets(tmp_path):
    made = [MAKE[name](drawn_tables(), "paper", fields()) for name in MAKE]
    write_define(made, tmp_path / "define.xml", "paper")
    root = ET.parse(tmp_path / "define.xml").getroot()
    version = root.find(f"{ODM}Study/{ODM}MetaDataVersion")
    assert version.get(f"{DEF}DefineVersion") == "2.1.0"
    items = {item.get("OID"): item for item in version.iter(f"{ODM}ItemDef")}
    lists = {each.get("OID") for each in version.iter(f"{ODM}CodeList")}
    for data, group in zip(made, version.iter(f"{ODM}ItemGroupDef"), strict=True):
        named = [items[ref.get("ItemOID")] for ref in group.iter(f"{ODM}ItemRef")]
        assert [item.get("Name") for item in named] == list(data.table.columns)
        labels = [item.findtext(f"{ODM}Description/{ODM}TranslatedText") for item in named]
        assert labels == [variable.label for variable in data.variables]
        keys = [ref.get("KeySequence") for ref in group.iter(f"{ODM}ItemRef")]
        assert sorted(filter(None, keys)) == [str(v.key) for v in sorted(
            (v for v in data.variables if v.key), key=lambda v: v.key)]  # fmt: skip
    used = {ref.get("CodeListOID") for ref in version.iter(f"{ODM}CodeListRef")}
    assert used == lists != set()
    assert items["IT.ADLB.AVAL"].get("DataType") == "float"
    assert items["IT.ADLB.ADT"].get("DataType") == "date"


def test_a_public_library_finds_define_xml_in_order(tmp_path):
    define_loader = pytest.importorskip("odmlib.define_loader", reason="it is in the group dev")
    from odmlib.define_2_1.rules.metadata_schema import MetadataSchema
    from odmlib.loader import ODMLoader
    from odmlib.oid_generator import create_oid_checker

    made = [MAKE[name](drawn_tables(), "paper", fields()) for name in MAKE]
    write_define(made, tmp_path / "define.xml", "paper")
    uri = "http://www.cdisc.org/ns/def/v2.1"
    loader = ODMLoader(define_loader.XMLDefineLoader(model_package="define_2_1", ns_uri=uri))
    loader.open_odm_document(str(tmp_path / "define.xml"))
    root, version = loader.root(), loader.MetaDataVersion()
    assert version.verify_order()
    assert root.verify_oids(create_oid_checker("define_2_1"))
    assert MetadataSchema().check_conformance(version.to_dict(), "MetaDataVersion")
