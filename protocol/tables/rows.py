"""Rows of a text table: cells with row numbers, and all faults of structure."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from protocol.errors import Fault, InputError
from protocol.tables.decode import Encoded, encoded
from protocol.tables.delimiter import NAMES, find_delimiter, text_lines

#: Rows per block of `TextTable.blocks`: few enough to be freed before garbage collection, which is
#: three times as fast as with thousands.
BLOCK = 512

#: Maximum number of ranges of rows that one message lists.
_LISTED = 20


class Row(NamedTuple):
    """Cells of a row by column name; ``number`` is its first line, from 1."""

    number: int
    cells: list[str]


#: Row numbers and cells.
Block = tuple[list[int], list[list[str]]]


#: Maximum characters of a cell; a longer one usually has an unclosed quote.
LONGEST_CELL = 131_072


@dataclass(slots=True)
class TextTable:
    """A table whose header has been read and whose rows have not.

    Attributes
    ----------
    where
        File, for messages.
    header
        Names of the columns, none empty, none twice.
    delimiter
        ``,`` ``;`` or tab.
    assumptions
        Assumptions, in words a person can check; complete when all rows have been read.
    """

    where: str
    header: tuple[str, ...]
    delimiter: str
    assumptions: list[str]
    _text: Encoded
    _layout: "_Layout"

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        """Yield the rows that are not blank, in blocks; each has a cell for every name.

        Raises
        ------
        InputError
            After the last row, with every row that does not fit the header; or at a quote that is
            not closed or a cell that is too long.
        """
        layout = self._layout
        width, lead = layout.width, layout.lead
        numbers: list[int] = []
        rows: list[list[str]] = []
        for number, cells in self._cells():
            # Fast path for regular rows: a first cell with text shows that the row is not blank
            exact = len(cells) == width
            plain = exact and cells[0] and not cells[0].isspace()
            if not plain and not layout.accepts(number, cells):
                continue
            numbers.append(number)
            rows.append(cells[lead:width] if lead or not exact else cells)
            if len(rows) == size:
                yield numbers, rows
                layout.rows += len(rows)
                numbers, rows = [], []
        layout.rows += len(rows)
        if faults := list(layout.faults(self.where)):
            raise InputError(faults)
        self.assumptions += layout.remarks()
        if rows:
            yield numbers, rows

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows after the header, unchanged, with the first line of each."""
        reader = csv.reader(text_lines(self._text), delimiter=self.delimiter, strict=True)
        # The limit of the csv module is global: another library may change it.
        unlimited = csv.field_size_limit() > LONGEST_CELL
        number = 1
        try:
            for cells in reader:
                if unlimited and max(map(len, cells), default=0) > LONGEST_CELL:
                    raise csv.Error("field larger than field limit")
                if number > self._layout.header_row:
                    yield number, cells
                number = reader.line_num + 1
        except csv.Error as error:
            broken = Fault(self.where, f"row {number}", *_words(error))
            raise InputError([*self._layout.faults(self.where), broken]) from None


def _words(error: csv.Error) -> tuple[str, str]:
    """Return problem and cure of a row that is not CSV."""
    text = str(error)
    if "unexpected end" in text:
        return "a quote is opened and not closed", "close it, or write a quote in a cell twice"
    if "field larger" in text:
        limit = f"a cell has more than {LONGEST_CELL:,} characters"
        return limit, "shorten it; a quote that is not closed makes one cell of many rows"
    if "expected after" in text:
        problem = "letters follow a closing quote"
        return problem, "write a quote in a cell twice, and put the whole cell into quotes"
    return f"it cannot be split into cells ({text})", "export the table again"


class _Numbers:
    """Row numbers as ranges, so that a million rows need little memory."""

    __slots__ = ("count", "ranges")

    def __init__(self) -> None:
        self.count = 0
        self.ranges: list[list[int]] = []

    def add(self, number: int) -> None:
        self.count += 1
        if self.ranges and self.ranges[-1][1] == number - 1:
            self.ranges[-1][1] = number
        elif len(self.ranges) <= _LISTED:
            self.ranges.append([number, number])

    def __str__(self) -> str:
        """Return ``row 3`` or ``rows 3, 5, 9 to 12``; many are counted."""
        wording = [
            str(first) if first == last else f"{first} to {last}"
            for first, last in self.ranges[:_LISTED]
        ]
        more = f" and others, {self.count} in all" if len(self.ranges) > _LISTED else ""
        return f"{'row' if self.count == 1 else 'rows'} {', '.join(wording)}{more}"


