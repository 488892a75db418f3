"""A running Dask cluster, whose workers may join, leave or fail."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from pretese.jobs.worker_pool import QUEUED, Loss, WorkerPool, local_pool
from pretese.screen.extras import need_extra
from protocol.errors import InputError

#: Seconds in which a scheduler must answer, and have a first worker.
PATIENCE = 30

#: Seconds to wait for a worker once all of them have gone: a queue may start others.
WORKER_PATIENCE = 300

#: Prefix of the environment variables in which Dask finds TLS certificates.
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"

#: Seconds without a result after which the scheduler is asked whether it has workers.
CHECK_SECONDS = 10

#: Workers on which the scheduler repeats a call that failed.
_RETRIES = 3


def pool_of(
    workers: int, scheduler: str | None, preload: Sequence[str] = ()
) -> AbstractContextManager[WorkerPool | None]:
    """Start local processes, or connect to the scheduler at an address if one is given."""
    return local_pool(workers, preload) if scheduler is None else cluster_pool(scheduler)


@contextmanager
def cluster_pool(address: str) -> Iterator[WorkerPool]:
    """Connect to a running Dask scheduler.

    A call whose worker fails is repeated by another. A shared file system is not needed: results
    are returned to this process and written here. For an address that begins with ``tls://``, TLS
    certificates are those of Dask's configuration.
    """
    need_extra("cluster", "scheduler", otherwise="use `workers` in place of it")
    with _quiet():
        client = _connect(address)
        try:
            yield _pool(client, address)
        finally:
            client.close(timeout=PATIENCE)


def _pool(client: Any, address: str) -> WorkerPool:
    threads = sum(client.nthreads().values())
    return WorkerPool(
        _ClusterExecutor(client),
        QUEUED * max(threads, 2),
        argument="scheduler",
        value=address,
        explain=lambda error: _explain(error, client),
        check=lambda: _check(client, address),
        check_seconds=CHECK_SECONDS,
    )


class _ClusterExecutor(Executor):
    """Calls on the workers of a Dask client, as futures of the standard library.

    Dask's own executor (`Client.get_executor`) reads the status of a call after it has fetched
    the result. If the worker that keeps the result is lost between the two, it unpacks the result
    as though it were an error. Here a result that was fetched is returned.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Send a call to the cluster; its future gives the result or raises the error."""
        call = self._client.submit(function, *arguments, retries=_RETRIES, **named)
        fetched = self._client.gather(call, asynchronous=True)
        return asyncio.run_coroutine_threadsafe(fetched, self._client.loop.asyncio_loop)


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress Dask's tracebacks of lost workers on the terminal; a message is shown instead."""
    import distributed  # noqa: F401  its loggers are made as it loads

    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in before:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


def _connect(address: str) -> Any:
    import distributed

    if address.startswith("tls://"):
        _check_tls(address)
    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        problem = f"no Dask scheduler answers there ({type(error).__name__})"
        cure = (
            "give the address that `dask scheduler` prints, such as tcp://10.0.0.5:8786, or "
            "tls://10.0.0.5:8786 if it was started with TLS certificates"
        )
        raise InputError.of("scheduler", address, problem, cure) from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        cure = f"start some: dask worker {address}"
        raise InputError.of("scheduler", address, "it has no workers", cure) from None
    return client


def _check_tls(address: str) -> None:
    """Refuse to connect by TLS without valid TLS certificates."""
    import distributed

    security: Any = distributed.Security
    try:
        context = security().get_connection_args("client")["ssl_context"]  # by Dask's configuration
        problem = "no TLS certificate is configured" if context is None else ""
    except OSError as error:  # `ssl.SSLError` is one
        problem = f"a TLS certificate or key cannot be read ({error.strerror or error})"
    if problem:
        names = [f"{_TLS}{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")]
        cure = f"name the files in the environment: {', '.join(names)}"
        raise InputError.of("scheduler", address, problem, cure)


def _explain(error: Exception, client: Any) -> Loss | None:
    """Explain a failed call by the state of the cluster, or return None."""
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        problem = "several workers died on the same task (killed, or out of memory)"
        return Loss(problem, "give workers more memory")
    if isinstance(error, ImportError):
        problem = f"a worker lacks the program or one of its libraries ({error})"
        cure = "install the same release, with the same lock file, on every machine"
        return Loss(problem, cure)
    lost = isinstance(error, CancelledError | CommClosedError | TimeoutError)
    if lost or client.status != "running":
        return Loss("the connection to the scheduler was lost", "check that it is running")
    return None


def _check(client: Any, address: str) -> Loss | None:
    """Return the loss if all workers are gone and none joins."""
    try:
        client.wait_for_workers(1, timeout=WORKER_PATIENCE)
    except TimeoutError:
        problem = f"all workers are gone, and none joined within {WORKER_PATIENCE} seconds"
        return Loss(problem, f"start workers (dask worker {address})")
    return None
