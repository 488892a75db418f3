"""HL7 FHIR R4 bulk data: one NDJSON file for each resource type.

Patients, hormones, injections and procedures; as a clinic would send them. The truth is not
exported.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pretese.io.export.columns.export_fields import KEYS, Fields, with_study
from pretese.io.export.columns.units import Unit
from pretese.io.export.standards.dated import birth_year, day_text, enrolment, with_dates

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
ATC = "http://www.whocc.no/atc"
IDENTIFIERS = "https://pretese.invalid/patient"

#: Hormone to LOINC code and name, in moles or units a volume as the tables have them.
HORMONES = {
    "lh_iu_l": ("10501-5", "Lutropin"),
    "fsh_iu_l": ("15067-2", "Follitropin"),
    "testosterone_nmol_l": ("14913-8", "Testosterone"),
    "estradiol_pmol_l": ("14715-7", "Estradiol (E2)"),
    "prolactin_ng_ml": ("2842-3", "Prolactin"),
}

#: Drug of a regimen to ATC code and name; others have only their name.
DRUGS = {
    "hcg": ("G03GA01", "chorionic gonadotrophin"),
    "ufsh": ("G03GA04", "urofollitropin"),
    "rfsh": ("G03GA05", "follitropin alfa"),
    "hmg": ("G03GA02", "human menopausal gonadotrophin"),
}

Resource = dict[str, Any]
Tables = Mapping[str, pd.DataFrame]


def write_fhir(parts: Tables, folder: Path, fields: Fields) -> None:
    """Write Patient, Observation, MedicationAdministration and Procedure into ``folder``."""
    folder.mkdir()
    for kind, resources in (
        ("Patient", patients(parts)),
        ("Observation", observations(parts, fields)),
        ("MedicationAdministration", administrations(parts)),
        ("Procedure", procedures(parts)),
    ):
        with (folder / f"{kind}.ndjson").open("w", encoding="utf-8", newline="\n") as file:
            for each in resources:
                file.write(json.dumps(each, ensure_ascii=False, allow_nan=False) + "\n")


def patients(parts: Tables) -> Iterator[Resource]:
    """Yield a Patient for each; only the year of birth is known."""
    rows, enrolled = with_study(parts["patients"]), enrolment(parts)
    for row, year in zip(_rows(rows), birth_year(rows, enrolled), strict=True):
        name = patient_name(row)
        site = {"managingOrganization": {"display": row["site"]}} if "site" in row else {}
        yield {
            "resourceType": "Patient",
            "id": name,
            "identifier": [{"system": IDENTIFIERS, "value": name}],
            "active": True,
            "gender": "male",
            "birthDate": f"{year:04d}",
            **site,
        }


def observations(parts: Tables, fields: Fields) -> Iterator[Resource]:
    """Yield an Observation for every hormone that was measured."""
    units = {field.name: field.unit for field in fields["patients"]}
    visits = with_dates(parts, "visits")
    for name in HORMONES:
        rows = visits if name in visits else _at_enrolment(parts)
        known = rows[rows[name].notna()].assign(day=day_text(rows["date"]))
        for row in _rows(known):
            yield _observation(row, name, units[name])


def _at_enrolment(parts: Tables) -> pd.DataFrame:
    rows = with_study(parts["patients"]).merge(enrolment(parts), on=list(KEYS), suffixes=("", "_"))
    return rows.assign(date=rows["enrolled_date"], month=0)


def _observation(row: Resource, hormone: str, unit: Unit) -> Resource:
    code, name = HORMONES[hormone]
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": f"{patient_name(row)}-{code}-{row['month']}",
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "laboratory"}]}],
        "code": {"coding": [{"system": LOINC, "code": code}], "text": name},
        "subject": _subject(row),
        "effectiveDateTime": row["day"],
        "valueQuantity": {
            "value": row[hormone], "unit": unit.printed, "system": UCUM, "code": unit.ucum,
        },
    }  # fmt: skip


def administrations(parts: Tables) -> Iterator[Resource]:
    """Yield a MedicationAdministration for every injection."""
    rows = with_dates(parts, "injections")
    count = rows.groupby(list(KEYS)).cumcount() + 1
    rows = rows.assign(number=count, day=day_text(rows["date"]))
    for row in _rows(rows):
        code, name = DRUGS.get(row["drug"], ("", row["drug"]))
        coding = {"coding": [{"system": ATC, "code": code}]} if code else {}
        dose = {"value": row["dose_iu"], "unit": "IU", "system": UCUM, "code": "[iU]"}
        yield {
            "resourceType": "MedicationAdministration",
            "id": f"{patient_name(row)}-injection-{row['number']}",
            "status": "completed",
            "medicationCodeableConcept": {**coding, "text": name},
            "subject": _subject(row),
            "effectiveDateTime": row["day"],
            "dosage": {"text": f"{row['dose_iu']:g} IU {name}", "dose": dose},
        }


def procedures(parts: Tables) -> Iterator[Resource]:
    """Yield a Procedure for every semen analysis, operation and ICSI."""
    rows = with_dates(parts, "procedures")
    rows = rows.assign(performed=day_text(rows["date"]))
    for row in _rows(rows):
        yield {
            "resourceType": "Procedure",
            "id": f"{patient_name(row)}-{row['procedure'].lower().replace(' ', '-')}",
            "status": "completed",
            "code": {"text": row["procedure"]},
            "subject": _subject(row),
            "performedDateTime": row["performed"],
            "outcome": {"text": row["result"]},
        }


def patient_name(row: Resource) -> str:
    """Return the id of a patient, unique over all studies.

    >>> patient_name({"study": 2, "patient_id": 7})
    'study-2-patient-7'
    """
    return f"study-{row['study']}-patient-{row['patient_id']}"


def _subject(row: Resource) -> Resource:
    return {"reference": f"Patient/{patient_name(row)}"}


def _rows(table: pd.DataFrame) -> Iterator[Resource]:
    columns = {name: table[name].tolist() for name in table}
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))
