"""Clinics of the public interface: a run with its tables, event log and measures; capacities."""

import math
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.display import Shown
from pretese.clinic.clinic_options import (
    FEWEST_REPLICATES,
    FIGURES,
    MOST_REPLICATES,
)
from pretese.io.export.formats import FORMATS
from protocol.errors import InputError
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.clinic.capacity_search import CapacityStudy
    from pretese.clinic.clinic_study import ClinicStudy, Precision
    from pretese.clinic.clinic_task import Task
    from pretese.io.input.regimen_files import RegimenFiles
    from simulate.scenario import Scenario

#: Clinic, patients, seed, replicates at most, workers, and whether progress is shown.
Wanted = tuple[str | Path, int | None, int, int, int, bool]
#: Replicates, precision, and the measure to which it applies.
Until = tuple[int | None, float, str]
#: Folder, file type, and whether an XES log and figures are written.
Written = tuple[str | Path | None, str, bool, bool]


def run_clinic_study(
    scenario: "Scenario",
    regimens: "RegimenFiles",
    wanted: Wanted,
    until: Until,
    day: float | None,
    written: Written,
) -> "ClinicRun":
    """Run a clinic; see `Scenario.clinic`.

    Parameters
    ----------
    scenario, regimens
        The patients, and the regimens of both arms.
    wanted, until
        Clinic, patients, seed and workers; when to stop adding replicates.
    day
        Day on whose knowledge tables and log are based; None is the horizon.
    written
        Where, and in which format, the result is written.
    """
    from pretese.clinic.clinic_study import room_for, study_clinic, write_clinic
    from pretese.jobs.signals import StopRequest

    stop = StopRequest()
    (out, kind, xes, figures), precision = written, _precision(until)
    kind, as_of = one_of(kind, "format", tuple(FORMATS)), None if day is None else _day(day)
    task, assumptions = _task(scenario, wanted)
    with stop.listening(), room_for(_path(out), "out"), _folder(out, "out") as folder:
        study = study_clinic(task, precision, as_of, regimens, stop)
        facts = study.facts({})
        if folder is not None:
            facts = write_clinic(study, folder, kind, xes, figures)
    return ClinicRun(study, assumptions, facts)


def answer_capacity(
    scenario: "Scenario", solve: str, goal: str, wanted: Wanted, out: str | Path | None
) -> "CapacityAnswer":
    """Find the smallest capacity that meets a goal; see `Scenario.capacity`.

    Parameters
    ----------
    scenario
        The patients.
    solve, goal
        The capacity to vary, and the goal.
    wanted
        Clinic, patients, seed and workers.
    out
        Folder to write; None writes nothing.
    """
    from pretese.clinic.capacity_search import search_capacity, write_capacity

    task, assumptions = _task(scenario, wanted)
    with _folder(out, "out") as folder:
        study = search_capacity(task, str(solve), str(goal))
        if folder is not None:
            write_capacity(study, folder)
    return CapacityAnswer(study, assumptions)


def _task(scenario: "Scenario", wanted: Wanted) -> tuple["Task", tuple[str, ...]]:
    """Return what is run, and what was assumed about the clinic's waiting list."""
    from pretese.clinic.clinic_files import load_clinic
    from pretese.clinic.clinic_task import Task

    name, patients, seed, max_replicates, workers, progress = wanted
    assumed: list[str] = []
    size = None if patients is None else whole_of(patients, "patients", 2, 10_000_000)
    base, processes = seed_of(seed), whole_of(workers, "workers", 1, 256)
    limit = whole_of(max_replicates, "max_replicates", FEWEST_REPLICATES, MOST_REPLICATES)
    clinic, listed = load_clinic(
        str(name), lambda path, found: assumed.extend(f"{path}: {each}" for each in found)
    )
    task = Task(clinic, scenario, base, size, listed, limit, processes, progress)
    return task, (*assumed, *_never_referred(task))


def _never_referred(task: "Task") -> tuple[str, ...]:
    """Say so if more patients are asked for than are referred within the horizon."""
    from simulate.clinic.setup.referrals import expected_referrals

    expected = expected_referrals(task.clinic)
    if task.patients is None or expected is None or task.patients <= expected:
        return ()
    horizon = task.clinic.horizon_days
    return (
        f"{task.patients:,} patients are asked for; about {expected:,.0f} are referred within the "
        f"horizon of {horizon} days, and the others never: lengthen horizon_days or raise "
        "referrals.patients_per_week",
    )


def _precision(until: Until) -> "Precision":
    from pretese.clinic.clinic_study import Precision

    replicates, relative, measure = until
    if replicates is not None:
        replicates = whole_of(replicates, "replicates", 1, MOST_REPLICATES)
    if not (isinstance(relative, Real) and 0 < relative <= 1):
        cure = "give a number above 0 and up to 1"
        raise InputError.of("precision", "", f"{shorten(relative)} is not allowed", cure)
    return Precision(replicates, float(relative), measure)


def _day(value: Any) -> float:
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond every float
            if 0 <= float(value) < math.inf:
                return float(value)
    raise InputError.of("day", "", f"{shorten(value)} is not allowed", "give a day from 0")


