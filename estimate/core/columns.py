"""Columns of any table as numbers, with their kinds and the cells that cannot be read."""

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.arrays import Floats
from protocol.errors import Fault, InputError
from protocol.reading.missing_words import is_missing
from protocol.reading.numbers import cure_of, number_of, shown


@dataclass(frozen=True, slots=True)
class Numeric:
    """A numeric covariate."""


@dataclass(frozen=True, slots=True)
class Categorical:
    """A covariate with named levels; the first is the reference, chosen by a person.

    The order is never taken from the data: a wrong reference level is a silent error.
    """

    levels: tuple[str, ...]


Kind = Numeric | Categorical


def read_columns(
    columns: Mapping[str, ArrayLike] | Any, kinds: Mapping[str, Kind], where: str = "data"
) -> dict[str, Floats]:
    """Return the named columns as floats, NaN where missing, categories as indices of levels.

    Raises
    ------
    InputError
        Naming every column that is not there, or else every one that cannot be read.
    """
    absent = [name for name in kinds if name not in columns]
    if absent:
        have = ", ".join(map(str, columns))
        raise InputError(
            Fault(where, name, "there is no such column", f"columns here: {have}")
            for name in absent
        )
    read: dict[str, Floats] = {}
    faults = []
    for name, kind in kinds.items():
        try:
            read[name] = _read(np.asarray(columns[name]), kind)
        except _UnreadableError as fault:
            faults.append(Fault(where, name, fault.problem, fault.cure))
    if faults:
        raise InputError(faults)
    return read


class _UnreadableError(Exception):
    """A column that cannot become numbers."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem, self.cure = problem, cure


def _read(column: NDArray[Any], kind: Kind) -> Floats:
    """Return a column as floats, NaN where missing; categories become indices of their levels."""
    if isinstance(kind, Categorical):
        return _codes(column, kind.levels)
    if column.dtype.kind in "fiub":
        return column.astype(float)
    if column.dtype.kind in "mMc":
        what = {"m": "durations", "M": "dates or times", "c": "complex numbers"}
        cure = "give days or years as a number, or leave the column out"
        raise _UnreadableError(f"it holds {what[column.dtype.kind]}, not numbers", cure)
    flat = [_number(value) for value in column.ravel()]
    return np.array(flat, float).reshape(column.shape)


def _number(value: Any) -> float:
    """Return a value of a column of objects as a number, NaN where missing."""
    if _is_missing(value):
        return np.nan
    found = _number_of(value)
    if found is None:
        cure = cure_of(str(value), "give numbers, or declare it `categorical`")
        raise _UnreadableError(f"{shown(str(value))} is not a number", cure)
    return found


def _number_of(value: Any) -> float | None:
    """Return the number of a text, number or boolean; None for other types, such as dates."""
    if isinstance(value, str):
        return number_of(value)
    real = isinstance(value, numbers.Real | Decimal | np.bool_)
    return float(value) if real else None


def _codes(column: NDArray[Any], levels: Sequence[str]) -> Floats:
    if column.dtype.kind in "iu" and not _names_numbers(levels):
        if column.size and (column.min() < -1 or column.max() >= len(levels)):
            worst = int(column.min() if column.min() < -1 else column.max())
            raise _UnreadableError(
                f"{worst} is not an index of a level", f"give -1 (missing) to {len(levels) - 1}"
            )
        return np.where(column < 0, np.nan, column.astype(float))
    import pandas as pd  # half a second to load: simulated patients come with codes

    found, values = pd.factorize(column.ravel())
    index = [_level_of(value, levels) for value in values]
    strange = [repr(str(value)) for value, at in zip(values, index, strict=True) if at is None]
    if strange:
        raise _UnreadableError(
            f"unknown category {', '.join(strange[:5])}", f"declared levels: {', '.join(levels)}"
        )
    # factorize marks a missing value with -1, which picks the NaN put at the end
    codes: Floats = np.array([*index, np.nan], float)[found].reshape(column.shape)
    return codes


def _level_of(value: Any, levels: Sequence[str]) -> float | None:
    """Return the index of a value's level; 1, 1.0 and "1" are one level. NaN where missing."""
    text = str(value)
    if text in levels and (isinstance(value, str) or not _is_missing(value)):
        return levels.index(text)
    if _is_missing(value):
        return np.nan
    found = _number_of(value)
    if found is None:
        return None
    return next((i for i, level in enumerate(levels) if number_of(level) == found), None)


def _names_numbers(levels: Sequence[str]) -> bool:
    return all(number_of(level) is not None for level in levels)


def _is_missing(value: Any) -> bool:
    return value is None or is_missing(str(value))
