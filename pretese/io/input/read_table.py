"""Read the columns of a user's table that are needed, each according to its use."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pretese.io.input.frame_columns import read_frame
from pretese.io.input.statistics_files import ENDINGS, read_statistics_file
from pretese.io.input.table_cells import Uses, absent, column_for, faults_of
from protocol.errors import InputError
from protocol.tables import open_table, read_bytes
from protocol.tables.rows import TextTable

if TYPE_CHECKING:
    from pretese.io.input.workbook import SheetTable

#: Endings of text files; the delimiter is detected.
TEXT_ENDINGS = (".csv", ".tsv", ".txt")

#: Endings of all files that are read.
READABLE = (*TEXT_ENDINGS, ".parquet", ".xlsx", *ENDINGS)


@dataclass(frozen=True, slots=True)
class TableFile:
    """Columns of a table, as a file held them.

    Attributes
    ----------
    frame
        The columns that are used: numbers (NaN where missing) and names (None where missing).
    sha256
        Of the whole file.
    assumptions
        The assumptions about the file, in words that a user can check.
    """

    path: Path
    frame: pd.DataFrame
    sha256: str
    assumptions: tuple[str, ...] = ()


def read_table(path: Path, uses: Uses, optional: frozenset[str] = frozenset()) -> TableFile:
    """Read columns of a text table, Parquet, Excel, SPSS, Stata or SAS file, one row per record.

    The same table gives the same columns whichever of them it is written to.

    Parameters
    ----------
    uses
        Required columns with their purpose; others are not read.
    optional
        Names in ``uses`` of columns that may be absent.

    Raises
    ------
    InputError
        All faults of a kind at once: if the file is not there, empty, of another kind or damaged;
        if rows do not fit the header, or columns have no name of their own; if a column is not
        there; if a cell is not a number where one is needed, with its row.
    """
    where, data = str(path), read_bytes(path)
    kind = path.suffix.lower()
    if kind in TEXT_ENDINGS:
        columns, assumptions = _read_text(open_table(data, where), uses, where, optional)
    elif kind == ".xlsx":
        from pretese.io.input.workbook import open_workbook

        columns, assumptions = _read_text(open_workbook(data, where), uses, where, optional)
    elif kind in ENDINGS:
        known = {name: use for name, use in uses.items() if name not in optional}
        frame, assumed = read_statistics_file(path)
        read, remarks = read_frame(frame, known, where)
        columns, assumptions = dict(read), [*assumed, *remarks]
    elif kind == ".parquet":
        # Text tables need no Arrow
        from pretese.io.input.parquet_file import read_parquet

        columns, assumptions = read_parquet(data, uses, where, optional)
    else:
        raise InputError.of(
            where, "", f"{kind or 'no ending'!r} is not read", f"give {', '.join(READABLE)}"
        )
    frame = pd.DataFrame(columns)
    return TableFile(path, frame, hashlib.sha256(data).hexdigest(), tuple(assumptions))


def column_names(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns; none for a kind of file that `read_table` refuses."""
    kind = path.suffix.lower()
    if kind in TEXT_ENDINGS:
        return tuple(open_table(read_bytes(path), str(path)).header)
    if kind == ".xlsx":
        from pretese.io.input.workbook import open_workbook

        return open_workbook(read_bytes(path), str(path)).header
    if kind in ENDINGS:
        return tuple(map(str, read_statistics_file(path)[0].columns))
    if kind == ".parquet":
        from pretese.io.input.parquet_file import parquet_names

        return parquet_names(read_bytes(path), str(path))
    return ()


def _read_text(
    table: "TextTable | SheetTable", uses: Uses, where: str, optional: frozenset[str]
) -> tuple[dict[str, Any], list[str]]:
    if faults := absent([name for name in uses if name not in optional], table.header, where):
        raise InputError(faults)
    free = table.delimiter != ","
    columns = {
        name: column_for(use, free=free) for name, use in uses.items() if name in table.header
    }
    places = {name: table.header.index(name) for name in columns}
    for numbers, rows in table.blocks():
        cells = list(zip(*rows, strict=True))
        for name, column in columns.items():
            column.add(numbers, cells[places[name]])
    if faults := list(faults_of(columns, where)):
        raise InputError(faults)
    remarks = [remark for name, each in columns.items() for remark in each.remarks(name)]
    found: dict[str, np.ndarray[Any, Any]] = {
        name: column.values() for name, column in columns.items()
    }
    return found, [*table.assumptions, *remarks]