def one_of(value: Any, argument: str, allowed: tuple[str, ...]) -> str:
    """Return a value if it is allowed.

    Parameters
    ----------
    value
        The value given.
    argument
        Name of the argument, for the message.
    allowed
        All values that are allowed.
    """
    if value not in allowed:
        cure = f"take one of {', '.join(allowed)}"
        raise InputError.of(argument, "", f"{shorten(value)} is not allowed", cure)
    return str(value)


def _path(out: str | Path | None) -> Path | None:
    return None if out is None else Path(out)


def _folder(out: str | Path | None, argument: str) -> AbstractContextManager[Path | None]:
    from pretese.io.output.result_folder import result_folder

    return nullcontext() if out is None else result_folder(Path(out), argument)


@dataclass(frozen=True, slots=True, repr=False)
class ClinicRun(Shown):
    """A clinic's first run in full, and the measures of all replicates; by `Scenario.clinic`.

    Attributes
    ----------
    study
        The run as the engine holds it.
    assumptions
        What was assumed about the clinic's waiting list.
    facts
        Where the run comes from, how far it went, and how precise its measures are.
    """

    study: "ClinicStudy"
    assumptions: tuple[str, ...]
    facts: dict[str, Any]
    _built: dict[str, "pd.DataFrame"] = field(default_factory=dict, compare=False)

    @property
    def tables(self) -> dict[str, "pd.DataFrame"]:
        """Every table by name as known on the day asked for, with ``milestones`` and ``log``."""
        if not self._built:
            self._built.update(self.study.tables())
        return dict(self._built)

    @property
    def log(self) -> "pd.DataFrame":
        """The event log: one row per activity, with when it was scheduled, started, completed."""
        return self.tables["log"]

    @property
    def measures(self) -> "pd.DataFrame":
        """One row per measure: mean, 95 % interval, standard deviation, replicates."""
        return self.study.summary()

    def plot(self, name: str = "queues") -> "Figure":
        """Return a figure of the run.

        Parameters
        ----------
        name
            ``queues``, ``flow``, or the ``timeline`` of one patient.
        """
        return self.study.figure(one_of(name, "name", FIGURES))

    def write(
        self,
        folder: str | Path,
        format: str = "csv",  # noqa: A002  as the option is called
        *,
        xes: bool = False,
        figures: bool = True,
    ) -> None:
        """Write what ``pretese clinic`` writes: tables, log, measures, figures, manifest.

        Parameters
        ----------
        folder
            New, or an unchanged earlier result, which is replaced.
        format
            ``csv`` or ``parquet``.
        xes
            Whether the log is written as XES too, for process mining.
        figures
            Whether queues, flow and the timeline of one patient are drawn.
        """
        from pretese.clinic.clinic_study import room_for, write_clinic

        kind = one_of(format, "format", tuple(FORMATS))
        with room_for(Path(folder), "folder"), _folder(folder, "folder") as place:
            if place is not None:
                write_clinic(self.study, place, kind, xes, figures)

    def summary(self) -> str:
        """Return scenario, clinic, replicates and seed."""
        task = self.study.task
        names = f"{shorten_text(task.scenario.id, 20)} in {shorten_text(task.clinic.id, 20)}"
        day = self.facts["interrupted_on_day"]
        stopped = "" if day is None else f", interrupted on day {day:.0f}"
        return f"{names}, {len(self.study.done)} replicates, seed {task.seed}{stopped}"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts with every measure, as ``--json`` prints them."""
        return _rounded({**self.facts, "measures": self.measures})

    def to_frame(self) -> "pd.DataFrame":
        """Return `measures`."""
        return self.measures


@dataclass(frozen=True, slots=True, repr=False)
class CapacityAnswer(Shown):
    """The least capacity that meets a goal; by `Scenario.capacity`.

    ``study`` holds all capacities tried; ``assumptions`` what was assumed about the waiting list.
    """

    study: "CapacityStudy"
    assumptions: tuple[str, ...]

    @property
    def capacity(self) -> int | None:
        """The answer; None if none up to the largest that was tried."""
        return self.study.solution.capacity

    @property
    def tried(self) -> "pd.DataFrame":
        """One row per capacity: mean with 95 % interval, replicates, whether the goal is met."""
        return self.study.tried()

    def summary(self) -> str:
        """Return question and answer."""
        found = "none of those tried" if self.capacity is None else self.capacity
        return f"{shorten_text(self.study.question, 60)}: {found}"

    def to_dict(self) -> dict[str, Any]:
        """Return question, answer and all capacities tried, as ``--json`` prints them."""
        return _rounded({**self.study.facts, "tried": self.tried})

    def to_frame(self) -> "pd.DataFrame":
        """Return `tried`."""
        return self.tried


def _rounded(document: dict[str, Any]) -> dict[str, Any]:
    from pretese.io.text.json_text import plain
    from pretese.io.text.rounding_rule import rounded_document

    found: dict[str, Any] = rounded_document(plain(document))
    return found
