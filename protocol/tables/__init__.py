"""Text tables (CSV): from the bytes of a file to a header and rows of cells, for every command."""

from protocol.tables.decode import MAX_BYTES, read_bytes
from protocol.tables.rows import Row, TextTable, open_table, read_rows

__all__ = ["MAX_BYTES", "Row", "TextTable", "open_table", "read_bytes", "read_rows"]
