"""The days on which the months of therapy begin: of 30 days, of the calendar, or by visits."""

import datetime as dt
from calendar import monthrange
from collections.abc import Mapping, Sequence

from protocol.audit.log.events import Event
from protocol.dates import MONTH_DAYS, date_of
from protocol.regimen.rules import Regimen


def month_starts(start: int, months: int, *, calendar: bool) -> tuple[int, ...]:
    """Return the first day of each month, and the day on which the last one ends.

    A calendar month begins on the day of the month on which therapy began, or on the month's last
    day if it has no such day.
    """
    if not calendar:
        return tuple(MONTH_DAYS * month for month in range(months + 1))
    first = date_of(start)
    return tuple(_months_later(first, month).toordinal() - start for month in range(months + 1))


def starts_by_visits(
    start: int, named: Mapping[str, Sequence[Event]], regimen: Regimen
) -> tuple[int, ...]:
    """Return the first day of each month if a month begins with the visit that is due.

    A visit up to half a month late begins it; without one it begins after 30 days.

    Parameters
    ----------
    start
        The date of day 0 (proleptic ordinal).
    named
        The patient's events by name.
    """
    ends = (visit for visit in regimen.visits.values() if visit.when == "end of each month")
    tests = {name for visit in ends for name in visit.measure}
    days = sorted({event.date - start for name in tests for event in named.get(name, ())})
    starts = [0]
    for _ in range(regimen.months + 1):
        due = starts[-1] + MONTH_DAYS
        starts.append(next((day for day in days if due <= day < due + MONTH_DAYS // 2), due))
    return tuple(starts)


def _months_later(date: dt.date, months: int) -> dt.date:
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month + 1, min(date.day, monthrange(year, month + 1)[1]))
