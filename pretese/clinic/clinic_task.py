"""A run of a clinic and its replicates; a request to stop is read between events."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from pretese.jobs.worker_pool import in_order, local_pool
from pretese.screen.progress import optional_progress
from protocol.errors import InputError
from simulate.clinic.capacity.replicates import Compute, Replicate, precise, until_precise
from simulate.clinic.flow.run_clinic import Run, run_clinic
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.referrals import Waiting, patients_to_simulate
from simulate.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Task:
    """The task of a run, its replicates or a search.

    ``patients`` are simulated (None: as many as the clinic's horizon needs); ``listed`` are already
    waiting; at most ``most`` replicates are run, on ``workers`` processes; ``progress`` is shown if
    possible.
    """

    clinic: Clinic
    scenario: Scenario
    seed: int
    patients: int | None
    listed: Sequence[Waiting]
    most: int
    workers: int
    progress: bool = True

    def __post_init__(self) -> None:
        """Refuse a study too small for its waiting list."""
        if self.patients is not None and self.patients < 4 * len(self.listed):
            problem = f"{self.patients} patients for a waiting list of {len(self.listed)}"
            raise InputError.of("patients", "", problem, f"draw at least {4 * len(self.listed)}")


def first_run(task: Task, stop: Callable[[], bool]) -> Run:
    """Run the clinic once, as study 0."""
    total = task.patients or patients_to_simulate(task.clinic, task.scenario.patients) + len(
        task.listed
    )
    with optional_progress("patients through the clinic", task.progress) as tell:
        return run_clinic(
            task.clinic, task.scenario, task.seed, 0, task.patients, task.listed, stop,
            lambda done: tell(done, total),
        )  # fmt: skip


def replicates(
    task: Task,
    first: Replicate,
    wanted: int | None,
    precision: float,
    measure: str,
    stop: Callable[[], bool],
) -> list[Replicate]:
    """Run more replicates, up to ``wanted``; None continues until ``measure`` is precise."""
    most = wanted or task.most
    enough = precise(measure, precision) if wanted is None else _never
    with pool(task.workers) as compute, optional_progress("replicates", task.progress) as tell:
        return until_precise(
            task.clinic, task.scenario, task.seed, enough, most, task.patients, task.listed,
            task.workers, compute, lambda done: tell(done, most), stop, [first],
        )  # fmt: skip


def _never(_: Sequence[Replicate]) -> bool:
    return False


@contextmanager
def pool(workers: int) -> Iterator[Compute]:
    """Return `map` over processes that leave signals to their parent."""
    with local_pool(workers, ("simulate.clinic.capacity.replicates",)) as pool:
        yield partial(in_order, pool=pool)
