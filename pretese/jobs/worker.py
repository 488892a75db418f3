"""A process that executes calls for its parent, one at a time, over its own pipe.

Because of the separate pipe, a worker that dies loses only the call in progress, and cannot block
other workers with a half-written message.
"""

import multiprocessing
import pickle
import threading
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from pretese.jobs.parent_watch import end_with_parent
from pretese.jobs.signals import block_stop_signals, ignore_stop_signals
from pretese.jobs.threads import limit_threads, single_threaded_children

Call = Callable[[], Any]

#: What a worker is called among the children of its parent.
WORKER_NAME = "pretese worker"

#: Processes start one after another: the bookkeeping of `multiprocessing` is not made for threads.
_STARTING = threading.Lock()


class WorkerDiedError(Exception):
    """The process ended, or ran out of memory, before it returned the result of a call."""


class WorkerGoneError(Exception):
    """The process had ended before this call began."""


class WorkerStartError(Exception):
    """The operating system refuses to start another process."""


class Worker:
    """A process that executes calls.

    Start it in a thread with signals blocked, so that the process starts with them blocked and
    Ctrl-C is left to its parent.

    Parameters
    ----------
    preload
        Modules that the fork server loads once for all workers, where there is a fork server.
    """

    def __init__(self, preload: Sequence[str] = ()) -> None:
        context = _context(preload)
        with _STARTING, single_threaded_children():
            try:
                resource_tracker.ensure_running()
                block_stop_signals()  # the line above lets them through again
                self._connection, theirs = context.Pipe()
                self.process: BaseProcess = context.Process(  # type: ignore[attr-defined]  # all have it
                    target=_serve, args=(theirs,), name=WORKER_NAME, daemon=True
                )
                self.process.start()
            except (OSError, EOFError) as error:
                raise WorkerStartError(str(error)) from None
        self._served = False
        theirs.close()  # so that the end of the worker is the end of the pipe

    def do(self, call: Call) -> Any:
        """Execute a call in the process and return its result, or raise its exception.

        Raises
        ------
        WorkerDiedError
            The worker ended or ran out of memory before it returned a result.
        WorkerGoneError
            The worker had ended before the call was sent.
        """
        message = pickle.dumps(call)  # apart, for what cannot be sent is not a dead worker
        begun = False
        try:
            self._connection.send_bytes(message)
            begun = self._connection.recv()
            answered, answer = self._connection.recv()
        except (EOFError, OSError):
            raise WorkerDiedError if begun or not self._served else WorkerGoneError from None
        self._served = True
        if answered:
            return answer
        if isinstance(answer, MemoryError):
            raise WorkerDiedError
        raise answer

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self.process.kill()

    def close(self) -> None:
        """Let the process end, wait until it has, and free what it held here."""
        self._connection.close()
        self.process.join()
        self.process.close()


def _context(preload: Sequence[str]) -> BaseContext:
    """Return how workers start: never as copies of this process, which may have threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pretese.jobs.fork_server", "pretese.jobs.worker", *preload])
    return context


def _serve(connection: Connection) -> None:
    """Do calls until the parent closes its end of the pipe."""
    ignore_stop_signals()
    end_with_parent()
    limit_threads()
    while True:
        try:
            message = connection.recv_bytes()
            connection.send(True)  # it has begun
        except (EOFError, OSError):
            return
        _answer(connection, message)


def _answer(connection: Connection, message: bytes) -> None:
    try:
        answer = pickle.dumps((True, pickle.loads(message)()))
    except Exception as error:  # noqa: BLE001  every fault belongs to the one who asked
        answer = _pickled(error)
    try:
        connection.send_bytes(answer)
    except OSError:  # the parent no longer reads the result
        return


def _pickled(error: Exception) -> bytes:
    """Return an error as it travels, with where it arose as a note."""
    error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)))
    try:
        message = pickle.dumps((False, error))
        pickle.loads(message)  # some errors can be written and not read
    except Exception:  # noqa: BLE001  whatever keeps it from travelling
        return pickle.dumps((False, RuntimeError("".join(traceback.format_exception(error)))))
    return message
