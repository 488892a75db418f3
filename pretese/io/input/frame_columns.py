"""Columns of a DataFrame, read as those of a file are: the same table, the same columns."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from pretese.io.input.table_cells import (
    Column,
    NumberUse,
    Uses,
    absent,
    column_for,
    faults_of,
    whole_if_all_are,
)
from protocol.errors import Fault, InputError


def read_frame(frame: pd.DataFrame, uses: Uses, where: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the columns that are used, and the assumptions made.

    Rows are counted from 1 in messages, whatever the index of the frame.

    Raises
    ------
    InputError
        Two columns have one name, a column is missing, or one has values that its use does not
        allow.
    """
    columns = _columns(frame, where)
    if faults := absent(list(uses), list(columns), where):
        raise InputError(faults)
    if faults := list(_wrong_types({name: columns[name] for name in uses}, uses, where)):
        raise InputError(faults)
    blank = _blank_rows(columns)
    rows = np.flatnonzero(~blank)
    found: dict[str, Any] = {}
    texts: dict[str, Column] = {}
    for name, use in uses.items():
        column = columns[name].iloc[rows]
        if isinstance(use, NumberUse) and pd.api.types.is_numeric_dtype(column.dtype):
            found[name] = whole_if_all_are(column.to_numpy(float, na_value=np.nan))
        else:
            texts[name] = column_for(use)
            texts[name].add((rows + 1).tolist(), [_text(value) for value in column])
    if faults := list(faults_of(texts, where)):
        raise InputError(faults)
    found |= {name: each.values() for name, each in texts.items()}
    remarks = [remark for name, each in texts.items() for remark in each.remarks(name)]
    if count := int(blank.sum()):
        remarks.append(f"{count} blank {'row is' if count == 1 else 'rows are'} skipped")
    return pd.DataFrame({name: found[name] for name in uses}), tuple(remarks)


def _columns(frame: pd.DataFrame, where: str) -> dict[str, "pd.Series[Any]"]:
    """Return the columns by their names without blanks around them."""
    names = [str(name).strip() for name in frame.columns]
    faults = [
        Fault(where, name, "two columns have this name", "rename one")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if faults:
        raise InputError(faults)
    return {name: frame.iloc[:, place] for place, name in enumerate(names)}


def _wrong_types(columns: dict[str, "pd.Series[Any]"], uses: Uses, where: str) -> Iterator[Fault]:
    for name, column in columns.items():
        wanted = "numbers" if isinstance(uses[name], NumberUse) else "category names"
        kind = column.dtype
        if pd.api.types.is_datetime64_any_dtype(kind) or pd.api.types.is_timedelta64_dtype(kind):
            cure = "give days or years as a number, or leave the column out"
            yield Fault(where, name, f"it holds dates or times ({kind}), not {wanted}", cure)
        elif pd.api.types.is_complex_dtype(kind) or not all(map(pd.api.types.is_scalar, column)):
            cure = "give one number or name per row"
            yield Fault(where, name, f"it holds values that are not {wanted}", cure)


def _blank_rows(columns: dict[str, "pd.Series[Any]"]) -> Any:
    """Return which rows are empty in every column, as blank lines of a text table are."""
    first = next(iter(columns.values()), pd.Series(dtype=float))
    blank = np.full(len(first), bool(columns))
    for column in columns.values():
        if not blank.any():
            break
        blank &= np.array([_is_blank(value) for value in column], bool)
    return blank


def _is_blank(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value)) and not _text(value).strip()


def _text(value: Any) -> str:
    """Return a value as the cell of a text table; a missing one is empty."""
    return "" if pd.isna(value) else str(value)
