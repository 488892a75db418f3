"""Send calls to a pool of workers and collect every result.

A call must not depend on the worker, nor on earlier calls. Results are then the same for any
number of workers, and a call whose worker died can be repeated.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pretese.jobs.pool import ProcessPool
from pretese.jobs.worker import WorkerDiedError, WorkerStartError
from protocol.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Calls queued per worker: enough to keep workers busy, few enough to bound memory.
QUEUED = 3

#: Remedy if finished work is kept.
RESUME = "finished work is kept; run again with `resume`"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss of workers and its remedy, in words."""

    problem: str
    cure: str


@dataclass(frozen=True, slots=True)
class WorkerPool:
    """Workers, behind an executor.

    Attributes
    ----------
    queue_length
        Calls sent to the workers at a time.
    argument, value
        The argument by which the user chose these workers, and its value.
    explain
        Returns the loss of workers by which a call failed, or None.
    check
        Called if nothing has finished for ``check_seconds``; returns a loss of workers, or None.
    """

    executor: Executor
    queue_length: int
    argument: str = "workers"
    value: str = ""
    explain: Callable[[Exception], Loss | None] = lambda _: None
    check: Callable[[], Loss | None] = lambda: None
    check_seconds: float | None = None


@contextmanager
def local_pool(workers: int, preload: Sequence[str] = ()) -> Iterator[WorkerPool | None]:
    """Start local processes; None for one worker: this process computes everything.

    Parameters
    ----------
    preload
        Modules that the calls need: loaded once for all workers where the system allows it.
    """
    if workers == 1:
        yield None
        return
    pool = ProcessPool(workers, preload)
    try:
        yield WorkerPool(pool, QUEUED * workers, value=str(workers))
    finally:
        pool.shutdown(cancel_futures=True)


def results(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    pool: WorkerPool | None,
    *,
    resume: bool = False,
) -> Iterator[tuple[Item, Result]]:
    """Yield every item with its result, in any order; without a pool, computed in this process.

    A call whose worker died is repeated once by another worker.

    Parameters
    ----------
    resume
        Whether results are kept, so that the user may continue with ``resume``.

    Raises
    ------
    InputError
        All workers are lost, or two workers died on the same call.
    """
    if pool is None:
        for item in items:
            yield item, function(item)
        return
    queue = iter(items)
    waiting: dict[Future[Result], Item] = {}
    repeated: set[Future[Result]] = set()
    try:
        while True:
            for item in islice(queue, pool.queue_length - len(waiting)):
                waiting[pool.executor.submit(function, item)] = item
            if not waiting:
                return
            for future in _finished(waiting, pool, resume):
                item = waiting.pop(future)
                if isinstance(future.exception(), WorkerDiedError) and future not in repeated:
                    again = pool.executor.submit(function, item)
                    waiting[again] = item
                    repeated.add(again)
                    continue
                yield item, future.result()
    except InputError:
        raise
    except Exception as error:
        loss = _explain(error) or pool.explain(error)
        if loss is None:
            raise
        raise _lost(pool, loss, resume) from None
    finally:
        for future in waiting:
            future.cancel()


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], pool: WorkerPool | None
) -> Iterator[Result]:
    """Yield the results of items in their order, as `map` does; all items are submitted at once.

    >>> list(in_order(abs, [-3, 2], None))
    [3, 2]
    """
    numbered = list(items)
    done: dict[int, Result] = {}
    following = 0
    for number, result in _numbered(function, numbered, pool):
        done[number] = result
        while following in done:
            yield done.pop(following)
            following += 1


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A function of an item, called with the item's number as well."""

    function: "Callable[..., object]"

    def __call__(self, item: "tuple[int, object]") -> object:
        return self.function(item[1])


def _numbered(
    function: Callable[[Item], Result], items: Sequence[Item], pool: WorkerPool | None
) -> Iterator[tuple[int, Result]]:
    for (number, _), result in results(_Numbered(function), enumerate(items), pool):
        yield number, result  # type: ignore[misc]  # what the function gave


def _explain(error: Exception) -> Loss | None:
    if isinstance(error, WorkerDiedError):
        problem = "two worker processes died on the same task (killed, or out of memory)"
        return Loss(problem, "use fewer `workers`, or give more memory")
    if isinstance(error, WorkerStartError):
        problem = f"the operating system refuses to start another process ({error})"
        return Loss(problem, "use fewer `workers`")
    return None


def _finished(
    waiting: dict[Future[Result], Item], pool: WorkerPool, resume: bool
) -> set[Future[Result]]:
    """Wait for calls to finish; check the pool if none does for long."""
    while True:
        done, _ = wait(waiting, timeout=pool.check_seconds, return_when=FIRST_COMPLETED)
        if done:
            return done
        loss = pool.check()
        if loss is not None:
            raise _lost(pool, loss, resume)


def _lost(pool: WorkerPool, loss: Loss, resume: bool) -> InputError:
    cure = f"{loss.cure}; {RESUME}" if resume else loss.cure
    return InputError.of(pool.argument, pool.value, loss.problem, cure)
