"""Parts of a cohort: slices of its patients, simulated apart and kept until all are written.

A slice has several tables; a block keeps them in one, a row for each, in the IPC format of Arrow,
which brings every type of a column back as it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pretese.cohort.cohort_folder import CohortRequest
from pretese.jobs.storage.blocks import Block, Job, Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SliceTask:
    """Simulate slices of a cohort, counted through all of its studies."""

    request: CohortRequest

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return the tables of slices ``first .. first + size - 1``, each as a row."""
        rows = [
            {"table": name, "content": _to_bytes(table)}
            for tables in self.request.slices(first, size)
            for name, table in tables.items()
        ]
        return pa.Table.from_pylist(rows)


def cohort_blocks(request: CohortRequest) -> list[Block]:
    """Return the blocks of a cohort, one for each slice of its patients."""
    task = SliceTask(request)
    job = Job("cohort", task, cohort_record(request), 1, "cohorts", files=request.regimens)
    return list(job.blocks(request.slice_count))


def cohort_record(request: CohortRequest) -> dict[str, object]:
    """Return everything that decides the tables of a cohort, as plain values."""
    return {"study": "cohort", **request.facts, "regimens": dict(request.regimens.hashes)}


def stored_slices(store: Store, blocks: list[Block]) -> "Iterator[dict[str, pd.DataFrame]]":
    """Yield the tables of slice after slice, from finished blocks."""
    for block in blocks:
        rows = store.read(block).to_pylist()
        yield {row["table"]: _from_bytes(row["content"]) for row in rows}


def _to_bytes(table: "pd.DataFrame") -> bytes:
    sink = pa.BufferOutputStream()
    content = pa.Table.from_pandas(table, preserve_index=False)
    with pa.ipc.new_stream(sink, content.schema) as writer:
        writer.write_table(content)
    return sink.getvalue().to_pybytes()


def _from_bytes(content: bytes) -> "pd.DataFrame":
    return pa.ipc.open_stream(content).read_all().to_pandas()
