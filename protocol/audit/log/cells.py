"""Cells of a log: numbers, doses and units as clinics write them; ambiguous cells are refused."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from protocol.audit.log.mapping import DecimalMark, folded, log_words
from protocol.reading.numbers import (
    cure_of,
    has_decimal_comma,
    lone_number,
    may_be_thousands,
    without_thousands,
)
from protocol.reading.quantities import analyte_file

#: Digits in groups of three separated by blanks, apostrophes or underscores: thousands.
_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ '’_\u00a0\u2009\u202f]\d{3})+(?:[.,]\d+)?")
_SPACES = re.compile(r"[ '’_\u00a0\u2009\u202f]")
_OTHER_UNITS = {"ie": "iu", "mie": "miu", "ui": "iu", "mui": "miu"}
_BEYOND: dict[str, Literal["<", ">"]] = {"<": "<", "≤": "<", ">": ">", "≥": ">"}


@dataclass(slots=True)
class Amounts:
    """Numbers of one log.

    ``free``: commas do not separate columns; ``decimal`` is the decimal mark if it is given.
    ``assumed`` lists the assumptions by subject.
    """

    free: bool
    decimal: DecimalMark | None
    assumed: dict[str, str] = field(default_factory=dict)

    def number(self, text: str, place: str) -> float | None:
        """Return the number of a cell; None if it is not a number or is ambiguous."""
        plain = _with_ascii_digits(text)
        if plain != text:
            self.assumed.setdefault("digits", f"{text} ({place}) is read as {plain}")
        if self.decimal is not None:
            return _by_mark(
                _SPACES.sub("", plain) if _SPACED.fullmatch(plain) else plain, self.decimal
            )
        if has_decimal_comma(plain) and not may_be_thousands(plain):
            self.assumed.setdefault("comma", "decimal commas are read in amounts")
            return float(plain.replace(",", "."))
        value = lone_number(plain, free=self.free)
        if value is None and not may_be_thousands(plain) and (whole := without_thousands(plain)):
            self.assumed.setdefault("thousands", f"{text} ({place}) is read as {whole}")
            return float(whole)
        return value

    def cure(self, text: str) -> str:
        """Return what to do about a cell that is not a number."""
        cure = cure_of(_with_ascii_digits(text))
        if may_be_thousands(text):
            return f"{cure}; or give `decimal`: point or comma"
        return cure


def _by_mark(text: str, decimal: DecimalMark) -> float | None:
    """Return the number of a text whose decimal mark is known; the other mark separates thousands.

    >>> _by_mark("2.000", "comma"), _by_mark("2.000", "point"), _by_mark("9,8", "comma")
    (2000.0, 2.0, 9.8)
    """
    point, comma = (".", ",") if decimal == "point" else (",", ".")
    whole, _, rest = text.partition(point)
    groups = whole.split(comma)
    grouped = all(len(group) == 3 and group.isdigit() for group in groups[1:])
    if comma in rest or not grouped:
        return None
    return lone_number("".join(groups) + ("." if rest else "") + rest, free=False)


def _with_ascii_digits(text: str) -> str:
    """Return the text with decimal digits of any script replaced by ASCII digits."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text
    )


def beyond_detection(text: str) -> tuple[Literal["", "<", ">"], str]:
    """Return the qualifier of a result ("" if none) and its number as text.

    >>> beyond_detection("<0.3"), beyond_detection("> 200"), beyond_detection("9.8")
    (('<', '0.3'), ('>', '200'), ('', '9.8'))
    """
    mark = _BEYOND.get(text[:1])
    return (mark, text[1:].lstrip("= ")) if mark else ("", text)


def is_international_units(unit: str) -> bool:
    """Whether a unit of a dose means international units.

    >>> is_international_units("I.U."), is_international_units("IE"), is_international_units("mg")
    (True, True, False)
    """
    return log_words().units.get(folded(unit).strip("[]")) == "IU"


def unit_of(text: str) -> str:
    """Return the known spelling of a unit of measurement, or the text if there is none.

    >>> unit_of("I.E./l"), unit_of("NMOL/L"), unit_of("ng per mL")
    ('[IU]/L', 'nmol/L', 'ng per mL')
    """
    known = analyte_file()
    if text in known.units or text in known.aliases:
        return text
    key = folded(text)
    head, slash, tail = key.partition("/")
    return _units().get(_OTHER_UNITS.get(head, head) + slash + tail, text)


@cache
def _units() -> dict[str, str]:
    """Return every unit by its folded spelling, without those that two units share."""
    known = analyte_file()
    spelt: dict[str, set[str]] = {}
    for spelling, unit in [*((unit, unit) for unit in known.units), *known.aliases.items()]:
        spelt.setdefault(folded(spelling), set()).add(unit)
    return {spelling: min(units) for spelling, units in spelt.items() if len(units) == 1}
