"""State of a run on a given day: progress of each patient."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.paths import injections_of
from simulate.clinic.courses.potential_course import Phases, PotentialCourses
from simulate.clinic.flow import steps
from simulate.clinic.flow.ledger import Columns
from simulate.clinic.flow.run_clinic import Part, Run
from simulate.core.random_streams import CHUNK

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Seen:
    """Some patients of a slice, as known at the end of a day (from the opening).

    Patients are counted within the slice, from 0; ``begin`` to ``end`` - 1 are selected.
    """

    part: Part
    day: float
    begin: int
    end: int

    @property
    def run(self) -> Run:
        """The run."""
        return self.part.run

    @property
    def columns(self) -> Columns:
        """The events of the patients of the slice, up to the day and later."""
        return self.part.columns

    @property
    def courses(self) -> PotentialCourses:
        """The potential courses of the patients of the slice."""
        return self.part.courses

    @property
    def patients(self) -> Indices:
        """The patients referred so far."""
        return self.by_now(self.columns.referred)

    def numbers(self, patients: Indices) -> Indices:
        """Return the numbers of patients in their study, from 1: `patient_id` of the tables."""
        return patients + self.part.first + 1

    def by_now(self, times: Floats) -> Indices:
        """Return the patients for whom this event has occurred."""
        return self.who(times <= self.day)

    def who(self, flags: Flags) -> Indices:
        """Return the selected patients for whom a flag is true."""
        return np.flatnonzero(flags[self.begin : self.end]) + self.begin

    def started(self, step: int) -> Flags:
        """Return whether each referred patient has begun a step."""
        return np.asarray(self.columns.start[step][self.patients] <= self.day)

    def done(self, step: int) -> Flags:
        """Which of the patients referred have completed a step."""
        return np.asarray(self.columns.complete[step][self.patients] <= self.day)

    def ended(self) -> Flags:
        """Which of the patients referred have ended the pathway."""
        return np.asarray(self.columns.end_day[self.patients] <= self.day)

    def since_referral(self, times: Floats, patients: Indices) -> NDArray[np.int64]:
        """Return whole calendar days between referral and a time, for these patients."""
        return (np.floor(times) - np.floor(self.columns.referred[patients])).astype(np.int64)

    def chose(self) -> Flags:
        """Which of the patients referred have made their choice of therapy."""
        return self.done(steps.COUNSELLING)


def views(
    run: Run, day: float = inf, first: int = 0, last: int | None = None, at_a_time: int = CHUNK
) -> Iterator[Seen]:
    """Yield the patients numbered from ``first`` (0) to ``last`` - 1 in blocks.

    Parameters
    ----------
    day
        In days from the opening; infinity includes all events.
    at_a_time
        Maximum number of patients in a view; a view stays within one slice.
    """
    until = min(day, run.until_day)
    stop = run.patients if last is None else min(last, run.patients)
    for part in run.parts():
        begin, end = max(first, part.first) - part.first, min(stop, part.last) - part.first
        for here in range(begin, end, at_a_time):
            yield Seen(part, until, here, min(here + at_a_time, end))


def by_phases(seen: Seen) -> Iterator[tuple[Indices, Phases, int]]:
    """Yield the patients for whom each sequence of phases was decided, the sequence, and its arm.

    An open case is assigned to the first sequence that begins with the same phases.
    """
    gonadotropin_therapy, decided = seen.courses.gonadotropin_therapy, seen.columns.decided
    free = np.ones(len(gonadotropin_therapy), bool)
    for arm, rules in enumerate(seen.run.rules):
        for phases in rules.way.sequences:
            wanted = np.array([rules.codes[name] for name in phases], np.int8)[:, None]
            so_far = decided[: len(phases)]
            agrees = ((so_far == wanted) | (so_far < 0)).all(axis=0)
            patients = seen.who(agrees & (gonadotropin_therapy == arm) & free)
            free[patients] = False
            yield patients, phases, arm


def injection_times(seen: Seen) -> Iterator[tuple[str, float, int, Indices, Floats]]:
    """Yield drug, dose in IU, month (from 0), patients and days (from the opening) of injections.

    The injections are those of the protocol engine for the phases decided, without missed
    injections and those after discontinuation; the injections of a month start with the month.
    """
    missed, stays = seen.courses.habits.missed, seen.courses.months
    for patients, phases, arm in by_phases(seen):
        regimen = seen.run.rules[arm].regimen
        if not regimen.drugs:
            continue
        for dose in injections_of(regimen, phases):
            month = dose.day // MONTH_DAYS
            times = seen.columns.month_start[month][patients] + (dose.day - month * MONTH_DAYS)
            given = (times <= seen.day) & (month < stays[patients])
            if missed is not None:
                given &= ~missed[dose.day, 0, patients]
            yield dose.drug, dose.dose, month, patients[given], times[given]
