"""Detect the delimiter of a table, comma, semicolon or tab, from its first rows."""

import csv
import io
import re
from itertools import islice

from protocol.errors import InputError
from protocol.tables.decode import Encoded

#: Names of delimiters in messages. A comma is not reported.
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}

#: Number of rows inspected.
_SAMPLE = 100

#: A first line that declares the delimiter to a spreadsheet.
_DECLARED = re.compile(r'"?sep=([,;\t])"?\s*')


def text_lines(table: Encoded) -> io.TextIOWrapper:
    """Yield the lines of a table with their line ends."""
    return io.TextIOWrapper(io.BytesIO(table.data), encoding=table.codec, newline="")


def find_delimiter(table: Encoded, where: str) -> tuple[str, bool]:
    """Return the delimiter, and whether the first line is not a row but declares it (``sep=;``).

    The header decides, ignoring delimiters within quotes. If it contains several, the one that
    splits the first rows into as many cells as the header is used.

    Raises
    ------
    InputError
        If two delimiters fit.
    """
    # A line may be endless: a quote that is never closed is found when the rows are read
    lines = [text_lines(table).readline(2**20)]
    if declared := _DECLARED.fullmatch(lines[0]):
        return declared[1], True
    sample = list(islice(text_lines(table), _SAMPLE))
    here = [mark for mark in NAMES if _splits_header(sample, mark)]
    if len(here) < 2:
        return (here or [","])[0], False
    fitting = [mark for mark in here if _fits(sample, mark)]
    if unbroken := [mark for mark in fitting if not _breaks_quotes(sample, mark)]:
        fitting = unbroken
    if len(fitting) == 1:
        return fitting[0], False
    if not fitting:
        return max(here, key=lambda mark: len(_parsed(sample, mark)[0][0])), False
    names = " and ".join(NAMES[mark] for mark in fitting)
    cure = "put names that hold one into quotes, or begin the file with a line sep=; or sep=,"
    raise InputError.of(where, "row 1", f"{names} could both split its columns", cure)


def _splits_header(sample: list[str], mark: str) -> bool:
    """Whether a delimiter splits the header into two names or more."""
    rows, _ = _parsed(sample, mark)
    return bool(rows) and sum(bool(cell.strip()) for cell in rows[0]) > 1


def _fits(sample: list[str], mark: str) -> bool:
    """Whether all rows of a sample can be read and have a cell for each name of the header.

    Empty cells at the end of every row need no name.
    """
    rows, whole = _parsed(sample, mark)
    names = max((k for k, name in enumerate(rows[0], start=1) if name.strip()), default=0)
    widths = {len(cells) for cells in rows[1:]}
    return (
        whole
        and len(widths) == 1
        and names <= min(widths)
        and not any(cell.strip() for cells in rows[1:] for cell in cells[names:])
    )


def _breaks_quotes(sample: list[str], mark: str) -> bool:
    """Whether splitting leaves quotes in cells: the delimiter was inside quotes."""
    return any('"' in cell for cells in _parsed(sample, mark)[0] for cell in cells)


def _parsed(sample: list[str], mark: str) -> tuple[list[list[str]], bool]:
    """Return the rows of a sample that are not blank, and whether all could be read.

    The end of the sample may cut a cell in quotes; that is not a fault.
    """
    rows: list[list[str]] = []
    reader = csv.reader(sample, delimiter=mark, strict=True)
    try:
        # Rows before a broken row are kept
        rows.extend(cells for cells in reader if any(cell.strip() for cell in cells))
    except csv.Error:
        return rows, reader.line_num == _SAMPLE
    return rows, True
