"""Opening days of a clinic and their appointments. Days count from 0, the opening day."""

import datetime as dt
from collections.abc import Iterable, Mapping
from math import floor

from simulate.clinic.setup.durations import on_grain
from simulate.clinic.setup.time_units import MINUTES_PER_DAY, WEEKDAYS, Weekday

DAYS_PER_WEEK = 7
#: Number of booked days kept before past ones are discarded.
DAYS_HELD = 4096


class Calendar:
    """Calendar of weekdays and holidays of a clinic from its opening date."""

    __slots__ = ("_closed", "_first", "opens")

    def __init__(self, opens: dt.date, holidays: Iterable[dt.date] = ()) -> None:
        self.opens = opens
        self._first = opens.weekday()
        self._closed = frozenset((day - opens).days for day in holidays)

    def weekday(self, day: int) -> Weekday:
        """Return the name of the weekday.

        >>> Calendar(dt.date(2026, 1, 5)).weekday(8)
        'tuesday'
        """
        return WEEKDAYS[(self._first + day) % DAYS_PER_WEEK]

    def week(self, day: int) -> int:
        """Return the number of the calendar week, 0 for that of the opening day."""
        return (self._first + day) // DAYS_PER_WEEK

    def is_open(self, day: int) -> bool:
        """Return whether the clinic is open: from day 0, and not on a holiday."""
        return day >= 0 and day not in self._closed


class Slots:
    """Appointments by weekday, booked in advance in order of request.

    Parameters
    ----------
    capacity
        Slots on each weekday; None means no limit and no waiting.
    kept
        Slots of each day that `book` gives only to follow-ups.
    first, minutes
        Time of day of the first slot as a part of the day, and the length of each.

    Attributes
    ----------
    unlimited
        Whether there is no limit.
    """

    __slots__ = ("_booked", "_by_weekday", "_calendar", "_first", "_full_before", "_kept", "length",
                 "unlimited")  # fmt: skip

    def __init__(
        self,
        calendar: Calendar,
        capacity: Mapping[Weekday, int] | None,
        *,
        kept: int = 0,
        first: float = 0.0,
        minutes: float = 0.0,
    ) -> None:
        self._calendar = calendar
        self._by_weekday = dict(capacity) if capacity is not None else None
        self.unlimited = capacity is None
        self._kept = kept
        self._first = on_grain(first)
        self.length = on_grain(minutes / MINUTES_PER_DAY)
        self._booked: dict[int, list[int]] = {}
        self._full_before = [0, 0]

    def offered(self, day: int) -> int:
        """Return how many slots a day has."""
        if self._by_weekday is None or not self._calendar.is_open(day):
            return 0
        return self._by_weekday.get(self._calendar.weekday(day), 0)

    def book(self, now: float, due: float, *, follow_up: bool = True) -> float:
        """Take the first free slot on or after the day ``due`` that is later than today.

        Returns ------- When the slot begins.
        """
        if self._by_weekday is None:
            return max(now, due)
        if len(self._booked) > DAYS_HELD:
            self._booked = {day: booked for day, booked in self._booked.items() if day > now}
        begins = self.first_free(now, due, follow_up=follow_up)
        self._booked[floor(begins)][int(follow_up)] += 1
        return begins

    def first_free(self, now: float, due: float, *, follow_up: bool = True) -> float:
        """Return when the slot that `book` would take begins."""
        if self._by_weekday is None:
            return max(now, due)
        day = max(floor(now) + 1, floor(due), 0)
        kind = int(follow_up)
        asked = day
        if asked <= floor(now) + 1:
            day = max(day, self._full_before[kind])
        while not self._is_free(day, kind):
            day += 1
        if asked <= floor(now) + 1:
            self._full_before[kind] = day  # every open day from tomorrow up to here is full
        booked = self._booked.setdefault(day, [0, 0])
        return day + self._first + sum(booked) * self.length

    def _is_free(self, day: int, kind: int) -> bool:
        offered = self.offered(day)
        first, follow = self._booked.get(day, (0, 0))
        if first + follow >= offered:
            return False
        return bool(kind) or first < offered - self._kept
