"""FORMATS: every export format of a cohort, with its readers, contents and limits.

A new format is one entry, with its writer, and a line in ``docs/how-to/export-a-cohort.md``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # a help text that lists the formats loads no writer
    import pandas as pd

    from pretese.io.export.columns.export_fields import Fields

Tables: TypeAlias = Mapping[str, "pd.DataFrame"]

#: Writes all tables at once: tables, folder, their columns, and the name of the study.
Write: TypeAlias = Callable[[Tables, Path, "Fields", str], None]

#: Patients, of all studies together, whose tables are held in memory for a format written whole.
MAX_PATIENTS_WHOLE = 100_000

#: The same for workbooks: a sheet has 1,048,576 rows, and a patient up to 45 injections.
MAX_PATIENTS_SHEET = 20_000


@dataclass(frozen=True, slots=True)
class Format:
    """A format of a cohort.

    Attributes
    ----------
    name
        What ``--format`` calls it; the suffix of its files, if it has one file a table.
    readers
        Who reads it.
    write
        Writes tables that are held in memory whole. None: `pretese.io.export.streams` writes the
        format slice by slice, for any number of patients, and corrupted values too.
    coded
        Whether it holds only codes and numbers of fixed meaning, so that it cannot represent data
        errors.
    limit
        Patients that it takes if it is written whole.
    media_type
        Of the files of a streamed format, for datapackage.json.
    extra
        The extra of the package that brings the library which writes it, if it needs one.
    """

    name: str
    readers: str
    write: Write | None = None
    media_type: str = ""
    coded: bool = False
    limit: int = MAX_PATIENTS_WHOLE
    extra: str = ""

    @property
    def streamed(self) -> bool:
        """Whether it is written slice by slice."""
        return self.write is None

    @property
    def max_patients(self) -> int | None:
        """Patients that it can take, of all studies together; None is any number."""
        return None if self.streamed else self.limit


def _statistics(suffix: str) -> Write:
    def write(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
        from pretese.io.export.columns.export_fields import place_of
        from pretese.io.export.statistics_files import write_statistics_file

        for name, table in parts.items():
            path = place_of(folder, name) / f"{name}.{suffix}"
            write_statistics_file(table, path, fields[name])

    return write


def _workbooks(parts: Tables, folder: Path, fields: "Fields", study: str) -> None:
    """Write observed tables to one workbook, and the truth to another."""
    from pretese.io.export.columns.export_fields import is_truth
    from pretese.io.export.workbook_file import write_workbook

    for truth, place in ((False, folder), (True, folder / "truth")):
        chosen = {name: table for name, table in parts.items() if is_truth(name) == truth}
        name = f"{study}-truth" if truth else study
        write_workbook(chosen, place / f"{name}.xlsx", fields)


def _fhir(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
    from pretese.io.export.standards.fhir import write_fhir

    write_fhir(parts, folder / "fhir", fields)


def _omop(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
    from pretese.io.export.standards.omop import write_omop

    write_omop(parts, folder / "omop", fields)


def _redcap(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
    from pretese.io.export.columns.export_fields import is_truth
    from pretese.io.export.standards.redcap import write_redcap

    seen = {name: listed for name, listed in fields.items() if not is_truth(name)}
    write_redcap(parts, folder / "redcap", seen)


def _dataset_json(parts: Tables, folder: Path, fields: "Fields", study: str) -> None:
    from pretese.io.export.standards.adam import adlb, adsl
    from pretese.io.export.standards.dataset_json import write_dataset_json
    from pretese.io.export.standards.define_xml import write_define

    place = folder / "dataset-json"
    place.mkdir()
    made = [make(parts, study, fields) for make in (adsl, adlb)]
    for data in made:
        write_dataset_json(data, place / f"{data.name.lower()}.json", study)
    write_define(made, place / "define.xml", study)


_ENTRIES = (
    Format("csv", "any program", media_type="text/csv"),
    Format("parquet", "Python, R, DuckDB", media_type="application/vnd.apache.parquet"),
    Format("sav", "SPSS", _statistics("sav"), extra="files"),
    Format("dta", "Stata", _statistics("dta"), extra="files"),
    Format("xpt", "SAS", _statistics("xpt"), extra="files"),
    Format("xlsx", "Excel: one workbook", _workbooks, limit=MAX_PATIENTS_SHEET, extra="files"),
    Format("redcap", "a REDCap project", _redcap, coded=True),
    Format("dataset-json", "CDISC: ADSL, ADLB, define.xml", _dataset_json, coded=True),
    Format("fhir", "HL7 FHIR R4 bulk data", _fhir, coded=True),
    Format("omop", "OMOP CDM 5.4", _omop, coded=True),
)

#: Every format by name, in the order in which they are written.
FORMATS: dict[str, Format] = {each.name: each for each in _ENTRIES}


def streamed() -> tuple[str, ...]:
    """Return the formats that take any number of patients.

    >>> streamed()
    ('csv', 'parquet')
    """
    return tuple(name for name, each in FORMATS.items() if each.streamed)


def listed() -> str:
    """Return all formats with their readers, as help texts show them."""
    return "; ".join(f"{name} ({each.readers})" for name, each in FORMATS.items())
