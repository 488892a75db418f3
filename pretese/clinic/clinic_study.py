"""A run of a clinic with its replicates, and its output folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from pretese.clinic.clinic_files import write_run
from pretese.clinic.clinic_task import Task, first_run, replicates
from pretese.clinic.flow_figure import draw_patient_flow
from pretese.clinic.queue_figures import draw_queues, draw_timeline, longest_way
from pretese.clinic.run_results import draw_clinic_figures, facts_of, write_summary
from pretese.io.input.regimen_files import RegimenFiles
from pretese.io.output.manifest import write_manifest
from pretese.jobs.signals import StopRequest
from protocol.errors import InputError
from simulate.clinic.capacity.replicates import Replicate, measured, summary
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.clinic_tables import clinic_tables, truth_of
from simulate.clinic.records.event_log import log_of
from simulate.clinic.records.milestones import milestones_of
from simulate.clinic.records.state_on_day import views


@dataclass(frozen=True, slots=True)
class Precision:
    """Stopping rule: ``wanted`` replicates, or the requested precision of ``measure``.

    ``relative`` is the half-width of the interval over the mean.
    """

    wanted: int | None
    relative: float
    measure: str


@dataclass(frozen=True, slots=True)
class ClinicStudy:
    """The first run, every replicate's measures, and the day as of which tables are read.

    ``stop`` tells whether a stop was requested.
    """

    task: Task
    precision: Precision
    run: Run
    done: Sequence[Replicate]
    day: float
    stop: StopRequest

    def summary(self) -> pd.DataFrame:
        """Return every measure with mean and 95 % interval over the replicates."""
        return summary(self.done)

    def facts(self, rows: dict[str, int]) -> dict[str, Any]:
        """Return the facts of the run; ``rows`` are those written to each table."""
        asked = self.precision
        return facts_of(
            self.task, self.done, self.day, asked.measure, asked.relative, rows, self.run.until_day
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table, the milestones and the event log, as known at the end of the day."""
        seen = list(views(self.run, self.day))
        milestones = pd.concat([milestones_of(each) for each in seen], ignore_index=True)
        observed = clinic_tables(self.run, self.day)
        return {**observed, "milestones": milestones, "log": log_of(self.run, seen)}

    def truth(self) -> pd.DataFrame:
        """Return both potential outcomes of the patients whom the tables list."""
        seen = views(self.run, self.day)
        return pd.concat([truth_of(each) for each in seen], ignore_index=True)

    def figure(self, name: str) -> Figure:
        """Draw one of `clinic_options.FIGURES`."""
        if name == "queues":
            return draw_queues(self.run.clinic, self.done)
        if name == "flow":
            return draw_patient_flow(self.run, self.day)
        return draw_timeline(self.run, longest_way(self.run, self.day), self.day)


def study_clinic(
    task: Task,
    precision: Precision,
    day: float | None,
    regimens: RegimenFiles,
    stop: StopRequest,
) -> ClinicStudy:
    """Run the clinic, then more replicates until their measure is precise enough.

    The run ends when ``stop`` is requested; results up to then are kept.

    Raises
    ------
    InputError
        There is no such measure, or a regimen file changed meanwhile.
    """
    run = first_run(task, stop)
    done = [_checked(measured(run), precision.measure)]
    if not stop():
        done = replicates(
            task, done[0], precision.wanted, precision.relative, precision.measure, stop
        )
    regimens.check()
    return ClinicStudy(task, precision, run, done, _known_day(run, day), stop)


def write_clinic(
    study: ClinicStudy, folder: Path, kind: str, xes: bool, figures: bool
) -> dict[str, Any]:
    """Write tables, log, measures and figures into an open folder; return the facts."""
    rows = write_run(study.run, folder, kind, xes, study.day)
    write_summary(study.summary(), study.done, study.task.scenario, folder)
    if figures:
        draw_clinic_figures(study.run, study.done, study.day, folder / "figures")
    facts = study.facts(rows)
    write_manifest(folder, facts)
    return facts


@contextmanager
def room_for(out: Path | None, argument: str) -> Iterator[None]:
    """Report a full disk, of the results or of temporary files."""
    try:
        yield
    except OSError as error:
        problem = f"it cannot be written ({error.strerror or error})"
        cure = "make room, there and for temporary files (TMPDIR), or ask for less"
        raise InputError.of(argument, str(out or ""), problem, cure) from None


def _known_day(run: Run, asked: float | None) -> float:
    """Return the day as of which tables are written: the horizon by default."""
    last = inf if run.clinic.horizon_days is None else run.clinic.horizon_days
    return min(last if asked is None else asked, run.until_day)


def _checked(first: Replicate, measure: str) -> Replicate:
    if measure not in first.measures:
        cure = f"take one of {', '.join(first.measures)}"
        raise InputError.of("measure", measure, "there is no such measure", cure)
    return first
