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

#: Name of a worker process.
WORKER_NAME = "pretese worker"

#: Processes start one after another: the start of processes in `multiprocessing` is not
#: thread-safe.
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
                block_stop_signals()  # unblocked again by the line above
                self._connection, theirs = context.Pipe()
                self.process: BaseProcess = context.Process(  # type: ignore[attr-defined]  # all have it
                    target=_serve, args=(theirs,), name=WORKER_NAME, daemon=True
                )
                self.process.start()
            except (OSError, EOFError) as error:
                raise WorkerStartError(str(error)) from None
        self._served = False
        theirs.close()  # so that the pipe closes when the worker ends

    def do(self, call: Call) -> Any:
        """Execute a call in the process and return its result, or raise its exception.

        Raises
        ------
        WorkerDiedError
            The worker ended or ran out of memory before it returned a result.
        WorkerGoneError
            The worker had ended before the call was sent.
        """
        message = pickle.dumps(call)  # separate: an object that cannot be sent is not a dead worker
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
        """End the process immediately."""
        self.process.kill()

    def close(self) -> None:
        """End the process, wait for it, and release its resources."""
        self._connection.close()
        self.process.join()
        self.process.close()


def _context(preload: Sequence[str]) -> BaseContext:
    """Return the start method of workers: never a fork of this process, which may have threads."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pretese.jobs.fork_server", "pretese.jobs.worker", *preload])
    return context


def _serve(connection: Connection) -> None:
    """Execute calls until the parent closes its end of the pipe."""
    ignore_stop_signals()
    end_with_parent()
    limit_threads()
    while True:
        try:
            message = connection.recv_bytes()
            connection.send(True)  # the call has begun
        except (EOFError, OSError):
            return
        _answer(connection, message)


def _answer(connection: Connection, message: bytes) -> None:
    try:
        answer = pickle.dumps((True, pickle.loads(message)()))
    except Exception as error:  # noqa: BLE001  every exception is raised in the caller
        answer = _pickled(error)
    try:
        connection.send_bytes(answer)
    except OSError:  # the parent no longer reads the result
        return


def _pickled(error: Exception) -> bytes:
    """Return a picklable error with its traceback as a note."""
    error.add_note("in a worker:\n" + "".join(traceback.format_exception(error)))
    try:
        message = pickle.dumps((False, error))
        pickle.loads(message)  # some errors can be pickled but not unpickled
    except Exception:  # noqa: BLE001  any reason for which it cannot be pickled
        return pickle.dumps((False, RuntimeError("".join(traceback.format_exception(error)))))
    return message
