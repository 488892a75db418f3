"""Parts of a cohort: slices of its patients, simulated apart and kept until all are written.

A slice has several tables; a block keeps them in one, a row for each, in the IPC format of Arrow,
which brings every type of a column back as it was.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pretese.cohort.cohort_folder import CohortRequest
from pretese.jobs.execute import finish_part, resumable
from pretese.jobs.storage.blocks import Block, Job
from pretese.jobs.storage.parts import Part, PartDone, parts_folder
from pretese.jobs.storage.study_folder import part_of_study, part_stores
from pretese.screen.progress import Tell
from protocol.errors import InputError

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
            for tables in self.request.slices(slice(first, first + size))
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


def write_part(request: CohortRequest, out: Path, part: Part, tell: Tell) -> PartDone:
    """Simulate one part of the slices of a cohort, and store them next to its folder."""
    blocks = cohort_blocks(request)
    with (
        part_of_study(cohort_record(request), out, part) as store,
        resumable(part.folder(out), "finished slices", "the same --part"),
    ):
        return finish_part(part, blocks, store, None, tell)


def joined_slices(request: CohortRequest, out: Path) -> "Iterator[Mapping[str, pd.DataFrame]]":
    """Yield the tables of slice after slice: read where a part has them, else simulated.

    Raises
    ------
    InputError
        There are no parts next to ``out``, or they belong to another cohort.
    """
    stores = part_stores(cohort_record(request), out)
    if not stores:
        cure = "compute them first, each with `part`"
        raise InputError.of("resume", str(out), f"there are no parts in {parts_folder(out)}", cure)
    for block in cohort_blocks(request):
        holder = next((store for store in stores if store.has(block)), None)
        if holder is None:
            yield from request.slices(slice(block.first, block.first + block.size))
        else:
            rows = holder.read(block).to_pylist()
            yield {row["table"]: _from_bytes(row["content"]) for row in rows}


def _to_bytes(table: "pd.DataFrame") -> bytes:
    sink = pa.BufferOutputStream()
    content = pa.Table.from_pandas(table, preserve_index=False)
    with pa.ipc.new_stream(sink, content.schema) as writer:
        writer.write_table(content)
    return bytes(sink.getvalue())


def _from_bytes(content: bytes) -> "pd.DataFrame":
    return pa.ipc.open_stream(content).read_all().to_pandas()
