"""Read text tables (CSV) for every command: from bytes to a header and rows of cells."""

from protocol.tables.decode import MAX_BYTES, read_bytes
from protocol.tables.rows import Row, TextTable, open_table, read_rows

__all__ = ["MAX_BYTES", "Row", "TextTable", "open_table", "read_bytes", "read_rows"]
