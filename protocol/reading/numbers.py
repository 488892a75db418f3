"""Numbers as usually written: read if they are unambiguous, refused with a correction otherwise.

A comma may separate thousands or decimals. The reader does not guess: ``1,234`` is refused, so that
no dose or measurement is wrong by a factor of 1,000.
"""

import math
import re
from contextlib import suppress
from numbers import Rational, Real
from typing import Any

from protocol.errors import InputError

_PLAIN = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+(?:[eE][+-]?[0-9]+)?")
#: One to three digits, then groups of three: thousands, or a decimal with three places.
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+")
_POINTS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")
_ENGLISH = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+")
_GERMAN = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+")
_SPACED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[ '’_\u00a0\u2009\u202f][0-9]{3})+(?:[.,][0-9]+)?")
_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?:[T ].*)?")
#: Words that `float` reads as numbers; callers that need a finite number refuse them.
_INFINITE = {"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}

#: Larger numbers in a file cannot describe a patient.
MAX_FACT = 1e9

#: Longer cells are shown shortened.
_SHOWN = 60


def is_plain(text: str) -> bool:
    """Whether a text is a number with a decimal point or none, such as ``9.8``, ``-3`` or ``1e5``.

    >>> is_plain("9.8"), is_plain("1,234"), is_plain("1_000"), is_plain("nan")
    (True, False, False, False)
    """
    return _PLAIN.fullmatch(text) is not None


def number_of(text: str) -> float | None:
    """Return a plain number or an infinite one; None if the text is neither.

    >>> number_of(" 9.8 "), number_of("inf"), number_of("9,8")
    (9.8, inf, None)
    """
    text = text.strip()
    return float(text) if is_plain(text) or text.lower() in _INFINITE else None


def lone_number(text: str, *, free: bool) -> float | None:
    """Return the number of a cell on its own; None if it is not a number or is ambiguous.

    ``free``: commas do not separate columns of the file, so that a comma may be a decimal mark, and
    a comma or point may separate thousands.

    >>> lone_number("9,8", free=True), lone_number("2.000", free=True)
    (9.8, None)
    >>> lone_number("9,8", free=False)
    """
    text = text.strip()
    if free and may_be_thousands(text):
        return None
    if free and has_decimal_comma(text):
        text = text.replace(",", ".")
    return number_of(text)


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number with one comma, which separates its decimals or its thousands.

    >>> has_decimal_comma("9,8"), has_decimal_comma("1,234"), has_decimal_comma("1,234,567")
    (True, True, False)
    """
    return _COMMA.fullmatch(text) is not None


def may_be_thousands(text: str) -> bool:
    """Whether a comma or point may separate thousands as well as decimals.

    >>> may_be_thousands("1,234"), may_be_thousands("1.234"), may_be_thousands("0,234")
    (True, True, False)
    """
    return bool(_THOUSANDS.fullmatch(text) or _POINTS.fullmatch(text))


def shown(text: str) -> str:
    """Return a cell in quotes as messages show it: control characters escaped, its end cut."""
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")


def plain_value(value: Any) -> Any:
    """Return a number of any type as the float with the same digits; other values unchanged.

    A number that is not binary floating point, such as a `decimal.Decimal`, and one of less than
    double precision become the float of the same digits.

    >>> from decimal import Decimal
    >>> plain_value(Decimal("11.1")) == 11.1, plain_value(3), plain_value("no sperm")
    (True, 3.0, 'no sperm')
    """
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Rational):
        with suppress(OverflowError):
            return float(value)
        return value
    from decimal import Decimal

    if isinstance(value, Decimal | Real):
        number = number_of(str(value))
        return float(value) if number is None else number
    return value


def cure_of(text: str, otherwise: str = "give a number with a decimal point, such as 9.8") -> str:
    """Return the correction of a text that is not a number.

    >>> cure_of("1,234")
    'write 1234 or 1.234: its comma may separate thousands or decimals'
    >>> cure_of("12,5")
    'write a decimal point, not a comma: 12.5'
    >>> cure_of("1,234.5")
    'write it without separators of thousands: 1234.5'
    """
    text = text.strip()
    beyond = is_plain(text) and math.isinf(float(text))
    if beyond or text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return "give a finite number"
    if may_be_thousands(text):
        mark = "comma" if "," in text else "point"
        whole = text.replace(",", "").replace(".", "")
        if max(text.count(","), text.count(".")) > 1:
            return f"write it without separators of thousands: {whole}"
        decimal = text.replace(",", ".")
        return f"write {whole} or {decimal}: its {mark} may separate thousands or decimals"
    if has_decimal_comma(text):
        return f"write a decimal point, not a comma: {text.replace(',', '.')}"
    if plain := without_thousands(text):
        return f"write it without separators of thousands: {plain}"
    if text[:1] in ("<", ">", "≤", "≥"):
        return "write a number for what is beyond a limit of detection, or leave the cell empty"
    if _DATE.fullmatch(text):
        return "a date is not a number: give days or years, or leave the column out"
    return otherwise


def without_thousands(text: str) -> str:
    """Return the plain number of a text with separated thousands; "" for any other text."""
    if _ENGLISH.fullmatch(text):
        return text.replace(",", "")
    if _GERMAN.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    if _SPACED.fullmatch(text):
        return re.sub(r"[ '’_\u00a0\u2009\u202f]", "", text).replace(",", ".")
    return ""


def read_number(text: str, where: str, field: str) -> float:
    """Return a finite number from typed text.

    Raises
    ------
    InputError
        Naming ``where`` and ``field``, with the number that was probably meant.

    Examples
    --------
    >>> read_number("9.8", "pretese decide", "--fsh")
    9.8
    """
    value = number_of(text)
    if value is None or value in (float("inf"), float("-inf")):
        raise InputError.of(where, field, f"{shown(text)} is not a number", cure_of(text))
    return value
