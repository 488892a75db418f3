"""An executor of local processes that end with their parent and with the pool.

A thread of the parent manages each worker: it starts the process, sends calls to it, and replaces
a process that died. Only the main thread receives signals, so that Ctrl-C never finds a worker
half started.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.util import Finalize
from typing import Any

from pretese.jobs.signals import block_stop_signals
from pretese.jobs.worker import Worker, WorkerDiedError, WorkerGoneError


@dataclass(frozen=True, slots=True)
class _Task:
    future: "Future[Any]"
    call: Callable[[], Any]


@dataclass(slots=True)
class _Seat:
    """Holds one worker, which may be replaced."""

    worker: Worker | None = None


class ProcessPool(Executor):
    """An executor in which only calls that lost their worker fail with `WorkerDiedError`.

    Parameters
    ----------
    workers
        Processes at most; each starts when there is work for it.
    preload
        Modules that workers need, loaded once where there is a fork server.
    """

    def __init__(self, workers: int, preload: Sequence[str] = ()) -> None:
        self._limit = workers
        self._preload = tuple(preload)
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0  # submitted calls that no thread has started
        self._idle = 0  # threads waiting for a call
        self._threads: list[threading.Thread] = []
        self._workers: set[Worker] = set()
        self._closing = False
        # Before `multiprocessing` waits for its children at the end of the interpreter.
        self._at_exit = Finalize(None, self._kill_all, exitpriority=100)

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> "Future[Any]":
        """Submit a call; its function, arguments and result must be picklable."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closing:
                raise RuntimeError("the pool is closed")
            self._waiting += 1
            self._tasks.put(_Task(future, partial(call, *args, **named)))
            if self._waiting > self._idle and len(self._threads) < self._limit:
                thread = threading.Thread(target=self._manage_one, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Close the pool; ``cancel_futures`` also ends running calls."""
        with self._lock:
            self._closing = True
        if cancel_futures:
            self._cancel_waiting()
            self._kill_all()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()
            self._at_exit.cancel()

    def _cancel_waiting(self) -> None:
        with suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None and task.future.cancel():
                    task.future.set_running_or_notify_cancel()

    def _kill_all(self) -> None:
        with self._lock:
            self._closing = True
            for worker in self._workers:
                worker.kill()

    def _manage_one(self) -> None:
        block_stop_signals()
        seat = _Seat()
        try:
            while (task := self._next()) is not None:
                if task.future.set_running_or_notify_cancel():
                    self._do(task, seat)
        finally:
            self._vacate(seat)

    def _next(self) -> _Task | None:
        with self._lock:
            self._idle += 1
        task = self._tasks.get()
        with self._lock:
            self._idle -= 1
            self._waiting -= task is not None
        return task

    def _do(self, task: _Task, seat: _Seat) -> None:
        try:
            answer = self._answer(task.call, seat)
        except WorkerDiedError as death:
            if seat.worker is not None:
                seat.worker.kill()  # it may live on, short of memory
            self._vacate(seat)
            task.future.set_exception(death)
        except BaseException as error:  # noqa: BLE001  raised in the caller
            task.future.set_exception(error)
        else:
            task.future.set_result(answer)

    def _answer(self, call: Callable[[], Any], seat: _Seat) -> Any:
        """Execute a call, by a new worker if the previous one had ended."""
        while True:
            if seat.worker is None:
                seat.worker = self._start()
            try:
                return seat.worker.do(call)
            except WorkerGoneError:
                self._vacate(seat)

    def _start(self) -> Worker:
        """Start a process, and end it at once if the pool was closed meanwhile."""
        worker = Worker(self._preload)
        with self._lock:
            self._workers.add(worker)
            if self._closing:
                worker.kill()
        return worker

    def _vacate(self, seat: _Seat) -> None:
        """Wait for the end of the worker, which ends when its pipe is closed."""
        worker, seat.worker = seat.worker, None
        if worker is not None:
            with self._lock:
                self._workers.discard(worker)
            worker.close()
