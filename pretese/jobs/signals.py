"""Signals that ask the program to stop: Ctrl-C, SIGTERM of a queue or of `timeout`, SIGHUP.

All of them end a command in the same way: finished work is kept, incomplete files are removed, and
the exit code is 128 plus the number of the signal.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Signals that ask to stop, if the platform has them.
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

Handler = Callable[[int, FrameType | None], None]


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def exit_code(stop: BaseException) -> int:
    """Return 128 plus the number of the signal that raised ``stop``.

    >>> exit_code(Stopped(signal.SIGTERM)), exit_code(KeyboardInterrupt())
    (143, 130)
    """
    cause: BaseException | None = stop
    while cause is not None and not isinstance(cause, Stopped):
        cause = cause.__cause__ or cause.__context__
    return 128 + (signal.SIGINT if cause is None else cause.number)


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Call ``handler`` for every signal that asks to stop while the block runs.

    A signal that the caller ignores (`nohup`, a job in the background) stays ignored. Only the
    main thread may handle signals; in another one nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    replaced = {n: old for n, old in before.items() if old not in (signal.SIG_IGN, None)}
    for number in replaced:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in replaced.items():
            signal.signal(number, old)


@contextmanager
def orderly_stop() -> Iterator[None]:
    """Raise `Stopped` at the first signal that asks to stop; a second one ends the process at once.

    Workers end with their parent, so that even the second signal leaves no process behind.
    """
    heard: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        if heard:
            os._exit(128 + number)
        heard.append(number)
        raise Stopped(number)

    with handled(stop):
        yield


class StopRequest:
    """Turns a signal into a request to stop, read between two steps.

    A second signal raises `Stopped`, and a third one ends the process at once.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._raised = False

    def __call__(self) -> bool:
        """Return whether to stop."""
        return self.number is not None

    def raise_if_requested(self) -> None:
        """Raise `Stopped` if a signal was received."""
        if self.number is not None:
            raise Stopped(self.number)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs."""

        def hear(number: int, _: FrameType | None) -> None:
            if self._raised:
                os._exit(128 + number)
            if self.number is not None:
                self._raised = True
                raise Stopped(number)
            self.number = number

        with handled(hear):
            yield


def block_stop_signals() -> None:
    """Keep signals that ask to stop from this thread and from processes that it starts."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def ignore_stop_signals() -> None:
    """Ignore signals that ask to stop; the parent ends its workers."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
