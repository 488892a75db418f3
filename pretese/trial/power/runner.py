"""Run simulations in several processes, and store finished blocks of replicates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pretese.io.input.regimen_files import regimen_files
from pretese.jobs.execute import finish
from pretese.jobs.storage.blocks import Job, Store
from pretese.jobs.worker_pool import WorkerPool
from pretese.screen.progress import Tell
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.trial_tables import Recorded, table_of
from pretese.trial.simulation.binomial import why_patient_level
from pretese.trial.simulation.engine import draw_block, trials_at_once
from pretese.trial.simulation.trial_results import Point
from protocol.regimen.load import load_regimen
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash

#: Fields of a design that do not change the simulation.
_WORDS = {
    "title", "question", "version", "author", "date", "prior", "sensitivity", "decision",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrialTask:
    """Simulate replicates of one design at every sample size and effect.

    ``patient_level``: participants are simulated, not counts.
    """

    design: DesignFile
    scenario: Scenario | None
    seed: int
    points: tuple[Point, ...]
    patient_level: bool

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return replicates ``first .. first + size - 1``, one point after another."""
        found = draw_block(
            self.design,
            self.scenario,
            self.seed,
            self.points,
            first,
            size,
            patient_level=self.patient_level,
        )
        return pa.concat_tables(table_of(point, first, found[point]) for point in self.points)


def simulation_record(design: DesignFile, scenario: Scenario | None) -> dict[str, Any]:
    """Return everything in a design that determines the simulation, as plain values."""
    plain = design.model_dump(mode="json", exclude_defaults=True, exclude=_WORDS)
    if scenario is None:
        return {"design": plain}
    regimens = {name: load_regimen(arm.regimen).sha256 for name, arm in scenario.arms.items()}
    return {"design": plain, "mechanism": mechanism_hash(scenario), "regimens": regimens}


def trial_job(
    design: DesignFile,
    scenario: Scenario | None,
    points: Sequence[Point],
    seed: int,
    *,
    patient_level: bool = False,
) -> Job:
    """Return the job of simulating a design at several sample sizes and effects.

    The size of blocks is chosen for memory and speed; the last block may be smaller.
    ``patient_level``: participants are simulated although counts suffice.
    """
    points = tuple(sorted(points))
    patient_level = patient_level or why_patient_level(design, points) is not None
    drawn = {
        "seed": seed, "simulation_level": "patient-level" if patient_level else "binomial",
    }  # fmt: skip
    return Job(
        design.id,
        TrialTask(design, scenario, seed, points, patient_level),
        {**simulation_record(design, scenario), "points": [list(p) for p in points], **drawn},
        trials_at_once(design, points, patient_level=patient_level),
        kind="trials",
        whole=False,
        groups=len(points),
        patients=sum(participants for participants, _ in points) if patient_level else 0,
        files=regimen_files(scenario),
    )


def common_jobs(
    settings: Sequence[tuple[DesignFile, Scenario | None]],
    points: Sequence[Point],
    seed: int,
    *,
    patient_level: bool,
) -> list[Job]:
    """Return jobs with common random numbers, as binomial counts if all designs allow it."""
    apart = any(why_patient_level(design, points) is not None for design, _ in settings)
    return [
        trial_job(design, scenario, points, seed, patient_level=patient_level or apart)
        for design, scenario in settings
    ]


@dataclass(frozen=True, slots=True)
class Runner:
    """Finished blocks, the processes that simulate the others, and a progress bar.

    ``patient_level``: participants are simulated although counts suffice.
    """

    store: Store
    pool: WorkerPool | None
    tell: Tell
    patient_level: bool = False

    def do(self, jobs: Sequence[Job], replicates: int, what: str) -> list[Recorded]:
        """Complete the blocks of all jobs together; return the trials of each job."""
        blocks = [list(job.blocks(replicates)) for job in jobs]
        finish([b for each in blocks for b in each], self.store, self.pool, self.tell, what)
        return [Recorded([self.store.path(b) for b in each], replicates) for each in blocks]

    def jobs(
        self,
        settings: Sequence[tuple[DesignFile, Scenario | None]],
        points: Sequence[Point],
        seed: int,
    ) -> list[Job]:
        """Return jobs with common random numbers, as binomial counts if all designs allow it."""
        return common_jobs(settings, points, seed, patient_level=self.patient_level)

    def simulate(
        self,
        design: DesignFile,
        scenario: Scenario | None,
        points: Sequence[Point],
        *,
        seed: int,
        replicates: int,
    ) -> Recorded:
        """Return replicates at every point, as `engine.simulate_design` does."""
        job = trial_job(design, scenario, points, seed, patient_level=self.patient_level)
        return self.do([job], replicates, design.id)[0]
