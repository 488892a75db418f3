"""The theatre: a waiting list with ranks and patience, and scheduled operating lists."""

from collections.abc import Callable, Generator
from heapq import heappop, heappush
from math import floor, inf
from typing import Any, Generic, TypeVar

import simpy

from simulate.clinic.setup.durations import on_grain
from simulate.clinic.setup.equipment import Theatre, TheatreList
from simulate.clinic.setup.opening_days import Calendar
from simulate.clinic.setup.time_units import MINUTES_PER_DAY, day_part

Waiting = Generator[simpy.Event, Any, bool]
#: The type that represents a patient.
Patient = TypeVar("Patient")

#: Two seconds, in days: sums of durations rounded to the grain of time may slightly exceed a list.
_SLACK = 2 / 86_400


class Entry(Generic[Patient]):
    """A patient on the waiting list; ``called`` fires when the operation begins."""

    __slots__ = ("called", "left", "operation_days", "patient")

    def __init__(self, patient: Patient, called: simpy.Event, operation_days: float) -> None:
        self.patient = patient
        self.called = called
        self.operation_days = operation_days
        self.left = False


class WaitingList(Generic[Patient]):
    """Patients waiting for micro-TESE, and the operating lists.

    On each list's day the patients of lowest rank, longest on the list, are operated on one after
    another, as long as a case of mean length still fits. An operation in
    progress at the end of a list is completed.

    Parameters
    ----------
    planned_days
        Planned duration of a case; it begins if this much time is left on the list.
    began
        Called with the patient and the number of the list (from 0) when an operation begins.
    """

    __slots__ = ("_began", "_calendar", "_env", "_joined", "_planned", "_queue",
                 "_turnover", "_wake", "waiting")  # fmt: skip

    def __init__(
        self,
        env: simpy.Environment,
        calendar: Calendar,
        theatre: Theatre,
        planned_days: float,
        began: Callable[[Patient, int], None],
    ) -> None:
        self._env = env
        self._calendar = calendar
        self._planned = on_grain(planned_days)
        self._turnover = on_grain(theatre.turnover_minutes / MINUTES_PER_DAY)
        self._began = began
        self._queue: list[tuple[int, float, int, Entry[Patient]]] = []
        self._joined = 0
        self.waiting = 0
        self._wake = [env.event() for _ in theatre.lists]
        for number, each in enumerate(theatre.lists):
            env.process(self._hold(number, each))

    def wait(
        self,
        patient: Patient,
        rank: int,
        operation_days: float,
        since: float,
        patience_days: float = inf,
    ) -> Waiting:
        """Wait until the operation begins; False if the patient left first.

        ``since`` is the time of joining, which orders patients of equal rank.
        """
        entry = Entry(patient, self._env.event(), operation_days)
        self._joined += 1
        heappush(self._queue, (rank, since, self._joined, entry))
        self.waiting += 1
        if self.waiting == 1:
            self._wake_lists()
        if patience_days == inf:
            yield entry.called
        else:
            left = max(0.0, since + patience_days - self._env.now)
            yield entry.called | self._env.timeout(left)
        if entry.called.triggered:
            return True
        entry.left = True
        self.waiting -= 1
        return False

    def _wake_lists(self) -> None:
        for number, wake in enumerate(self._wake):
            wake.succeed()
            self._wake[number] = self._env.event()

    def _hold(self, number: int, each: TheatreList) -> Generator[simpy.Event, Any, None]:
        """Run one operating list on each of its days, idle while no patient waits."""
        begin = on_grain(day_part(each.start))
        while True:
            if not self.waiting:
                yield self._wake[number]
            day = self._next_day(each, begin)
            yield self._env.timeout(day + begin - self._env.now)
            end = day + begin + on_grain(each.minutes / MINUTES_PER_DAY)
            while self.waiting and self._env.now + self._planned <= end + _SLACK:
                entry = self._next()
                self._began(entry.patient, number)
                entry.called.succeed()
                yield self._env.timeout(entry.operation_days + self._turnover)

    def _next_day(self, each: TheatreList, begin: float) -> int:
        """Return the next day on which the list begins in the future."""
        day = floor(self._env.now - begin) + 1
        while not self._held(each, day):
            day += 1
        return day

    def _held(self, each: TheatreList, day: int) -> bool:
        return (
            self._calendar.is_open(day)
            and self._calendar.weekday(day) == each.weekday
            and self._calendar.week(day) % each.every_weeks == each.first_week
        )

    def _next(self) -> Entry[Patient]:
        while True:
            entry = heappop(self._queue)[-1]
            if not entry.left:
                self.waiting -= 1
                return entry


def list_days(calendar: Calendar, each: TheatreList, first: int, last: int) -> int:
    """Count the days from ``first`` to ``last`` - 1 on which a list is held."""
    return sum(
        calendar.is_open(day)
        and calendar.weekday(day) == each.weekday
        and calendar.week(day) % each.every_weeks == each.first_week
        for day in range(first, last)
    )
