"""Tables of the OMOP common data model 5.4 as CSV files, with source values and concept 0.

The vocabularies are not free to ship, so every concept but that of the sex is 0 ("no matching
concept") and the source values have the words, codes and units, ready to be mapped.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pretese.io.export.columns.clock import creation_time
from pretese.io.export.columns.export_fields import KEYS, Fields, with_study
from pretese.io.export.standards.dated import birth_year, enrolment, with_dates
from pretese.io.export.standards.fhir import HORMONES, patient_name
from pretese.io.output.csv_file import write_csv
from pretese.io.output.versions import program_version

#: The standard concept of male sex, and the concept of unmapped records.
MALE, UNMAPPED = 8507, 0
#: Concept of data from an electronic health record.
FROM_RECORD = 32817

Tables = Mapping[str, pd.DataFrame]


def write_omop(parts: Tables, folder: Path, fields: Fields) -> None:
    """Write person, observation_period, condition_occurrence, measurement, and treatments."""
    folder.mkdir()
    for name, table in omop_tables(parts, fields).items():
        write_csv(table, folder / f"{name}.csv")


def omop_tables(parts: Tables, fields: Fields) -> dict[str, pd.DataFrame]:
    """Return the tables by name; dates of exact studies count from 2000."""
    patients, enrolled = with_study(parts["patients"]), enrolment(parts)
    ids = enrolled.assign(person_id=np.arange(1, len(enrolled) + 1))
    found = {
        "person": _person(patients, ids),
        "condition_occurrence": _conditions(patients, ids),
        "measurement": _measurements(parts, fields, ids),
        "drug_exposure": _drugs(parts, ids),
        "procedure_occurrence": _procedures(parts, ids),
    }
    found["observation_period"] = _periods(ids, found)
    found["cdm_source"] = _source(enrolled)
    return {name: _numbered(name, table) for name, table in found.items()}


def _person(patients: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    names = [patient_name({"study": s, "patient_id": p}) for s, p in ids[list(KEYS)].to_numpy()]
    return pd.DataFrame(
        {
            "person_id": ids["person_id"],
            "gender_concept_id": MALE,
            "year_of_birth": birth_year(patients, ids),
            "race_concept_id": UNMAPPED,
            "ethnicity_concept_id": UNMAPPED,
            "person_source_value": names,
            "gender_source_value": "M",
        }
    )


def _conditions(patients: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person_id": ids["person_id"],
            "condition_concept_id": UNMAPPED,
            "condition_start_date": ids["enrolled_date"],
            "condition_type_concept_id": FROM_RECORD,
            "condition_source_value": "non-obstructive azoospermia: " + patients["diagnosis"],
        }
    )


def _measurements(parts: Tables, fields: Fields, ids: pd.DataFrame) -> pd.DataFrame:
    units = {field.name: field.unit for field in fields["patients"]}
    visits = _identified(with_dates(parts, "visits"), ids)
    first = _identified(with_study(parts["patients"]), ids)
    pieces = []
    for hormone, (code, name) in HORMONES.items():
        rows = visits if hormone in visits else first.assign(date=ids["enrolled_date"].to_numpy())
        rows = rows[rows[hormone].notna()]
        pieces.append(
            pd.DataFrame(
                {
                    "person_id": rows["person_id"],
                    "measurement_concept_id": UNMAPPED,
                    "measurement_date": rows["date"],
                    "measurement_type_concept_id": FROM_RECORD,
                    "value_as_number": rows[hormone],
                    "unit_concept_id": UNMAPPED,
                    "measurement_source_value": f"{name}, LOINC {code}",
                    "unit_source_value": units[hormone].ucum,
                    "value_source_value": rows[hormone].map("{:.12g}".format),
                }
            )
        )
    return pd.concat(pieces).sort_values(["person_id", "measurement_date"], kind="stable")


def _drugs(parts: Tables, ids: pd.DataFrame) -> pd.DataFrame:
    rows = _identified(with_dates(parts, "injections"), ids)
    return pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "drug_concept_id": UNMAPPED,
            "drug_exposure_start_date": rows["date"],
            "drug_exposure_end_date": rows["date"],
            "drug_type_concept_id": FROM_RECORD,
            "quantity": rows["dose_iu"],
            "drug_source_value": rows["drug"],
            "dose_unit_source_value": "[iU]",
        }
    )


def _procedures(parts: Tables, ids: pd.DataFrame) -> pd.DataFrame:
    rows = _identified(with_dates(parts, "procedures"), ids)
    return pd.DataFrame(
        {
            "person_id": rows["person_id"],
            "procedure_concept_id": UNMAPPED,
            "procedure_date": rows["date"],
            "procedure_type_concept_id": FROM_RECORD,
            "procedure_source_value": rows["procedure"] + ": " + rows["result"],
        }
    )


def _periods(ids: pd.DataFrame, found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return each patient's observation period, from enrolment to the last record."""
    dated = (("measurement", "measurement_date"), ("procedure_occurrence", "procedure_date"))
    last = pd.concat([found[t][["person_id", c]].set_axis(["person", "date"], axis=1)
                      for t, c in dated]).groupby("person")["date"].max()  # fmt: skip
    ends = ids["person_id"].map(last).fillna(ids["enrolled_date"])
    return pd.DataFrame(
        {
            "person_id": ids["person_id"],
            "observation_period_start_date": ids["enrolled_date"],
            "observation_period_end_date": np.maximum(ends, ids["enrolled_date"]),
            "period_type_concept_id": FROM_RECORD,
        }
    )


def _source(enrolled: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cdm_source_name": ["pretese: synthetic patients"],
            "cdm_source_abbreviation": ["pretese"],
            "cdm_holder": ["pretese"],
            "source_release_date": [enrolled["enrolled_date"].max()],
            "cdm_release_date": [pd.Timestamp(creation_time().date())],
            "cdm_version": ["v5.4"],
            "cdm_version_concept_id": [UNMAPPED],
            "vocabulary_version": [f"none; written by pretese {program_version()}"],
        }
    )


def _identified(rows: pd.DataFrame, ids: pd.DataFrame) -> pd.DataFrame:
    return rows.merge(ids[[*KEYS, "person_id"]], on=list(KEYS), how="left")


def _numbered(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with numbered rows and written dates."""
    table = table.reset_index(drop=True)
    for column in table:
        if pd.api.types.is_datetime64_any_dtype(table[column]):
            table[column] = table[column].dt.strftime("%Y-%m-%d")
    if name not in ("person", "cdm_source"):
        table.insert(0, f"{name}_id", np.arange(1, len(table) + 1))
    return table
