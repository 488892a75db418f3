"""SPSS, Stata and SAS transport files, with labels, units and value labels."""

import errno
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat

from pretese.io.export.columns.clock import creation_time
from pretese.io.export.columns.export_fields import Field
from pretese.io.input.statistics_files import WORDS_ARE_LABELS

#: Bytes that a variable label may take: SPSS, Stata, and SAS transport files of version 8.
_LONGEST_LABEL = {"sav": 255, "dta": 80, "xpt": 255}

_READ: dict[str, Any] = {
    "sav": pyreadstat.read_sav,
    "dta": pyreadstat.read_dta,
    "xpt": pyreadstat.read_xport,
}

_YES_NO: dict[int | float, str] = {0: "no", 1: "yes"}

#: How SPSS shows whole numbers.
_FORMATS = {"flag": "F1.0", "count": "F8.0"}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def write_statistics_file(table: pd.DataFrame, path: Path, fields: Sequence[Field]) -> None:
    """Write one table as .sav, .dta or .xpt (version 8), by the suffix of the path.

    Unit and UCUM code are in each variable's label, the meaning of 0 and 1 in value labels (SAS
    transport files have none). Words are text with labels in SPSS, and whole numbers from 1 with
    labels in Stata, where text cannot be labelled. Flags and counts are whole numbers in Stata, and
    shown without decimals in SPSS. A missing word is the empty text, in Stata a missing number.
    """
    kind = path.suffix[1:]
    coded = _coded(table, fields) if kind == "dta" else {}
    columns = {f.name: coded.get(f.name, _plain(table[f.name], f)) for f in fields}
    plain = pd.DataFrame(columns)
    labels: list[str | None] = [label_of(field, _LONGEST_LABEL[kind]) for field in fields]
    answers = dict(_value_labels(fields, kind, coded))
    with _disk_errors(path):
        _write(plain, path, fields, labels, answers)
        _set_clock(path, creation_time())
        _check_whole(path, len(plain))


def _coded(table: pd.DataFrame, fields: Sequence[Field]) -> dict[str, pd.Series]:
    """Return words as numbers from 1 in the order of their choices.

    A column that holds other words, such as misspelled ones, stays text.
    """
    found = {}
    for field in fields:
        words = table[field.name]
        if field.choices and words.dropna().isin(field.choices).all():
            codes = {word: code for code, word in enumerate(field.choices, start=1)}
            found[field.name] = words.map(codes).astype("Int32" if words.isna().any() else "int32")
    return found


def _value_labels(
    fields: Sequence[Field], kind: str, coded: Collection[str]
) -> Iterator[tuple[str, dict[Any, str]]]:
    for field in fields:
        if field.kind == "flag":
            yield field.name, dict(_YES_NO)
        elif field.name in coded:
            yield field.name, dict(enumerate(field.choices, start=1))
        elif kind == "sav" and field.choices:
            yield field.name, {word: word.replace("-", " ").capitalize() for word in field.choices}


def _write(
    plain: pd.DataFrame,
    path: Path,
    fields: Sequence[Field],
    labels: list[str | None],
    answers: dict[str, dict[Any, str]],
) -> None:
    kind = path.suffix[1:]
    if kind == "sav":
        pyreadstat.write_sav(
            plain, path, path.stem, labels, row_compress=True, variable_value_labels=answers,
            variable_measure={field.name: _measure(field) for field in fields},
            variable_format={f.name: _FORMATS[f.kind] for f in fields if f.kind in _FORMATS},
        )  # fmt: skip
    elif kind == "dta":
        # Version 14 is the newest that every edition of Stata opens.
        title = f"{path.stem}{WORDS_ARE_LABELS}"
        pyreadstat.write_dta(plain, path, title, labels, 14, variable_value_labels=answers)
    else:
        pyreadstat.write_xport(plain, path, path.stem, labels, path.stem, 8)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Raise the C library's error on a full disk as that of the operating system."""
    try:
        yield
    except pyreadstat.ReadstatError as error:
        if "write" not in str(error).lower():
            raise
        raise OSError(errno.ENOSPC, str(error), str(path)) from None


def _check_whole(path: Path, rows: int) -> None:
    """Read a file again: on a full disk the C library may truncate a file without an error."""
    try:
        found = len(_READ[path.suffix[1:]](path)[0])
    except pyreadstat.ReadstatError:
        found = 0
    if found != rows:
        problem = f"{found} of {rows} rows were written: the disk may be full"
        raise OSError(errno.ENOSPC, problem, str(path))


def label_of(field: Field, longest: int) -> str:
    """Return meaning and unit within a number of bytes; the unit is never cut.

    >>> from pretese.io.export.columns.units import unit_of
    >>> label_of(Field("fsh_iu_l", "number", unit_of("[IU]/L"), "serum FSH; empty if not measured"), 40)
    'serum FSH (IU/L, UCUM [IU]/L)'
    """  # noqa: E501  a doctest cannot be broken here
    unit = f" ({field.unit})" if field.unit.ucum else ""
    room = longest - len(unit.encode())
    meaning = field.meaning
    if len(meaning.encode()) > room:
        meaning = meaning.partition(";")[0]
    return meaning.encode()[:room].decode(errors="ignore").rstrip() + unit


def _plain(values: pd.Series, field: Field) -> pd.Series:
    """Return values as the C library takes them: whole numbers, doubles, dates, or text."""
    if field.kind == "text":
        return values.astype(object).where(values.notna(), "")
    if field.kind == "date":
        return values.dt.date.astype(object)
    if field.kind == "number":
        return values.astype("float64")
    return values.astype("Int32" if values.isna().any() else "int32")


def _measure(field: Field) -> str:
    return "nominal" if field.kind in ("flag", "text") else "scale"


def _set_clock(path: Path, when: datetime) -> None:
    """Overwrite the time of writing, which would make every file differ from the last."""
    month, year = _MONTHS[when.month - 1], f"{when:%y}"
    pattern, stamp = {
        "sav": (rb"[ \d]\d \w{3} \d\d\d\d:\d\d:\d\d", f"{when:%d} {month} {year}{when:%H:%M:%S}"),
        "dta": (rb"[ \d]\d \w{3} \d{4} \d\d:\d\d", f"{when:%d} {month} {when:%Y %H:%M}"),
        "xpt": (
            rb"[ \d]\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d",
            f"{when:%d}{month.upper()}{year}:{when:%H:%M:%S}",
        ),
    }[path.suffix[1:]]
    with path.open("r+b") as file:
        head, found = re.subn(pattern, stamp.encode(), file.read(1024))
        if not found:
            raise ValueError(f"{path.name} holds no time of writing where one was expected")
        file.seek(0)
        file.write(head)
