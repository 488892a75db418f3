"""Type, unit, meaning and permitted values of every column of an exported table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pandas as pd

from pretese.io.export.columns.units import Unit, unit_of
from protocol.regimen.load import load_regimen
from simulate.core.coding import ARMS, DIAGNOSES
from simulate.scenario import Scenario
from simulate.tables.data_errors import LABELS
from simulate.tables.study_tables import FOUND, PROCEDURES, SOURCES, Column, columns_of

#: ``number`` may have decimals, ``count`` is whole, ``flag`` is 0 or 1, ``text`` is words.
#: ``date`` is a day.
Kind = Literal["number", "count", "flag", "date", "text"]

#: Columns that are never empty and name a patient; ``study`` is omitted if there is only one.
KEYS = ("study", "patient_id")

#: Labels of corrupted cells, where a study is corrupted on purpose.
DATA_ERRORS = "truth_data_errors"

STUDY = Column("study", "", "number of the simulated study, from 1")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an exported table; ``choices`` are its words, empty if it may hold any."""

    name: str
    kind: Kind
    unit: Unit
    meaning: str
    choices: tuple[str, ...] = ()


Fields = Mapping[str, tuple[Field, ...]]


def kind_of(dtype: object) -> Kind:
    """Return the kind of a column from the type of its array.

    >>> [kind_of(pd.Series(values).dtype) for values in ([0.5], [3], ["hcg"])]
    ['number', 'count', 'text']
    >>> kind_of(pd.Series([1, None], dtype="Int8").dtype)
    'flag'

    Raises
    ------
    TypeError
        The type is not one of these, such as a Boolean.
    """
    if str(dtype).lower() == "int8":
        return "flag"
    if pd.api.types.is_integer_dtype(dtype):
        return "count"
    if pd.api.types.is_float_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    worded = isinstance(dtype, pd.StringDtype | pd.CategoricalDtype)
    if worded or pd.api.types.is_object_dtype(dtype):
        return "text"
    raise TypeError(
        f"no format is known for {dtype}; use int8 flags, integers, floats, dates, words"
    )


def fields_of(parts: Mapping[str, pd.DataFrame], scenario: Scenario) -> Fields:
    """Describe the columns of a study's tables, of one row or of millions alike.

    Parameters
    ----------
    parts
        Tables by name, as `study_tables.tables` gives them, with or without a first column
        ``study``.
    """
    words, columns = _words(scenario), {**columns_of(scenario), DATA_ERRORS: LABELS}
    return {
        name: tuple(_field(name, table[c.name], c, words) for c in _columns(table, columns[name]))
        for name, table in parts.items()
    }


def _columns(table: pd.DataFrame, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    known = {column.name: column for column in (STUDY, *columns)}
    return tuple(known[column] for column in table.columns)


def _field(
    table: str, values: pd.Series, column: Column, words: Mapping[tuple[str, str], Sequence[str]]
) -> Field:
    kind = kind_of(values.dtype)
    choices = tuple(words.get((table, column.name), ())) if kind == "text" else ()
    return Field(column.name, kind, unit_of(column.unit), column.meaning, choices)


def _words(scenario: Scenario) -> dict[tuple[str, str], Sequence[str]]:
    """Return the words that a column may hold, by (table, column)."""
    regimens = [load_regimen(scenario.arms[arm].regimen) for arm in ARMS]
    phases = [phase.name for regimen in regimens for phase in regimen.phases]
    return {
        ("patients", "diagnosis"): DIAGNOSES,
        ("patients", "regimen"): _once(regimen.id for regimen in regimens),
        ("visits", "previous_phase"): _once(phases),
        ("injections", "drug"): _once(drug for regimen in regimens for drug in regimen.drugs),
        ("procedures", "procedure"): PROCEDURES,
        ("procedures", "result"): (*FOUND, *SOURCES),
    }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def dictionary(fields: Fields) -> pd.DataFrame:
    """Return the data dictionary: a row per column, with unit, UCUM code, meaning and words."""
    rows = [
        (name, f.name, f.kind, f.unit.printed, f.unit.ucum, f.meaning, "; ".join(f.choices))
        for name, listed in fields.items()
        for f in listed
    ]
    names = ["table", "column", "kind", "unit", "ucum", "meaning", "values"]
    return pd.DataFrame(rows, columns=names)


def without_errors(fields: Fields) -> Fields:
    """Describe tables with data errors as if they had none: a column with a unit is a number."""
    return {
        name: tuple(
            replace(each, kind="number") if each.kind == "text" and each.unit.ucum else each
            for each in listed
        )
        for name, listed in fields.items()
    }


def is_truth(table: str) -> bool:
    """Return whether a table holds true values that a clinic cannot observe."""
    return table.startswith("truth")


def place_of(folder: Path, table: str) -> Path:
    """Return the folder in which a table is written: the truth has its own."""
    return folder / "truth" if is_truth(table) else folder


def with_study(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a column ``study``: 1 throughout if it has none."""
    return table if "study" in table else table.assign(study=1)
