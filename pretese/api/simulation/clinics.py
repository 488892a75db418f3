"""Clinics of the public interface: runs with tables, event log and measures; capacities."""

import math
from contextlib import suppress
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.arguments.argument_values import choice_of
from pretese.api.simulation.clinic_results import CapacityAnswer, ClinicRun
from pretese.clinic.clinic_options import (
    FEWEST_REPLICATES,
    MOST_REPLICATES,
)
from pretese.io.export.formats import FORMATS
from protocol.errors import InputError
from protocol.shorten import shorten

if TYPE_CHECKING:
    from pretese.clinic.clinic_study import Precision
    from pretese.clinic.clinic_task import Task
    from pretese.io.input.regimen_files import RegimenFiles
    from simulate.scenario import Scenario

#: Clinic, patients, seed, maximum replicates, workers, and whether progress is shown.
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
        Clinic, patients, seed and workers; the rule for stopping.
    day
        Day as of which tables and log are written; None is the horizon.
    written
        Folder and format of the result.
    """
    from pretese.clinic.clinic_study import room_for, study_clinic, write_clinic
    from pretese.io.output.result_folder import optional_result_folder
    from pretese.jobs.signals import StopRequest

    stop = StopRequest()
    (out, kind, xes, figures), precision = written, _precision(until)
    kind, as_of = choice_of(kind, "format", FORMATS), None if day is None else _day(day)
    task, assumptions = _task(scenario, wanted)
    with stop.listening(), room_for(_path(out), "out"), optional_result_folder(out) as folder:
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
    from pretese.io.output.result_folder import optional_result_folder

    task, assumptions = _task(scenario, wanted)
    with optional_result_folder(out) as folder:
        study = search_capacity(task, str(solve), str(goal))
        if folder is not None:
            write_capacity(study, folder)
    return CapacityAnswer(study, assumptions)


def _task(scenario: "Scenario", wanted: Wanted) -> tuple["Task", tuple[str, ...]]:
    """Return the task, and the assumptions about the clinic's waiting list."""
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
    """Warn if more patients are requested than are referred within the horizon."""
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


def _path(out: str | Path | None) -> Path | None:
    return None if out is None else Path(out)
