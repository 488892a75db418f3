"""Draw and analyse many studies, on one process or several, with the same answer to the byte."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

import numpy as np
from numpy.typing import NDArray

from pretese.numbers import rounded_replicates
from pretese.reproduce.counts import count_statistics
from pretese.reproduce.estimates import estimate_statistics
from pretese.reproduce.study import Studies
from pretese.reproduce.truth import true_effects
from simulate.cohort import draw_cohort
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Studies per block. A block is what a worker takes; results do not depend on who takes it.
BLOCK = 20


def run_studies(
    scenario: Scenario,
    seed: int,
    replicates: int,
    workers: int = 1,
    tell: Callable[[int], None] = lambda done: None,
) -> dict[str, Floats]:
    """Return every statistic and true effect of every study, id to shape (replicate,).

    Parameters
    ----------
    workers
        Processes; 1 works in this one.
    tell
        Called with the number of studies done.
    """
    blocks = [
        (scenario, seed, first, min(BLOCK, replicates - first))
        for first in range(0, replicates, BLOCK)
    ]
    done: list[dict[str, Floats]] = [{} for _ in blocks]
    finished = 0
    for index, result in _results(blocks, workers):
        done[index] = result
        finished += len(next(iter(result.values())))
        tell(finished)
    return {name: np.concatenate([part[name] for part in done]) for name in done[0]}


Block = tuple[Scenario, int, int, int]


def _results(blocks: list[Block], workers: int) -> Iterator[tuple[int, dict[str, Floats]]]:
    if workers == 1 or len(blocks) == 1:
        yield from ((index, analyse_block(block)) for index, block in enumerate(blocks))
        return
    # Spawned, not forked: a fresh process is the same on every platform and has no threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = {pool.submit(analyse_block, block): i for i, block in enumerate(blocks)}
        try:
            yield from ((futures[future], future.result()) for future in _finished(futures))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _finished(
    futures: Iterable[Future[dict[str, Floats]]],
) -> Iterator[Future[dict[str, Floats]]]:
    yield from as_completed(list(futures))


def analyse_block(block: Block) -> dict[str, Floats]:
    """Draw one block of studies and compute everything about it."""
    scenario, seed, first, size = block
    studies = Studies(draw_cohort(scenario, seed, replicates=size, first=first))
    counted = {name: compute(studies) for name, compute in count_statistics().items()}
    found = counted | estimate_statistics(studies) | true_effects(studies)
    return {name: rounded_replicates(values) for name, values in found.items()}