@dataclass(slots=True)
class _Layout:
    """The width of rows: which rows are valid, blank, or do not fit the header.

    ``lead`` cells before the first name and all cells from ``width`` on have no name; ``full`` is
    the width of the header as it stands, ``rows`` how many rows were accepted.
    """

    header_row: int
    lead: int
    width: int
    full: int
    rows: int = 0
    blank: _Numbers = field(default_factory=_Numbers)
    unnamed: _Numbers = field(default_factory=_Numbers)
    ended: dict[int, _Numbers] = field(default_factory=dict)
    ragged: dict[int, _Numbers] = field(default_factory=dict)

    def accepts(self, number: int, cells: list[str]) -> bool:
        """Return whether cells are a row of the table, and record irregularities."""
        if not any(cell.strip() for cell in cells):
            self.blank.add(number)
        elif len(cells) == self.width:
            return True
        elif len(cells) > self.width and not any(map(str.strip, cells[self.width :])):
            self.ended.setdefault(len(cells), _Numbers()).add(number)
            return True
        elif self.width < len(cells) <= self.full:
            self.unnamed.add(number)
        else:
            self.ragged.setdefault(len(cells), _Numbers()).add(number)
        return False

    def faults(self, where: str) -> Iterator[Fault]:
        """Yield rows that do not fit the header.

        Rows that all end with the same empty cells are one matter; where only some do, a cell may
        be missing or too many elsewhere in the row.
        """
        if self.unnamed.count:
            place = f"row {self.header_row}"
            problem = f"column {self.width + 1} has no name and holds values in {self.unnamed}"
            yield Fault(where, place, problem, "name every column that holds anything")
        for width, rows in sorted(self.ragged.items()):
            problem = f"{_have(rows, width)} and the header {self.full}"
            cure = "give one cell per column, and quotes to a cell that holds the delimiter"
            yield Fault(where, str(rows), problem, cure)
        ended = sum(rows.count for rows in self.ended.values())
        if ended and (len(self.ended) > 1 or ended < self.rows):
            for width, rows in sorted(self.ended.items()):
                problem = f"{_have(rows, width)} and the header {self.full}, the last empty"
                cure = "other rows do not: a value may stand in a wrong column; give one cell per"
                yield Fault(where, str(rows), problem, f"{cure} column")

    def remarks(self) -> Iterator[str]:
        """Yield the omissions from the table."""
        if self.lead:
            yield "the first column has no name and is omitted"
        if self.ended or self.full > self.width:
            yield "empty cells at the end of every row are ignored"
        if self.blank.count:
            rows = "row is" if self.blank.count == 1 else "rows are"
            yield f"{self.blank.count} blank {rows} skipped ({self.blank})"


def _have(rows: _Numbers, width: int) -> str:
    cells = "1 cell" if width == 1 else f"{width} cells"
    return f"it has {cells}" if rows.count == 1 else f"they have {cells}"


def open_table(data: bytes, where: str) -> TextTable:
    """Find encoding and delimiter of a table and read its header.

    Raises
    ------
    InputError
        If the bytes are not text or are empty, or columns have no unique name.
    """
    text = encoded(data, where)
    delimiter, declared = find_delimiter(text, where)
    assumptions = [text.assumption] if text.assumption else []
    if delimiter != ",":
        assumptions.append(f"columns are split by {NAMES[delimiter]}")
    table = TextTable(where, (), delimiter, assumptions, text, _Layout(int(declared), 0, 0, 0))
    for number, cells in table._cells():
        if any(cell.strip() for cell in cells):
            table.header, table._layout = _header(number, cells, where)
            return table
    raise InputError.of(where, "", "it is empty", "give a header and one row per record")


def _header(number: int, cells: Sequence[str], where: str) -> tuple[tuple[str, ...], _Layout]:
    """Return the names of the columns and how rows are laid out.

    Some programs write row names in an unnamed first column, and delimiters at the end; any other
    column needs a name.
    """
    names = [cell.strip() for cell in cells]
    width = max(place for place, name in enumerate(names, start=1) if name)
    lead = int(not names[0])
    inner = names[lead:width]
    place = f"row {number}"
    faults = [
        Fault(where, place, f"column {at} has no name", "name every column")
        for at, name in enumerate(inner, start=lead + 1)
        if not name
    ]
    faults += [
        Fault(where, name, "two columns have this name", "rename one")
        for name in dict.fromkeys(inner)
        if name and inner.count(name) > 1
    ]
    if faults:
        raise InputError(faults)
    return tuple(inner), _Layout(number, lead, width, len(names))


def read_rows(data: bytes, where: str) -> tuple[TextTable, list[Row]]:
    """Return a table with all its rows, for tables that are not large."""
    table = open_table(data, where)
    rows = [Row(*row) for block in table.blocks() for row in zip(*block, strict=True)]
    return table, rows
