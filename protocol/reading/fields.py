"""Types of single fields of a file, bounded by the models that use them: numbers, dates, names."""

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.reading.numbers import MAX_FACT

#: First and last day that a file may name, so that days can be added without overflow.
FIRST_DAY, LAST_DAY = dt.date(FIRST_YEAR, 1, 1), dt.date(LAST_YEAR, 12, 31)

#: Days of a hundred years.
CENTURY_DAYS = 36_525

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def as_number(value: Any) -> Any:
    """Refuse values that pydantic would convert to a number: true, false, and text."""
    if isinstance(value, bool):
        raise ValueError("true and false are not numbers; write a number")
    if isinstance(value, str):
        raise ValueError("this is text; write a number, without quotes, spaces or underscores")
    return value


def _as_date(value: Any) -> Any:
    """Read text as a date; refuse numbers, which pydantic would read as seconds since 1970."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError("there is no such day; write a date as 2022-03-30") from None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    raise ValueError("this is not a date; write one as 2022-03-30")


def _in_range(day: dt.date) -> dt.date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"give a date from {FIRST_DAY} to {LAST_DAY}")
    return day


def _as_word(value: Any) -> Any:
    """Read a bare number, and bare ``true`` and ``false``, as the word that was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, int | float) else value


def _as_fact(value: Any) -> Any:
    """Read bare ``true`` and ``false`` as words; a number stays one; refuse all else."""
    if isinstance(value, bool):
        return _as_word(value)
    if not isinstance(value, int | float | str):
        raise ValueError("write a number or a name")
    return value


#: A number that is written as one. Every use gives its bounds.
Number = Annotated[float, BeforeValidator(as_number)]

#: A whole number that is written as a number. Every use gives its bounds.
Whole = Annotated[int, BeforeValidator(as_number)]

#: A day of the calendar, written as 2022-03-30.
Day = Annotated[dt.date, BeforeValidator(_as_date), AfterValidator(_in_range)]

#: The name that a file gives itself; it becomes part of the names of output files.
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)]

#: Seed of random numbers.
Seed = Annotated[Whole, Field(ge=0, lt=2**64)]

#: The name of an entry of a file.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][_a-z0-9-]*$", max_length=80)]
#: A text; a bare number, ``true`` or ``false`` is read as the word that was written.
Word = Annotated[
    str,
    BeforeValidator(_as_word, json_schema_input_type=str | float),
    StringConstraints(min_length=1),
]
#: A number, or a name.
Fact = Annotated[
    Annotated[float, Field(ge=-MAX_FACT, le=MAX_FACT)] | str, BeforeValidator(_as_fact)
]
#: A text that is not empty.
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
