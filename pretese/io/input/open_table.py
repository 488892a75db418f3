"""Open a user's table of any file type, which is detected here.

Text (CSV) in any encoding and with any delimiter that can be told, workbooks of Excel, bytes and
DataFrames become a header and rows of text cells, with what was assumed on the way. The reader
interprets the cells.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from protocol.errors import InputError
from protocol.shorten import shorten
from protocol.tables import open_table, read_bytes
from protocol.tables.rows import Block


class OpenTable(Protocol):
    """A table whose header is read and whose rows are still to come.

    ``delimiter`` is what splits its columns; where that is not a comma, a comma or a point in a
    cell may be a decimal mark or separate thousands. ``assumptions`` are complete when all rows
    have been read.
    """

    where: str
    header: tuple[str, ...]
    delimiter: str
    assumptions: list[str]

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that are not empty, many at a time."""


#: First bytes of a ZIP archive, which every workbook is.
_ZIP = b"PK\x03\x04"


def open_any_table(source: Any, where: str, sheet: str | None = None) -> OpenTable:
    """Return the open table of a path, bytes or DataFrame.

    Parameters
    ----------
    source
        The path of a file; its bytes; or a pandas DataFrame, which is read as the CSV file that it
        would become: its first row is row 2.
    where
        How messages call the table; of a path, its name.
    sheet
        The sheet of a workbook that has several.

    Raises
    ------
    InputError
        It is not a table, or cannot be read.
    """
    if hasattr(source, "to_csv") and hasattr(source, "columns"):
        text = str(source.to_csv(index=False, lineterminator="\n"))
        return open_table(text.encode("utf-8", "surrogatepass"), where)
    if isinstance(source, str | Path):
        source = read_bytes(Path(source))
    if not isinstance(source, bytes | bytearray):
        problem = f"{shorten(source)} is not a table"
        raise InputError.of(where, "", problem, "give a path, bytes or a DataFrame")
    data = bytes(source)
    if data.startswith(_ZIP):
        # Text tables need no program for workbooks
        from pretese.io.input.workbook import open_workbook

        return open_workbook(data, where, sheet)
    if sheet is not None:
        raise InputError.of(where, "sheet", "only workbooks have sheets", "leave it out")
    return open_table(data, where)
