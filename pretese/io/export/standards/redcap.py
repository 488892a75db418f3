"""REDCap: a data dictionary of 18 columns that creates the project, and the records to import.

The patients are the first instrument; every other table is a repeating instrument, one instance
per row.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pretese.io.export.columns.export_fields import KEYS, Field, Fields, Kind, with_study
from pretese.io.output.csv_file import write_csv

#: The columns of a REDCap data dictionary, in the order that REDCap requires.
COLUMNS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)

#: The first field of the project: names a record.
RECORD = "record_id"

FIRST_FORM = "patients"

_VALIDATION: dict[Kind, str] = {"number": "number", "count": "integer", "date": "date_ymd"}


def write_redcap(parts: Mapping[str, pd.DataFrame], folder: Path, fields: Fields) -> None:
    """Write data_dictionary.csv and records.csv.

    Parameters
    ----------
    parts, fields
        The observed tables and their columns; ``patients`` among them.
    """
    folder.mkdir()
    write_csv(data_dictionary(fields), folder / "data_dictionary.csv")
    write_csv(records(parts, fields), folder / "records.csv")


def field_name(form: str, name: str) -> str:
    """Return a name that is unique in the project: those of later forms begin with the form."""
    return name if form == FIRST_FORM else f"{form}_{name}"


def data_dictionary(fields: Fields) -> pd.DataFrame:
    """Return the data dictionary, a row per field, in `COLUMNS`."""
    record = _row(RECORD, FIRST_FORM, "text", "the patient; with several studies: study-patient")
    rows = [record] + [_describe(form, field) for form, field in _listed(fields)]
    return pd.DataFrame([{name: row.get(name, "") for name in COLUMNS} for row in rows])


def records(parts: Mapping[str, pd.DataFrame], fields: Fields) -> pd.DataFrame:
    """Return the records to import, by patient and form; choices as their codes."""
    several = "study" in parts[FIRST_FORM]
    forms = pd.concat([_rows(form, parts[form], fields, several) for form in _forms(fields)])
    columns = [RECORD, "redcap_repeat_instrument", "redcap_repeat_instance"]
    columns += [field_name(form, field.name) for form, field in _listed(fields)]
    return forms.sort_index(kind="stable")[columns].reset_index(drop=True)


def _forms(fields: Fields) -> list[str]:
    return [FIRST_FORM, *(name for name in fields if name != FIRST_FORM)]


def _listed(fields: Fields) -> list[tuple[str, Field]]:
    """Return all fields with their form; a repeating row does not repeat the patient."""
    return [
        (form, field)
        for form in _forms(fields)
        for field in fields[form]
        if form == FIRST_FORM or field.name not in KEYS
    ]


def _rows(form: str, table: pd.DataFrame, fields: Fields, several: bool) -> pd.DataFrame:
    """Return the rows of one form, indexed by (study, patient)."""
    patients = pd.MultiIndex.from_frame(with_study(table)[list(KEYS)])
    rows = pd.DataFrame(
        {field_name(form, f.name): _coded(table[f.name], f).to_numpy(object) for f in fields[form]},
        index=patients,
        dtype=object,
    )
    rows[RECORD] = [
        f"{study}-{patient}" if several else f"{patient}" for study, patient in patients
    ]
    if form != FIRST_FORM:
        rows["redcap_repeat_instrument"] = form
        rows["redcap_repeat_instance"] = rows.groupby(level=list(KEYS)).cumcount() + 1
        rows["redcap_repeat_instance"] = rows["redcap_repeat_instance"].astype(object)
    return rows


def _coded(values: pd.Series, field: Field) -> pd.Series:
    """Return values as REDCap stores them: words with choices as the codes 1, 2, ..."""
    if field.kind == "date":
        return values.dt.strftime("%Y-%m-%d").astype(object)
    if not field.choices:
        return values.astype(object).where(values.notna(), None)
    codes = {word: code for code, word in enumerate(field.choices, 1)}
    return values.map(codes).astype("Int64").astype(object).where(values.notna(), None)


def _describe(form: str, field: Field) -> dict[str, str]:
    kind = "yesno" if field.kind == "flag" else "radio" if field.choices else "text"
    return _row(field_name(form, field.name), form, kind, field.meaning) | {
        "Choices, Calculations, OR Slider Labels": " | ".join(
            f"{code}, {word}" for code, word in enumerate(field.choices, 1)
        ),
        "Field Note": str(field.unit),
        "Text Validation Type OR Show Slider Number": _VALIDATION.get(field.kind, ""),
    }


def _row(name: str, form: str, kind: str, label: str) -> dict[str, str]:
    return {
        "Variable / Field Name": name,
        "Form Name": form,
        "Field Type": kind,
        "Field Label": label,
    }
