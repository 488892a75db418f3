"""Types of options: finite numbers, percentages with their sign, dates, `NAME=VALUE`."""

import datetime as dt
import math
from collections.abc import Callable, Collection
from typing import Any

import click

from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.errors import InputError
from protocol.reading.numbers import number_of, read_number, shown


class _Finite:
    """Refuses ``nan`` and ``inf``, which click accepts in any range, and ambiguous commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a finite number."""
        number = value if isinstance(value, int | float) else read_number(value, _name(param), "")
        return super().convert(number, param, ctx)  # type: ignore[misc]  # a mixin of click's types


class Number(_Finite, click.types.FloatParamType):
    """A finite number as the type of an option."""


class NumberRange(_Finite, click.FloatRange):
    """A finite number within limits as the type of an option."""


class Percent(click.types.FloatParamType):
    """A percentage between 0 and 100 %, written with its sign; the value is a probability.

    ``0.3`` might mean 30 % or 0.3 %, so a number without the sign is refused.
    """

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return ``30%`` as 0.3."""
        if isinstance(value, float):  # a default
            return value
        option, text = _name(param), value.strip()
        number = read_number(text.removesuffix("%").rstrip(), option, "")
        if not text.endswith("%"):
            raise InputError.of(option, "", f"{shown(text)} has no percent sign", _readings(number))
        if not 0 < number < 100:
            cure = "give a percentage above 0% and below 100%"
            raise InputError.of(option, "", f"{shown(text)} is not allowed", cure)
        return number / 100


def _readings(number: float) -> str:
    """Return the possible meanings of a number without a sign, correctly written."""
    if 0 < number < 1:
        return f"write {number * 100:.10g}% (the probability {number:.10g}) or {number:.10g}%"
    if 1 <= number < 100:
        return f"write {number:.10g}% (the probability {number / 100:.10g})"
    return "write a percentage above 0% and below 100%, such as 30%"


class SeveralOf(click.Choice[str]):
    """Words separated by commas as the type of an option, each once, in fixed order.

    Words added to the registry later are allowed as well.
    """

    def __init__(self, words: Collection[str]) -> None:
        super().__init__(list(words))
        self._registry = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the words as a tuple."""
        self.choices = tuple(self._registry)
        given = {
            super(SeveralOf, self).convert(each.strip(), param, ctx) for each in value.split(",")
        }
        return tuple(word for word in self.choices if word in given)


class Date(click.DateTime):
    """A date as the type of an option, within the years that files may name too."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dt.datetime:
        """Return the day at midnight."""
        given: dt.datetime = super().convert(value, param, ctx)
        if not FIRST_YEAR <= given.year <= LAST_YEAR:
            cure = f"give a date in the years {FIRST_YEAR} to {LAST_YEAR}"
            raise InputError.of(_name(param), "", f"{given.date()} is not allowed", cure)
        return given


def _name(param: click.Parameter | None) -> str:
    return param.opts[0] if param else "value"


def to_number(text: str) -> float:
    """Return the finite number of a text in decimal digits.

    Raises
    ------
    ValueError
        For anything else that `float` accepts: ``nan``, ``inf``, ``1_000``, digits of other
        scripts.

    >>> to_number(" -1.5e3 ")
    -1500.0
    """
    number = number_of(text)
    if number is None or not math.isfinite(number):
        raise ValueError("not a number")
    return number


def comma_numbers(text: str, option: str) -> tuple[float, ...]:
    """Return the comma-separated numbers of a text.

    >>> comma_numbers("0.5,0.75,1", "--information")
    (0.5, 0.75, 1.0)
    """
    try:
        return tuple(to_number(part) for part in text.split(","))
    except ValueError:
        cure = "give numbers with commas between them"
        raise InputError.of(option, "", f"{shown(text)} is not understood", cure) from None


def pairs_of(option: str, words: tuple[str, ...], example: str) -> dict[str, str]:
    """Return ``NAME=WORD`` words by name; ``example`` shows one in the message.

    >>> pairs_of("--map", ("patient=ID",), "patient=ID")
    {'patient': 'ID'}
    """
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not (name and equals and value):
            problem = f"{shown(word)} is not understood"
            raise InputError.of(option, "", problem, f"write it as in {example}")
        if name in pairs:
            raise InputError.of(option, name, "it is repeated", "give it once")
        pairs[name] = value
    return pairs


def number_pairs(
    example: str,
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, float]]:
    """Return the callback of an option that takes ``NAME=NUMBER`` words: numbers by name."""

    def callback(
        _: click.Context, param: click.Parameter, words: tuple[str, ...]
    ) -> dict[str, float]:
        option = _name(param)
        pairs = pairs_of(option, words, example)
        return {name: read_number(text, option, name) for name, text in pairs.items()}

    return callback


def percent_pairs(
    example: str,
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, float]]:
    """Return the callback of an option that takes ``NAME=PERCENT`` words: probabilities by name."""

    def callback(
        context: click.Context, param: click.Parameter, words: tuple[str, ...]
    ) -> dict[str, float]:
        pairs = pairs_of(_name(param), words, example)
        kind = Percent()
        return {name: kind.convert(text, param, context) for name, text in pairs.items()}

    return callback
