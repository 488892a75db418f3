"""Days counted from a date, at the ends of the calendar too (years 1 to 9999)."""

import datetime as dt

from protocol.errors import InputError

#: Years for which time zones, calendar programs and event logs are reliable.
FIRST_YEAR, LAST_YEAR = 1900, 2199

#: A month of therapy.
MONTH_DAYS = 30

MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_from(date: dt.date, days: int, where: str) -> dt.date:
    """Return the date that is ``days`` after another, or before it if negative.

    Raises
    ------
    InputError
        The calendar has no such day; ``where`` names the date in the message.
    """
    try:
        return date + dt.timedelta(days=days)
    except OverflowError:
        end = "beginning" if days < 0 else "end"
        problem = f"{date} is less than {abs(days)} days from the {end} of the calendar"
        raise InputError.of(where, "", problem, "give a date in the years 100 to 9900") from None


def spoken_date(date: dt.date) -> str:
    """Return a date as it is usually written, whatever the locale.

    >>> spoken_date(dt.date(2022, 4, 1))
    '1 Apr 2022'
    """
    return f"{short_date(date)} {date.year}"


def short_date(date: dt.date) -> str:
    """Return the day and month of a date, such as ``1 Apr``."""
    return f"{date.day} {MONTH_NAMES[date.month - 1]}"


def nearest_day(date: dt.date, days: int) -> dt.date:
    """Return the date ``days`` later, or the end of the calendar if there is none.

    >>> nearest_day(dt.date(9999, 12, 30), 5), nearest_day(dt.date(1, 1, 3), -5)
    (datetime.date(9999, 12, 31), datetime.date(1, 1, 1))
    """
    return date_of(date.toordinal() + days)


def date_of(ordinal: int) -> dt.date:
    """Return the date of an ordinal, or the nearest end of the calendar if it lies outside."""
    return dt.date.fromordinal(min(max(ordinal, 1), dt.date.max.toordinal()))
