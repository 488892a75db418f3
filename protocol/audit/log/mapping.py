"""Mapping of a clinic's own log: columns, vocabulary, dates and numbers."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field

from protocol.reading.day_formats import DayOrder
from protocol.reading.documents import Document, parse_document, read_text

COLUMNS = (
    "patient", "date", "event", "drug", "amount", "unit", "value", "route", "known",
)  # fmt: skip
REQUIRED = ("patient", "date", "event")

DecimalMark = Literal["point", "comma"]


class LogMapping(Document):
    """A mapping file.

    ``columns`` gives the clinic's name of each column of a log, ``values`` the standard word for
    each of the clinic's words, by column. ``dates`` is the order of day and month if both are
    numbers, ``decimal`` the decimal mark; the other mark then separates thousands. ``sheet`` is the
    sheet of a workbook.
    """

    columns: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    dates: DayOrder | None = None
    decimal: DecimalMark | None = None
    sheet: str | None = None


def read_mapping(path: Path) -> LogMapping:
    """Return the content of a mapping file; every fault in it is an `InputError`."""
    return parse_document(read_text(path), LogMapping, str(path))


class _WordFile(Document):
    """The whole of ``words.yaml``."""

    columns: dict[str, tuple[str, ...]]
    events: dict[str, tuple[str, ...]]
    drugs: dict[str, tuple[str, ...]]
    units: dict[str, tuple[str, ...]]
    values: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class LogWords:
    """Words of logs by `folded` spelling, mapped to the standard word."""

    columns: dict[str, str]
    events: dict[str, str]
    drugs: dict[str, str]
    units: dict[str, str]
    values: dict[str, str]


@cache
def log_words() -> LogWords:
    """Return the words that are read without a mapping file."""
    path = resources.files("protocol") / "audit" / "log" / "words.yaml"
    file = parse_document(path.read_text(encoding="utf-8"), _WordFile, "words.yaml")
    return LogWords(
        columns=_by_spelling(file.columns),
        events=_by_spelling(file.events),
        drugs=_by_spelling(file.drugs),
        units=_by_spelling(file.units),
        values=_by_spelling(file.values),
    )


def _by_spelling(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {
        folded(spelling): word
        for word, spellings in words.items()
        for spelling in (word, *spellings)
    }


def folded(text: str) -> str:
    """Return a word without capitals, blanks, dots, dashes and underscores, which do not matter.

    >>> folded("I.U."), folded("Micro-TESE"), folded("Patient_ID ")
    ('iu', 'microtese', 'patientid')
    """
    return "".join(letter for letter in text.casefold() if letter not in " .-_\u00a0")
