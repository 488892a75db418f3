"""Write many studies into one file per table, block by block, so that memory stays bounded."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulate.cohort import draw_cohort
from simulate.scenario import Scenario
from simulate.tables import COLUMNS, tables

FORMATS = ("csv", "parquet")

#: Studies drawn at a time.
BLOCK = 20


def write_studies(
    scenario: Scenario,
    folder: Path,
    kind: str,
    seed: int,
    replicates: int,
    men: int | None,
    tell: Callable[[int], None],
) -> None:
    """Write every table of every study; with several studies a first column ``study`` (from 1).

    Parameters
    ----------
    kind
        One of `FORMATS`.
    tell
        Called with the number of studies written.
    """
    with ExitStack() as stack:
        sinks = {name: stack.enter_context(_Sink(folder / f"{name}.{kind}")) for name in COLUMNS}
        for study, parts in _studies(scenario, seed, replicates, men):
            for name, table in parts.items():
                if replicates > 1:
                    table.insert(0, "study", study)
                sinks[name].write(table)
            tell(study)


def _studies(
    scenario: Scenario, seed: int, replicates: int, men: int | None
) -> Iterator[tuple[int, dict[str, pd.DataFrame]]]:
    for first in range(0, replicates, BLOCK):
        size = min(BLOCK, replicates - first)
        cohort = draw_cohort(scenario, seed, size, first, men)
        yield from ((first + each + 1, tables(cohort, each)) for each in range(size))


class _Sink:
    """An open CSV or Parquet file that takes one table after another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parquet: pq.ParquetWriter | None = None
        self._rows = 0

    def __enter__(self) -> "_Sink":
        return self

    def __exit__(self, *_: object) -> None:
        if self._parquet:
            self._parquet.close()

    def write(self, table: pd.DataFrame) -> None:
        """Add a table's rows."""
        if self._path.suffix == ".csv":
            first = self._rows == 0
            table.to_csv(
                self._path, mode="w" if first else "a", header=first, index=False,
                lineterminator="\n",
            )  # fmt: skip
        else:
            rows = pa.Table.from_pandas(table, preserve_index=False)
            if self._parquet is None:
                self._parquet = pq.ParquetWriter(self._path, rows.schema)
            self._parquet.write_table(rows.cast(self._parquet.schema))
        self._rows += max(len(table), 1)
