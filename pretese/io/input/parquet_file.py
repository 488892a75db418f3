"""Columns of a Parquet file, read like those of a text table; a damaged file is reported."""

import decimal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pretese.io.input.table_cells import (
    Column,
    NumberUse,
    Use,
    Uses,
    absent,
    column_for,
    faults_of,
    whole_if_all_are,
)
from protocol.errors import Fault, InputError

_MAGIC = b"PAR1"


@contextmanager
def parquet_errors(where: str) -> Iterator[None]:
    """Turn whatever reading a broken Parquet file raises into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, KeyError, MemoryError) as error:
        found = str(error).strip().splitlines() or [type(error).__name__]
        problem = f"it is damaged or no Parquet table ({found[0][:200]})"
        raise InputError.of(where, "", problem, "write or copy the file again") from None


def read_parquet(
    data: bytes, uses: Uses, where: str, optional: frozenset[str] = frozenset()
) -> tuple[dict[str, Any], list[str]]:
    """Return the columns that are used, and the assumptions made.

    Raises
    ------
    InputError
        If the file is damaged or no Parquet, two columns have one name, a column is not there, or
        one has values that its use does not allow.
    """
    if len(data) < 12 or data[:4] != _MAGIC or data[-4:] != _MAGIC:
        problem = "it is not a Parquet file, or its end is missing"
        raise InputError.of(where, "", problem, "write or copy the file again")
    with parquet_errors(where):
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        names = _names(file.schema_arrow, where)
        if faults := absent([name for name in uses if name not in optional], names, where):
            raise InputError(faults)
        wanted = {name: use for name, use in uses.items() if name in names}
        fields = {name: file.schema_arrow.field(names[name]) for name in wanted}
        if faults := list(_wrong_types(fields, wanted, where)):
            raise InputError(faults)
        table = _columns(file, [names[name] for name in wanted])
        blank = _blank_rows(file, table)
        return _read(table, wanted, blank, where)


def parquet_names(data: bytes, where: str) -> tuple[str, ...]:
    """Return the names of a file's columns; none if it is not a sound Parquet file."""
    if len(data) < 12 or data[:4] != _MAGIC or data[-4:] != _MAGIC:
        return ()
    with parquet_errors(where):
        return tuple(_names(pq.ParquetFile(pa.BufferReader(data)).schema_arrow, where))


def _names(schema: pa.Schema, where: str) -> dict[str, str]:
    """Return the names of columns without blanks around them, to those in the file."""
    stripped = [name.strip() for name in schema.names]
    faults = [
        Fault(where, name, "two columns have this name", "rename one")
        for name in dict.fromkeys(stripped)
        if name and stripped.count(name) > 1
    ]
    if faults:
        raise InputError(faults)
    return {name: own for name, own in zip(stripped, schema.names, strict=True) if name}


def _columns(file: pq.ParquetFile, names: list[str]) -> pa.Table:
    """Return whole columns, checked: the places that damaged pages name may lie outside them."""
    table = file.read(columns=names)
    table.validate(full=True)
    return table


def _wrong_types(fields: Mapping[str, pa.Field], uses: Uses, where: str) -> Iterator[Fault]:
    for name, at in fields.items():
        kind = at.type.value_type if pa.types.is_dictionary(at.type) else at.type
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        numeric = (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_boolean(kind)
        )
        if is_text or numeric or pa.types.is_null(kind):
            continue
        if pa.types.is_temporal(kind):
            what = "times" if pa.types.is_duration(kind) else "dates or times"
            cure = "give days or years as a number, or leave the column out"
        else:
            what, cure = "values", "give one number or name per row"
        wanted = "numbers" if isinstance(uses[name], NumberUse) else "category names"
        yield Fault(where, name, f"it holds {what} ({kind}), not {wanted}", cure)


def _blank_rows(file: pq.ParquetFile, table: pa.Table) -> Any:
    """Return which rows are empty in every column, as blank lines of a text table are; or None."""
    blank = _all_missing(table)
    if not blank.any():
        return None
    others = [
        name for name in file.schema_arrow.names if name not in table.column_names and name.strip()
    ]
    for name in others:
        blank &= _all_missing(_columns(file, [name]))
        if not blank.any():
            return None
    return blank


def _all_missing(table: pa.Table) -> Any:
    """Return which rows are null, NaN or an empty text in every column of a table."""
    missing = np.full(table.num_rows, table.num_columns > 0)
    for name in table.column_names:
        column = table[name]
        empty = column.is_null(nan_is_null=pa.types.is_floating(column.type))
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            empty = pc.or_(empty, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True))
        missing &= empty.to_numpy()
    return missing


def _read(table: pa.Table, uses: Uses, blank: Any, where: str) -> tuple[dict[str, Any], list[str]]:
    found: dict[str, Any] = {}
    texts: dict[str, Column] = {}
    stay = slice(None) if blank is None else ~blank
    rows = np.arange(1, table.num_rows + 1)[stay].tolist()
    for name, own in zip(uses, table.column_names, strict=True):
        column = table[own]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if isinstance(uses[name], NumberUse) and _holds_numbers(column.type):
            found[name] = whole_if_all_are(_floats(column)[stay])
        else:
            texts[name] = column_for(uses[name])
            cells = np.array(_texts(column, uses[name]), object)[stay].tolist()
            texts[name].add(rows, cells)
    if faults := list(faults_of(texts, where)):
        raise InputError(faults)
    found |= {name: each.values() for name, each in texts.items()}
    remarks = [remark for name, each in texts.items() for remark in each.remarks(name)]
    if blank is not None:
        count = int(blank.sum())
        remarks.append(f"{count} blank {'row is' if count == 1 else 'rows are'} skipped")
    return {name: found[name] for name in uses}, remarks


def _holds_numbers(kind: pa.DataType) -> bool:
    return not (pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _floats(column: pa.ChunkedArray) -> Any:
    """Return a column of numbers, truths or nothing as floats, NaN where it is null."""
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    floats = column.cast(pa.float64(), safe=False)
    return floats.fill_null(float("nan")).to_numpy()


def _texts(column: pa.ChunkedArray, use: Use) -> list[str]:
    """Return a column as the cells that a text table would hold."""
    return ["" if value is None else _text(value) for value in column.to_pylist()]


def _text(value: str | float | bool | decimal.Decimal) -> str:
    if isinstance(value, float) and value != value:
        return ""
    return str(value)
