"""Open CSV and Parquet files that take a table piece by piece, so that memory stays bounded."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from pretese.io.export.columns.export_fields import Field, Kind

if TYPE_CHECKING:
    import pyarrow.parquet as pq

#: Rows held back until that many are written at once: many small studies, few large writes.
HELD_ROWS = 32_768

_TYPES: dict[Kind, pa.DataType] = {
    "number": pa.float64(),
    "count": pa.int32(),
    "flag": pa.int8(),
    "date": pa.date32(),
    "text": pa.string(),
}


def arrow_schema(fields: Sequence[Field]) -> pa.Schema:
    """Return the Arrow schema of a table; fields carry meaning, unit and UCUM code as metadata."""
    return pa.schema(
        pa.field(
            field.name,
            _TYPES[field.kind],
            metadata={
                "meaning": field.meaning,
                "unit": field.unit.printed,
                "ucum": field.unit.ucum,
            },
        )
        for field in fields
    )


def _csv_writer(file: IO[bytes], schema: pa.Schema) -> pa.csv.CSVWriter:
    # Arrow quotes every name of a header; tidy CSV does not.
    file.write((",".join(schema.names) + "\n").encode())
    options = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
    return pa.csv.CSVWriter(file, schema, write_options=options)


def _parquet_writer(file: IO[bytes], schema: pa.Schema) -> "pq.ParquetWriter":
    import pyarrow.parquet as pq  # loads file systems and their encryption

    # A dictionary of numbers that rarely repeat costs time and space.
    words = [field.name for field in schema if field.type in (pa.string(), pa.int8())]
    return pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=words)


#: How a file is written, by the suffix of its path.
_WRITERS = {".csv": _csv_writer, ".parquet": _parquet_writer}


class Stream:
    """An open file of a streamed format, by the suffix of its path; use it in a ``with`` block."""

    def __init__(self, path: Path, fields: Sequence[Field]) -> None:
        self._schema = arrow_schema(fields)
        self._held: list[pd.DataFrame] = []
        self._rows = 0
        self._file = path.open("wb")
        self._writer = _WRITERS[path.suffix](self._file, self._schema)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        with self._file, self._writer:
            if failed is None:
                self._flush()

    def write(self, table: pd.DataFrame) -> None:
        """Add a table's rows; it must not be changed afterwards."""
        self._held.append(table)
        self._rows += len(table)
        if self._rows >= HELD_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            rows = (
                pd.concat(self._held, ignore_index=True) if len(self._held) > 1 else self._held[0]
            )
            columns = [_arrow(rows[field.name], field.type) for field in self._schema]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
        self._held, self._rows = [], 0


def _arrow(column: pd.Series, kind: pa.DataType) -> pa.Array:
    """Return a column as an Arrow array; words that are coded are not looked up one by one."""
    coded = isinstance(column.dtype, pd.CategoricalDtype)
    found = pa.array(column, type=None if coded else kind, from_pandas=True)
    return found.cast(kind)
