"""Who does the work: this process, processes of this machine, or a Dask cluster."""

import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.context import BaseContext
from typing import Any

import pyarrow as pa

from pretese.progress import Tell
from pretese.study.blocks import Block, Store
from pretese.study.code import code_version
from protocol.errors import InputError

#: Blocks handed out per worker at a time: enough that none waits, few enough that memory stays
#: bounded however long the run.
AHEAD = 3

#: Seconds in which a scheduler must answer.
PATIENCE = 30

#: Threads of linear algebra in a worker: there is a worker for every core already.
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

#: An executor and the number of blocks to hand out at a time.
Crew = tuple[Executor, int]


class StrangeCodeError(Exception):
    """A worker runs other code than the one who asks: their results must not be joined."""


def compute(block: Block, code: str) -> pa.Table:
    """Do one block where the worker is; refuse if its code is not the code of the one who asks."""
    if code_version(block.job.kind) != code:
        raise StrangeCodeError
    return block.job.task(block.first, block.size)


def finish(blocks: Sequence[Block], store: Store, crew: Crew | None, tell: Tell, what: str) -> None:
    """Do the blocks that the store does not hold yet, and keep each of them."""
    missing = [block for block in blocks if not store.has(block)]
    done = len(blocks) - len(missing)
    tell(done, len(blocks), what)
    for block, table in compute_all(missing, crew):
        store.write(block, table)
        done += 1
        tell(done, len(blocks), what)


def compute_all(blocks: Iterable[Block], crew: Crew | None) -> Iterator[tuple[Block, pa.Table]]:
    """Yield finished blocks in any order; None does them here, one after another."""
    if crew is None:
        for block in blocks:
            yield block, block.job.task(block.first, block.size)
        return
    executor, ahead = crew
    queue = iter(blocks)
    waiting: dict[Future[pa.Table], Block] = {}
    try:
        while True:
            for block in islice(queue, ahead - len(waiting)):
                code = code_version(block.job.kind)
                waiting[executor.submit(compute, block, code)] = block
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    except BrokenProcessPool:
        problem = "a worker process died (killed, or out of memory)"
        cure = "nothing finished is lost: run again with --resume, perhaps with fewer --workers"
        raise InputError.of("study", "workers", problem, cure) from None
    except StrangeCodeError:
        problem = "a worker runs another version of the program or its libraries"
        cure = "install the same release, with the same lock file, on every machine"
        raise InputError.of("study", "--scheduler", problem, cure) from None
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def local_crew(workers: int) -> Iterator[Crew | None]:
    """Start processes on this machine; for one worker this process does it all."""
    if workers == 1:
        yield None
        return
    with _one_thread_each():
        pool = ProcessPoolExecutor(workers, _fresh_processes(), _leave_with_parent)
        try:
            yield pool, AHEAD * workers
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def cluster_crew(address: str) -> Iterator[Crew]:
    """Join a Dask scheduler that runs already; its workers may come, go and die as they like.

    A block whose worker dies is done again by another. No file system need be shared: results
    come back here and are written here.
    """
    client = _connect(address)
    try:
        threads = sum(client.nthreads().values())
        executor = client.get_executor(retries=3)
        yield executor, AHEAD * max(threads, 2)
    finally:
        client.close()


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError:
        problem = "the package `distributed` is not installed"
        cure = "install pretese[cluster], or leave --scheduler out and use --workers"
        raise InputError.of("--scheduler", address, problem, cure) from None
    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        problem = f"no Dask scheduler answers there ({type(error).__name__})"
        cure = "give the address that `dask scheduler` prints, such as tcp://10.0.0.5:8786"
        raise InputError.of("--scheduler", address, problem, cure) from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        cure = f"start some: dask worker {address}"
        raise InputError.of("--scheduler", address, "it has no workers", cure) from None
    return client


def _fresh_processes() -> BaseContext:
    """Return how workers start: never as copies of this process, which may have threads.

    Where there is a fork server, it loads the libraries once and workers begin at once.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pretese.study.execute", "pretese.study.tasks"])
    return context


def _leave_with_parent() -> None:
    """End this worker when the process that asked is gone, however that was killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
