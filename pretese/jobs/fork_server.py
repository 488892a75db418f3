"""Loaded first by the fork server, the process from which workers are forked.

A program that ends while it starts a worker (killed, or stopped by a second signal) closes the pipe
to the worker. The fork server and the worker then end too; `multiprocessing` would print a
traceback about the end of the pipe.
"""

import pickle
import sys
from types import TracebackType

#: Exceptions raised when reading from the pipe of a program that has ended.
_END_OF_PIPE = (EOFError, pickle.UnpicklingError)


def is_fork_server() -> bool:
    """Return whether this process was started by `multiprocessing` as a fork server.

    >>> is_fork_server()
    False
    """
    return any("multiprocessing.forkserver" in word for word in sys.orig_argv)


def _silent_at_end_of_pipe(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    if not issubclass(kind, _END_OF_PIPE):
        sys.__excepthook__(kind, error, where)


if is_fork_server():
    sys.excepthook = _silent_at_end_of_pipe
