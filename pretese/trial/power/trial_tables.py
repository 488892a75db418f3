"""Simulated trials as tables: one row per replicate, one row group per point.

A table contains every array of `Outcomes`; arrays with several numbers per trial become lists of
fixed length. In files each sample size and effect has separate row groups, so that a curve is read
one point at a time and memory contains a single point.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pretese.io.text.rounding_rule import rounded_replicates
from pretese.trial.simulation.trial_results import Outcomes, Point
from protocol.errors import InputError

#: Rows of a row group in a file of joined blocks.
GROUP = 50_000

#: Number of decimals of an effect in percent that distinguish two effects.
_DIGITS = 9


def table_of(point: Point, first: int, outcomes: Outcomes) -> pa.Table:
    """Return replicates ``first, first + 1, ...`` of one point, one row each."""
    participants, effect = point
    count = outcomes.replicates
    named = {field.name: getattr(outcomes, field.name) for field in fields(outcomes)}
    return pa.table(
        {
            "participants": pa.array(np.full(count, participants, np.int64)),
            "effect_percent": pa.array(np.full(count, _percent(effect))),
            "trial": pa.array(np.arange(first, first + count)),
            **{
                name: _column(rounded_replicates(values))
                for name, values in named.items()
                if values is not None
            },
        }
    )


def outcomes_of(table: pa.Table) -> Outcomes:
    """Return the replicates of a table of one point."""
    names = [field.name for field in fields(Outcomes) if field.name in table.column_names]
    return Outcomes(**{name: _array(table[name]) for name in names})


def _percent(effect: float) -> float:
    return round(100 * effect, _DIGITS)


def _column(values: NDArray[Any]) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values)
    flat = np.ascontiguousarray(values).reshape(-1)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), flat.size // len(values))


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    if not pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.to_numpy())
    flat = np.concatenate([chunk.flatten().to_numpy() for chunk in column.chunks])
    return flat.reshape(len(column), column.type.list_size)


class Recorded(Mapping[Point, Outcomes]):
    """Replicates in files, read one point at a time.

    Parameters
    ----------
    paths
        Files in the order of their trials; each row group holds one size and effect.
    replicates
        Replicates ``0 .. replicates - 1`` are read; None: all.
    """

    def __init__(self, paths: Sequence[Path], replicates: int | None = None) -> None:
        self._replicates = replicates
        self._groups: dict[Point, list[tuple[Path, int]]] = {}
        for path in paths:
            for group, point in enumerate(_points(path)):
                self._groups.setdefault(point, []).append((path, group))

    def table(self, point: Point) -> pa.Table:
        """Return the rows of one point, in the order of replicates."""
        groups = self._groups[point[0], _percent(point[1])]
        table = pa.concat_tables(pq.ParquetFile(path).read_row_group(g) for path, g in groups)
        return table if self._replicates is None else table.slice(0, self._replicates)

    def __getitem__(self, point: Point) -> Outcomes:
        """Return the replicates of one point."""
        return outcomes_of(self.table(point))

    def __iter__(self) -> Iterator[Point]:
        """Yield the points."""
        return ((participants, percent / 100) for participants, percent in self._groups)

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self._groups)


def _points(path: Path) -> Iterator[Point]:
    """Yield the point of each row group of a file: participants, effect in percent."""
    try:
        metadata = pq.read_metadata(path)
    except pa.ArrowInvalid:
        cure = "delete it, and simulate its trials again with `resume`"
        raise InputError.of(str(path), "", "the block of replicates is incomplete", cure) from None
    for group in range(metadata.num_row_groups):
        columns = [metadata.row_group(group).column(k) for k in (0, 1)]
        participants, percent = (column.statistics.min for column in columns)
        yield int(participants), float(percent) + 0.0  # Parquet stores the minimum zero as -0


def write_trials(recorded: Recorded, path: Path) -> None:
    """Write replicates to one file, in rising order of sample size and effect.

    Lists become separate columns, numbered from 1, so that any program can read the file.
    """
    writer: pq.ParquetWriter | None = None
    try:
        for point in sorted(recorded):
            table = _flat(recorded.table(point).combine_chunks())
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=GROUP)
    finally:
        if writer is not None:
            writer.close()


def _flat(table: pa.Table) -> pa.Table:
    columns: dict[str, Any] = {}
    for name in table.column_names:
        values = _array(table[name])
        if values.ndim == 1:
            columns[name] = table[name]
        else:
            columns |= {f"{name}_{k}": pa.array(v) for k, v in enumerate(values.T, start=1)}
    return pa.table(columns)
