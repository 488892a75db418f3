"""Simulate trials of a design at several sample sizes and effects."""

from collections.abc import Sequence

from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.binomial import count_block, why_patient_level
from pretese.trial.simulation.patient_level import run_block
from pretese.trial.simulation.reestimation import largest
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.core.random_streams import CHUNK
from simulate.scenario import Scenario

#: Number of participants in memory per worker; results do not depend on it.
PARTICIPANTS_AT_ONCE = 150_000

#: Number of replicates in a block of binomial counts, one random stream each.
COUNTED_AT_ONCE = 4 * CHUNK


def simulate_design(
    design: DesignFile,
    scenario: Scenario | None,
    points: Sequence[Point],
    *,
    seed: int,
    replicates: int,
    patient_level: bool = False,
) -> Results:
    """Return replicates at every point (participants, fraction of the effect), in memory.

    `pretese.trial.power.runner.Runner.simulate` does the same in several processes, and stores
    them.

    Parameters
    ----------
    scenario
        From `pretese.trial.conduct.participants.scenario_of`.
    patient_level
        Whether participants are simulated although counts suffice.
    """
    patient_level = patient_level or why_patient_level(design, points) is not None
    size = trials_at_once(design, points, patient_level=patient_level)
    parts = [
        draw_block(
            design, scenario, seed, points, first, min(size, replicates - first), patient_level
        )
        for first in range(0, replicates, size)
    ]
    return {point: Outcomes.joined([part[point] for part in parts]) for point in points}


def trials_at_once(design: DesignFile, points: Sequence[Point], *, patient_level: bool) -> int:
    """Return the number of replicates of a block."""
    if not patient_level:
        return COUNTED_AT_ONCE
    return max(
        1, PARTICIPANTS_AT_ONCE // max(largest(design, participants) for participants, _ in points)
    )


def draw_block(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    points: Sequence[Point],
    first: int,
    size: int,
    patient_level: bool,
) -> Results:
    """Simulate one block of replicates at every point."""
    if patient_level:
        return run_block(design, scenario, seed, points, first, size)
    return count_block(design, seed, points, first, size)
