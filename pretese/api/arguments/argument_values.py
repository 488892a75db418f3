"""Dates, times, texts and paths that are given as arguments: checked, and named in messages."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.errors import InputError
from protocol.shorten import shorten


def day_of(value: Any, argument: str) -> dt.date:
    """Return a date that is given as one, as ISO text, or as a timestamp without its time.

    >>> day_of("2022-03-31", "on")
    datetime.date(2022, 3, 31)
    """
    day = value.date() if isinstance(value, dt.datetime) else value
    if isinstance(value, str):
        try:
            day = dt.datetime.strptime(value, "%Y-%m-%d").date()
        except ValueError:
            day = None
    if not isinstance(day, dt.date) or day != day:  # pandas' NaT is not a date equal to itself
        problem = f"{shorten(value)} is not a date"
        raise InputError.of(argument, "", problem, "give a date, or text such as '2022-03-31'")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        cure = f"give a date in the years {FIRST_YEAR} to {LAST_YEAR}"
        raise InputError.of(argument, "", f"{day} is not allowed", cure)
    return day


def time_of(value: Any, argument: str) -> dt.time:
    """Return a time of day that is given as one, or as text such as ``08:30``."""
    if isinstance(value, str):
        try:
            return dt.datetime.strptime(value, "%H:%M").time()
        except ValueError:
            pass
    if isinstance(value, dt.time):
        return value
    problem = f"{shorten(value)} is not a time of day"
    raise InputError.of(argument, "", problem, "give a time, or text such as '08:30'")


def text_of(value: Any, argument: str, example: str) -> str:
    """Return a text; ``example`` shows one in the message."""
    if isinstance(value, str):
        return value
    raise InputError.of(
        argument, "", f"{shorten(value)} is not a text", f"give text, such as {example}"
    )


def choice_of(value: Any, argument: str, allowed: Iterable[str]) -> str:
    """Return a text that is one of those allowed.

    >>> choice_of("csv", "format", ("csv", "parquet"))
    'csv'
    """
    names = tuple(allowed)
    if isinstance(value, str) and value in names:
        return value
    problem = f"{shorten(value)} is not allowed"
    raise InputError.of(argument, "", problem, f"take one of: {', '.join(names)}")


def texts_of(value: Any, argument: str, example: str) -> tuple[str, ...]:
    """Return one text, or several of a sequence."""
    several = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return tuple(text_of(each, argument, example) for each in (value if several else (value,)))


def words_of(value: Any, argument: str, example: str) -> list[str]:
    """Return words; one text may hold several, separated by commas.

    >>> words_of("hcg, hcg-ufsh", "decisions", "'hcg'")
    ['hcg', 'hcg-ufsh']
    """
    texts = texts_of(value, argument, example)
    several = (word.strip() for text in texts for word in text.split(","))
    return [word for word in several if word]


def path_of(value: Any, argument: str) -> Path:
    """Return the path of a file that is given as one or as text."""
    if isinstance(value, str | Path):
        return Path(value)
    problem = f"{shorten(value)} is not a path"
    raise InputError.of(argument, "", problem, "give the path of a file")
