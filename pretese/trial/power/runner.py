"""Who simulates trials, and where finished blocks of them are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pretese.io.input.regimen_files import regimen_files
from pretese.jobs.blocks import Job, Store
from pretese.jobs.execute import finish
from pretese.jobs.worker_pool import WorkerPool
from pretese.screen.progress import Tell
from pretese.trial.design.design_file import DesignFile
from pretese.trial.power.trial_tables import Recorded, table_of
from pretese.trial.simulation.binomial import why_by_men
from pretese.trial.simulation.engine import draw_block, trials_at_once
from pretese.trial.simulation.trial_results import Point
from protocol.regimen.load import load_regimen
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import mechanism_hash

#: What a design says without changing what is drawn.
_WORDS = {
    "title", "question", "version", "author", "date", "prior", "nuisance", "decision",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrialTask:
    """Draw trials of one design and take them through every size and effect.

    ``by_men``: man by man, not by counts.
    """

    design: DesignFile
    scenario: Scenario | None
    seed: int
    points: tuple[Point, ...]
    by_men: bool

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return trials ``first .. first + size - 1``, the points one after another."""
        found = draw_block(
            self.design, self.scenario, self.seed, self.points, first, size, by_men=self.by_men
        )
        return pa.concat_tables(table_of(point, first, found[point]) for point in self.points)


def nature(design: DesignFile, scenario: Scenario | None) -> dict[str, Any]:
    """Return all of a design that decides what is drawn, as plain values."""
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
    by_men: bool = False,
) -> Job:
    """Return the job of simulating a design at some sizes and effects.

    Blocks are as large as memory and speed ask for; the last is cut to what is asked. ``by_men``:
    every man is drawn even where counts would do.
    """
    points = tuple(sorted(points))
    by_men = by_men or why_by_men(design, points) is not None
    drawn = {"seed": seed, "drawn by": "men" if by_men else "counts"}
    return Job(
        design.id,
        TrialTask(design, scenario, seed, points, by_men),
        {**nature(design, scenario), "points": [list(p) for p in points], **drawn},
        trials_at_once(design, points, by_men=by_men),
        kind="trials",
        whole=False,
        groups=len(points),
        files=regimen_files(scenario),
    )


@dataclass(frozen=True, slots=True)
class Runner:
    """A store of finished blocks, the processes that do the rest, and a progress bar.

    ``by_men``: every man is drawn even where counts would do.
    """

    store: Store
    pool: WorkerPool | None
    tell: Tell
    by_men: bool = False

    def do(self, jobs: Sequence[Job], replicates: int, what: str) -> list[Recorded]:
        """Finish the blocks of all jobs together; return the trials of each."""
        blocks = [list(job.blocks(replicates)) for job in jobs]
        finish([b for each in blocks for b in each], self.store, self.pool, self.tell, what)
        return [Recorded([self.store.path(b) for b in each], replicates) for each in blocks]

    def jobs(
        self,
        settings: Sequence[tuple[DesignFile, Scenario | None]],
        points: Sequence[Point],
        seed: int,
    ) -> list[Job]:
        """Return jobs that share their luck: by counts if that is possible for all of them."""
        apart = any(why_by_men(design, points) is not None for design, _ in settings)
        return [
            trial_job(design, scenario, points, seed, by_men=self.by_men or apart)
            for design, scenario in settings
        ]

    def simulate(
        self,
        design: DesignFile,
        scenario: Scenario | None,
        points: Sequence[Point],
        *,
        seed: int,
        replicates: int,
    ) -> Recorded:
        """Return trials at every point, as `engine.simulate_design` does."""
        job = trial_job(design, scenario, points, seed, by_men=self.by_men)
        return self.do([job], replicates, design.id)[0]
