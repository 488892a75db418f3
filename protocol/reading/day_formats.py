"""Dates of a table as clinics and programs write them; ambiguous dates are refused.

ISO 8601 dates, times and weeks, ``1 Mar 2022`` and ``2022/03/01`` are unambiguous. ``01/03/2022``
may be 1 March or January 3, so a column of these dates is read only if one of them is unambiguous
(``13/03/2022``) or if the order is given.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from protocol.errors import Fault
from protocol.reading.numbers import shown

#: Order of day and month if both numbers could be a month.
DayOrder = Literal["dd/mm/yyyy", "mm/dd/yyyy"]
DAY_ORDERS: tuple[DayOrder, ...] = get_args(DayOrder)

_TIME = (
    r"(?:(?:T|,? +)(\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?) *(Z|[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}")
_BASIC = re.compile(r"((?:19|20|21)\d{2})(\d{2})(\d{2})(?:T(\d{4}(?:\d{2})?)(Z)?)?")
_WEEK = re.compile(r"\d{4}-?W\d{2}-?\d")
_NUMBERS = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}")
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?")
_DAY_MONTH = re.compile(rf"(\d{{1,2}})[ .-]*([A-Za-zäé]{{3,9}})[ .,-]*(\d{{4}}){_TIME}")
_MONTH_DAY = re.compile(rf"([A-Za-zäé]{{3,9}})[ .]*(\d{{1,2}})(?:st|nd|rd|th)?,? +(\d{{4}}){_TIME}")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d+))?")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2}(?: .*)?")

#: Day 0 of spreadsheets, which count the non-existent 29 February 1900.
_SERIAL_0 = dt.date(1899, 12, 30).toordinal()
#: Day numbers of the years 1970 to 2099.
_SERIALS = range(25_569, 73_051)

#: Month names in English and German, by their first letters.
_MONTHS = (
    ("jan",), ("feb",), ("mar", "mär"), ("apr",), ("may", "mai"), ("jun",), ("jul",), ("aug",),
    ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez"),
)  # fmt: skip


@dataclass(slots=True)
class DayColumn:
    """The dates of one column: values read, assumptions made, and cells that cannot be read.

    `read` returns a proleptic ordinal; or a negative number for a date whose order is not known
    yet, which `settled` turns into an ordinal when the whole column has been read. `known` holds
    the cells that were read.
    """

    order: DayOrder | None = None
    assumed: dict[str, str] = field(default_factory=dict)
    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    _open: list[tuple[int, int, int, int]] = field(default_factory=list)

    def read(self, text: str, row: int) -> tuple[int, str]:
        """Return the day of a cell and its time of day, "" if it has none.

        Raises
        ------
        ValueError
            It is not a date; the message tells what to do.
        """
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = self._read(text, row)
        return found

    def _read(self, text: str, row: int) -> tuple[int, str]:
        if match := _ISO.fullmatch(text):
            year, _, month, day, time, zone = match.groups()
            if zone:
                self.assumed.setdefault("zone", f"{text} (row {row}): the local date is taken")
            return _ordinal(year, month, day), time or ""
        if match := _NUMBERS.fullmatch(text):
            return self._numbers(match, text, row)
        if match := _SERIAL.fullmatch(text):
            return self._serial(match, text, row)
        return self._spelt(text, row)

    def _numbers(self, match: re.Match[str], text: str, row: int) -> tuple[int, str]:
        first, mark, second, year, time, _ = match.groups()
        a, b = int(first), int(second)
        if mark == ".":
            if self.order == "mm/dd/yyyy":
                return _ordinal(year, first, second), time or ""
            self.assumed.setdefault("dots", f"{text} (row {row}) is read with the day first")
            return _ordinal(year, second, first), time or ""
        if self.order is not None:
            day_first = self.order == "dd/mm/yyyy"
            return _ordinal(year, *((second, first) if day_first else (first, second))), time or ""
        _ordinal(year, *((second, first) if b <= 12 else (first, second)))
        self._open.append((row, a, b, int(year)))
        return -len(self._open), time or ""

    def _serial(self, match: re.Match[str], text: str, row: int) -> tuple[int, str]:
        days = int(match[1])
        if days not in _SERIALS:
            raise ValueError("write year-month-day, such as 2022-03-31")
        date = dt.date.fromordinal(_SERIAL_0 + days)
        self.assumed.setdefault(
            "serial", f"{text} (row {row}) is read as a day number of Excel, {date}"
        )
        return _SERIAL_0 + days, ""

    def _spelt(self, text: str, row: int) -> tuple[int, str]:
        if match := _BASIC.fullmatch(text):
            return _ordinal(*match.groups()[:3]), match[4] or ""
        if _WEEK.fullmatch(text):
            date = dt.date.fromisoformat(text)
            self.assumed.setdefault("week", f"{text} (row {row}) is read as {date}")
            return date.toordinal(), ""
        if match := _CHINESE.fullmatch(text):
            return _ordinal(*match.groups()), ""
        if match := _DAY_MONTH.fullmatch(text):
            return _ordinal(match[3], _month(match[2]), match[1]), match[4] or ""
        if match := _MONTH_DAY.fullmatch(text):
            return _ordinal(match[3], _month(match[1]), match[2]), match[4] or ""
        if _SHORT_YEAR.fullmatch(text):
            raise ValueError("write the year with four digits, such as 2022-03-31")
        raise ValueError("write year-month-day, such as 2022-03-31")

    def faults(self, where: str, name: str) -> Iterator[Fault]:
        """Yield why the order of day and month is uncertain; set the order if it is certain."""
        day_first = next((each for each in self._open if each[1] > 12), None)
        month_first = next((each for each in self._open if each[2] > 12), None)
        doubtful = next((each for each in self._open if each[1] != each[2]), None)
        if day_first and month_first:
            problem = f"{_text(day_first)} begins with the day, {_text(month_first)} with the month"
            cure = "write all dates as year-month-day"
            yield Fault(where, f"row {month_first[0]}: {name}", problem, cure)
        elif day_first or month_first:
            decisive = day_first or month_first
            self.order = "dd/mm/yyyy" if day_first else "mm/dd/yyyy"
            if decisive:
                can = f"as {_text(decisive)} (row {decisive[0]}) can only be"
                self.assumed["order"] = f"dates are read as {self.order}, {can}"
        elif doubtful:
            row, a, b, year = doubtful
            problem = (
                f"{shown(_text(doubtful))} may be {year}-{b:02}-{a:02} or {year}-{a:02}-{b:02}"
            )
            cure = f"give `dates`: {' or '.join(DAY_ORDERS)}; or write year-month-day"
            yield Fault(where, f"row {row}: {name}", problem, cure)

    def settled(self, day: int) -> int:
        """Return the ordinal of a value returned by `read`, after `faults` found none."""
        if day >= 0:
            return day
        _, a, b, year = self._open[-day - 1]
        month, of_month = (a, b) if self.order == "mm/dd/yyyy" else (b, a)
        return dt.date(year, month, of_month).toordinal()

    @property
    def undecided(self) -> bool:
        """Whether some dates have to be settled."""
        return bool(self._open)


def _text(numbers: tuple[int, int, int, int]) -> str:
    _, a, b, year = numbers
    return f"{a:02}/{b:02}/{year}"


def _ordinal(year: str, month: str | int, day: str) -> int:
    try:
        return dt.date(int(year), int(month), int(day)).toordinal()
    except ValueError:
        raise ValueError("the calendar has no such day: write year-month-day") from None


def _month(word: str) -> int:
    for number, names in enumerate(_MONTHS, start=1):
        if word.lower().startswith(names):
            return number
    raise ValueError("write year-month-day, such as 2022-03-31")
