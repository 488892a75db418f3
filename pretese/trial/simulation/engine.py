"""Simulate trials of a design at several sizes and effects: by counts where they say it all."""

from collections.abc import Sequence

from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.binomial import count_block, why_by_men
from pretese.trial.simulation.patient_level import run_block
from pretese.trial.simulation.reestimation import largest
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.core.random_streams import CHUNK
from simulate.scenario import Scenario

#: Men held at once by a worker; the answer does not depend on it.
MEN_AT_ONCE = 150_000

#: Trials of a block where they are drawn by counts: each address of luck serves so many.
COUNTED_AT_ONCE = 4 * CHUNK


def simulate_design(
    design: DesignFile,
    scenario: Scenario | None,
    points: Sequence[Point],
    *,
    seed: int,
    replicates: int,
    by_men: bool = False,
) -> Results:
    """Return how trials went at every point (men, share of the effect), here and in memory.

    `pretese.trial.power.runner.Runner.simulate` does the same on several processes, and keeps it.

    Parameters
    ----------
    scenario
        From `pretese.trial.conduct.participants.scenario_of`.
    by_men
        Whether every man is drawn even where counts would do.
    """
    by_men = by_men or why_by_men(design, points) is not None
    size = trials_at_once(design, points, by_men=by_men)
    parts = [
        draw_block(design, scenario, seed, points, first, min(size, replicates - first), by_men)
        for first in range(0, replicates, size)
    ]
    return {point: Outcomes.joined([part[point] for part in parts]) for point in points}


def trials_at_once(design: DesignFile, points: Sequence[Point], *, by_men: bool) -> int:
    """Return how many trials make a block: as many as memory and speed ask for."""
    if not by_men:
        return COUNTED_AT_ONCE
    return max(1, MEN_AT_ONCE // max(largest(design, men) for men, _ in points))


def draw_block(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    points: Sequence[Point],
    first: int,
    size: int,
    by_men: bool,
) -> Results:
    """Draw one block of trials and take it through every point."""
    if by_men:
        return run_block(design, scenario, seed, points, first, size)
    return count_block(design, seed, points, first, size)
