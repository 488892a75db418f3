"""A sheet of an Excel workbook (.xlsx) as a table of text cells, dates as ISO 8601."""

import datetime as dt
import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl

from protocol.errors import InputError
from protocol.reading.numbers import may_be_thousands
from protocol.tables.decode import MAX_BYTES
from protocol.tables.rows import BLOCK, LONGEST_CELL, Block


@dataclass(slots=True)
class SheetTable:
    """A sheet whose header is read; see `open_table.OpenTable`.

    Cells that hold text may use any decimal mark, so the delimiter is none that excludes one.
    """

    where: str
    header: tuple[str, ...]
    rows: Sequence[tuple[int, list[str]]]
    assumptions: list[str] = field(default_factory=list)
    delimiter: str = "\t"

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that hold anything, many at a time."""
        for first in range(0, len(self.rows), BLOCK):
            block = self.rows[first : first + BLOCK]
            yield [number for number, _ in block], [list(cells) for _, cells in block]


def open_workbook(data: bytes, where: str, sheet: str | None = None) -> SheetTable:
    """Return a sheet of a workbook: the one that is named, or else the only one that holds rows.

    Raises
    ------
    InputError
        It is not a workbook or damaged, has several sheets or not the one that is named, or the
        sheet has no header.
    """
    _check_size(data, where)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts of a workbook without cells do not matter
        try:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {name: _rows(book[name], where) for name in _chosen(book, sheet, where)}
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001  # a damaged workbook fails in any of its parts
            problem = f"it is not a workbook that can be read ({type(error).__name__})"
            raise InputError.of(where, "", problem, "save it again, or as CSV") from None
    filled = {name: rows for name, rows in sheets.items() if rows}
    if not filled:
        raise InputError.of(where, "", "it is empty", "give a header and one row per record")
    if len(filled) > 1:
        names = ", ".join(filled)
        cure = f"give `sheet`, for example {next(iter(filled))!r}"
        raise InputError.of(where, "", f"several sheets hold rows: {names}", cure)
    (name, rows), *_ = filled.items()
    return _table(rows, where, name)


def _check_size(data: bytes, where: str) -> None:
    """Refuse what is not a workbook, and one that would fill the memory when it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            size = sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError.of(where, "", "it is a damaged archive", "save the table again") from None
    if "xl/workbook.xml" not in names:
        cure = "save the table as .xlsx or CSV"
        raise InputError.of(where, "", "it is an archive and no Excel workbook", cure)
    if size > MAX_BYTES:
        problem = f"it unpacks to more than {MAX_BYTES / 2**30:.0f} GiB"
        raise InputError.of(where, "", problem, "give fewer rows or columns, or CSV")


def _chosen(book: Any, sheet: str | None, where: str) -> list[str]:
    names = [each.title for each in book.worksheets]
    if sheet is None:
        return names
    if sheet not in names:
        problem = f"there is no sheet {sheet!r}"
        raise InputError.of(where, "sheet", problem, f"there are: {', '.join(names)}")
    return [sheet]


def _rows(sheet: Any, where: str) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, with their numbers."""
    found = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(cell) for cell in cells]
        if any(text.strip() for text in texts):
            if max(map(len, texts)) > LONGEST_CELL:
                problem = f"a cell has more than {LONGEST_CELL:,} characters"
                raise InputError.of(where, f"row {number}", problem, "shorten it")
            found.append((number, texts))
    return found


def _text(cell: Any) -> str:
    """Return a cell as text that can be read one way only."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dt.datetime):
        if cell.time() == dt.time():
            return cell.date().isoformat()
        return cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, float):
        text = str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        # 1.234 as text could be thousands; a number of a workbook is none
        return f"{text}0" if may_be_thousands(text) else text
    return str(cell)


def _table(rows: Sequence[tuple[int, list[str]]], where: str, sheet: str) -> SheetTable:
    """Return a table whose first row that holds anything is the header."""
    (number, first), *others = rows
    names = [name.strip() for name in first]
    width = max(at for at, name in enumerate(names, start=1) if name)
    header = names[:width]
    if "" in header:
        place = f"row {number}"
        problem = f"column {header.index('') + 1} has no name"
        raise InputError.of(where, place, problem, "name every column")
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise InputError.of(where, twice, "two columns have this name", "rename one")
    for row, cells in others:
        if any(cell.strip() for cell in cells[width:]):
            problem = f"column {width + 1} has no name and holds values in row {row}"
            raise InputError.of(where, f"row {number}", problem, "name every column that is used")
    padded = [(row, [*cells[:width], *[""] * (width - len(cells))]) for row, cells in others]
    return SheetTable(where, tuple(header), padded, [f"the sheet {sheet} is read"])
