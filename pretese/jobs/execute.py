"""Compute the blocks of a study in a worker pool and store each as soon as it is finished."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from estimate.compiled.switch import compiled_kernels
from pretese.jobs.cluster import pool_of
from pretese.jobs.storage.blocks import Block, Store
from pretese.jobs.storage.code_hash import Kind, code_version
from pretese.jobs.storage.parts import Part, PartDone
from pretese.jobs.storage.study_folder import part_of_study
from pretese.jobs.worker_pool import WorkerPool, results
from pretese.screen.progress import Tell, optional_progress
from pretese.screen.terminal import echo
from protocol.errors import InputError
from simulate.core.random_streams import compiled_streams

#: Number of patients (simulated and analysed) from which compiled kernels save time, loading
#: included.
COMPILED_FROM = 2_000_000

#: Modules for simulation and analysis, loaded once for all workers of this machine.
_PRELOAD: dict[Kind, tuple[str, ...]] = {
    "recovery": ("pretese.jobs.execute", "pretese.recovery.work.tasks"),
    "cohorts": (),
    "trials": ("pretese.jobs.execute", "pretese.trial.power.runner"),
}


class StrangeCodeError(Exception):
    """A worker runs another version of the code; its results must not be joined."""


def study_pool(
    kind: Kind, workers: int, scheduler: str | None
) -> AbstractContextManager[WorkerPool | None]:
    """Start the workers of a study: processes here, or those of a Dask scheduler."""
    return pool_of(workers, scheduler, _PRELOAD[kind])


def compute(codes: dict[Kind, str], compiled: bool, block: Block) -> pa.Table:
    """Compute one block on the worker; refuse if its code differs from that of the caller.

    ``compiled``: by compiled kernels, where the worker has numba; the table is the same.
    """
    if code_version(block.job.kind) != codes[block.job.kind]:
        raise StrangeCodeError
    with compiled_kernels(compiled), compiled_streams(compiled):
        return block.job.task(block.first, block.size)


def finish(
    blocks: Sequence[Block], store: Store, pool: WorkerPool | None, tell: Tell, what: str
) -> None:
    """Compute the blocks that the store and its parts lack, and store each of them."""
    store.collect(blocks)
    missing = [block for block in blocks if not store.has(block)]
    done = len(blocks) - len(missing)
    tell(done, len(blocks), what)
    for block, table in compute_all(missing, pool, resume=store.lasting):
        store.write(block, table)
        done += 1
        tell(done, len(blocks), what)


def finish_part(
    part: Part, blocks: Sequence[Block], store: Store, pool: WorkerPool | None, tell: Tell
) -> PartDone:
    """Compute the blocks of one part of a study that its store lacks."""
    own = part.of(blocks)
    finish(own, store, pool, tell, f"blocks of part {part.number} of {part.total}")
    return PartDone(part, len(own), len(blocks), store.folder.parent)


def run_part_of_trials(
    record: Mapping[str, Any], blocks: Sequence[Block], part: Part, out: Path, workers: int, *,
    show_progress: bool,
) -> PartDone:  # fmt: skip
    """Compute one part of a study of trials in its own folder, with progress.

    ``record`` determines the results of the study, but for the number of replicates.
    """
    bar = optional_progress("simulated trials", show_progress)
    with (
        study_pool("trials", workers, None) as pool,
        part_of_study(record, out, part) as store,
        resumable(part.folder(out), "finished trials", "the same --part"),
        bar as tell,
    ):
        return finish_part(part, blocks, store, pool, tell)


def compute_all(
    blocks: Iterable[Block], pool: WorkerPool | None, *, resume: bool = False
) -> Iterator[tuple[Block, pa.Table]]:
    """Yield finished blocks in any order; ``resume``: whether the user may continue later."""
    blocks = list(blocks)
    codes = {kind: code_version(kind) for kind in {block.job.kind for block in blocks}}
    compiled = sum(block.size * block.job.patients for block in blocks) >= COMPILED_FROM
    try:
        yield from results(partial(compute, codes, compiled), blocks, pool, resume=resume)
    except StrangeCodeError:
        problem = "a worker runs another version of the program or its libraries"
        cure = "install the same release, with the same lock file, on every machine"
        raise InputError.of("scheduler", "", problem, cure) from None


@contextmanager
def resumable(out: Path, what: str, again: str = "--resume") -> Iterator[None]:
    """If the user stops a run, report what is kept and the option that continues it."""
    try:
        yield
    except KeyboardInterrupt:
        echo(f"{what} are kept in {out}; continue with {again}", err=True)
        raise
