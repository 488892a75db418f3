"""Excel workbooks for clinicians: one sheet for each table, and the data dictionary first."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from pretese.io.export.columns.clock import creation_time
from pretese.io.export.columns.export_fields import Fields, dictionary
from pretese.io.output.office_file import with_fixed_clock

#: Widest column, in characters.
WIDEST = 40


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path, fields: Fields) -> None:
    """Write tables as sheets, headings in bold and fixed, dates as dates.

    Text is never read as a formula, and the same tables give the same bytes.
    """
    book = openpyxl.Workbook(write_only=True)
    _sheet(book, "dictionary", dictionary({name: fields[name] for name in tables}))
    for name, table in tables.items():
        _sheet(book, name, table)
    when = creation_time().replace(tzinfo=None)
    book.properties.created = when
    book.properties.creator = "pretese"
    raw = path.with_suffix(".raw")
    book.save(raw)
    path.write_bytes(with_fixed_clock(raw.read_bytes(), when))
    raw.unlink()


def _sheet(book: openpyxl.Workbook, name: str, table: pd.DataFrame) -> None:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(table, 1):
        letter = openpyxl.utils.get_column_letter(number)
        sheet.column_dimensions[letter].width = min(WIDEST, max(10, len(str(column)) + 2))
    heading = []
    for column in table:
        cell = WriteOnlyCell(sheet, value=str(column))
        cell.font = Font(bold=True)
        heading.append(cell)
    sheet.append(heading)
    for row in _rows(table):
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any) -> Any:
    """Keep text that begins like a formula as text."""
    if not (isinstance(value, str) and value.startswith("=")):
        return value
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    return cell


def _rows(table: pd.DataFrame) -> Iterator[Sequence[Any]]:
    columns = [_plain(table[name]) for name in table]
    yield from zip(*columns, strict=True)


def _plain(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return list(values.dt.date)
    return list(values.astype(object).where(values.notna(), None))
