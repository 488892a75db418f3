"""FORMATS: every format in which a cohort is written, who reads it, what it holds and its limits.

A new format is one entry, with its writer, and a line in ``docs/how-to/export-a-cohort.md``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # a help text that lists the formats loads no writer
    import pandas as pd

    from pretese.io.export.export_fields import Fields

Tables: TypeAlias = Mapping[str, "pd.DataFrame"]

#: Writes all tables at once: tables, folder, their columns, and the name of the study.
Write: TypeAlias = Callable[[Tables, Path, "Fields", str], None]

#: Patients, of all studies together, whose tables are held in memory for a format written whole.
MAX_PATIENTS_WHOLE = 100_000


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
        Whether it holds codes and numbers of fixed meaning alone, so that no data error fits in.
    media_type
        Of the files of a streamed format, for datapackage.json.
    """

    name: str
    readers: str
    write: Write | None = None
    media_type: str = ""
    coded: bool = False

    @property
    def streamed(self) -> bool:
        """Whether it is written slice by slice."""
        return self.write is None

    @property
    def max_patients(self) -> int | None:
        """Patients that it can take, of all studies together; None is any number."""
        return None if self.streamed else MAX_PATIENTS_WHOLE


def _statistics(suffix: str) -> Write:
    def write(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
        from pretese.io.export.export_fields import place_of
        from pretese.io.export.statistics_files import write_statistics_file

        for name, table in parts.items():
            path = place_of(folder, name) / f"{name}.{suffix}"
            write_statistics_file(table, path, fields[name])

    return write


def _redcap(parts: Tables, folder: Path, fields: "Fields", _: str) -> None:
    from pretese.io.export.export_fields import is_truth
    from pretese.io.export.redcap import write_redcap

    seen = {name: listed for name, listed in fields.items() if not is_truth(name)}
    write_redcap(parts, folder / "redcap", seen)


def _dataset_json(parts: Tables, folder: Path, fields: "Fields", study: str) -> None:
    from pretese.io.export.adam import adlb, adsl
    from pretese.io.export.dataset_json import write_dataset_json

    (folder / "dataset-json").mkdir()
    for make in (adsl, adlb):
        data = make(parts, study, fields)
        write_dataset_json(data, folder / "dataset-json" / f"{data.name.lower()}.json", study)


_ENTRIES = (
    Format("csv", "any program", media_type="text/csv"),
    Format("parquet", "Python, R, DuckDB", media_type="application/vnd.apache.parquet"),
    Format("sav", "SPSS", _statistics("sav")),
    Format("dta", "Stata", _statistics("dta")),
    Format("xpt", "SAS", _statistics("xpt")),
    Format("redcap", "a REDCap project", _redcap, coded=True),
    Format("dataset-json", "CDISC: ADSL and ADLB", _dataset_json, coded=True),
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
