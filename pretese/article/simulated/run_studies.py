"""Simulate and analyse studies in one or several processes, with identical results."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pretese.article.simulated.counts import count_statistics
from pretese.article.simulated.estimates import estimate_statistics
from pretese.article.simulated.joint_statistics import joint_statistics
from pretese.article.simulated.studies import Studies
from pretese.article.simulated.true_effects import true_effects
from pretese.io.text.rounding_rule import rounded_replicates
from pretese.jobs.worker_pool import local_pool, results
from simulate.cohort.draw import draw_cohort
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Studies per block, the unit of work of a process; results do not depend on the division.
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
    done: dict[int, dict[str, Floats]] = {}
    finished = 0
    with local_pool(min(workers, len(blocks)), (__name__,)) as pool:
        for (_, _, first, size), result in results(analyse_block, blocks, pool):
            done[first] = result
            finished += size
            tell(finished)
    parts = [done[first] for first in sorted(done)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


Block = tuple[Scenario, int, int, int]


def analyse_block(block: Block) -> dict[str, Floats]:
    """Simulate one block of studies and compute all statistics."""
    scenario, seed, first, size = block
    studies = Studies(draw_cohort(scenario, seed, replicates=size, first=first))
    counted = {name: compute(studies) for name, compute in count_statistics().items()}
    found = counted | estimate_statistics(studies) | true_effects(studies)
    found |= joint_statistics(studies)
    return {name: rounded_replicates(values) for name, values in found.items()}
