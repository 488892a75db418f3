"""A Dask cluster that runs already: workers of any machines, which may come, go and die."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Any

from pretese.jobs.worker_pool import AHEAD, Loss, WorkerPool, local_pool
from protocol.errors import InputError

#: Seconds in which a scheduler must answer, and have a first worker.
PATIENCE = 30

#: Seconds to wait for a worker once all of them have gone: a queue may start others.
WORKER_PATIENCE = 300

#: Environment variables in which Dask finds certificates begin so.
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"

#: Seconds without a result after which the scheduler is asked whether it has workers.
CHECK_SECONDS = 10


def pool_of(
    workers: int, scheduler: str | None, preload: Sequence[str] = ()
) -> AbstractContextManager[WorkerPool | None]:
    """Start processes here, or join the scheduler at an address if there is one."""
    return local_pool(workers, preload) if scheduler is None else cluster_pool(scheduler)


@contextmanager
def cluster_pool(address: str) -> Iterator[WorkerPool]:
    """Join a Dask scheduler that runs already.

    A call whose worker dies is done again by another. No file system need be shared: results
    come back here and are written here. For an address that begins with ``tls://`` certificates
    are those of Dask's configuration.
    """
    if find_spec("distributed") is None:
        problem = "the package `distributed` is not installed"
        cure = "install pretese[cluster], or leave --scheduler out and use --workers"
        raise InputError.of("--scheduler", address, problem, cure)
    with _quiet():
        client = _connect(address)
        try:
            yield _crew(client, address)
        finally:
            client.close(timeout=PATIENCE)


def _crew(client: Any, address: str) -> WorkerPool:
    threads = sum(client.nthreads().values())
    return WorkerPool(
        client.get_executor(retries=3),
        AHEAD * max(threads, 2),
        option="--scheduler",
        value=address,
        explain=lambda error: _explain(error, client),
        check=lambda: _check(client, address),
        check_seconds=CHECK_SECONDS,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from reporting a loss as tracebacks on the terminal: we say it in words."""
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
        _check_certificates(address)
    connect: Any = distributed.Client
    try:
        client = connect(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        problem = f"no Dask scheduler answers there ({type(error).__name__})"
        cure = (
            "give the address that `dask scheduler` prints, such as tcp://10.0.0.5:8786, or "
            "tls://10.0.0.5:8786 if it was started with certificates"
        )
        raise InputError.of("--scheduler", address, problem, cure) from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        client.close()
        cure = f"start some: dask worker {address}"
        raise InputError.of("--scheduler", address, "it has no workers", cure) from None
    return client


def _check_certificates(address: str) -> None:
    """Refuse to connect by TLS with no certificates, or with files that hold none."""
    import distributed

    security: Any = distributed.Security
    try:
        context = security().get_connection_args("client")["ssl_context"]  # by Dask's configuration
        problem = "there is no certificate to connect with" if context is None else ""
    except OSError as error:  # `ssl.SSLError` is one
        problem = f"a certificate or key cannot be read ({error.strerror or error})"
    if problem:
        names = [f"{_TLS}{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")]
        cure = f"name the files in the environment: {', '.join(names)}"
        raise InputError.of("--scheduler", address, problem, cure)


def _explain(error: Exception, client: Any) -> Loss | None:
    """Say what has happened to a cluster, if that is why a call failed."""
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        problem = "several workers died over the same work (killed, or out of memory)"
        return Loss(problem, "give workers more memory")
    if isinstance(error, ImportError):
        problem = f"a worker does not have the program, or a library of it ({error})"
        cure = "install the same release, with the same lock file, on every machine"
        return Loss(problem, cure)
    lost = isinstance(error, CancelledError | CommClosedError | TimeoutError)
    if lost or client.status != "running":
        return Loss("the connection to the scheduler was lost", "see that it runs")
    return None


def _check(client: Any, address: str) -> Loss | None:
    """Say so if all workers have gone and no other comes."""
    try:
        client.wait_for_workers(1, timeout=WORKER_PATIENCE)
    except TimeoutError:
        problem = f"all workers are gone, and no other came within {WORKER_PATIENCE} seconds"
        return Loss(problem, f"start workers (dask worker {address})")
    return None
