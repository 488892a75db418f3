"""Options that several commands share."""

import datetime as dt
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from pretese.screen.terminal import echo
from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.errors import InputError
from protocol.reading.numbers import number_of, read_number

regimen_option = click.option(
    "--regimen",
    default="fsh-guided",
    show_default=True,
    help="A shipped regimen, or the path of your own.",
)
json_option = click.option(
    "--json", "as_document", is_flag=True, help="One JSON document on standard output."
)
set_option = click.option(
    "--set",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value of a parameter, in its declared unit. May be repeated.",
)


#: A command, or the function that is to become one.
Command = TypeVar("Command", bound=Callable[..., Any])

#: Largest seed: it fits the whole numbers of every format that we write.
MAX_SEED = 2**63 - 1


class _Finite:
    """Refuses ``nan`` and ``inf``, which every range of click's holds, and ambiguous commas."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the finite number that was given."""
        option = param.opts[0] if param else "number"
        number = value if isinstance(value, int | float) else read_number(str(value), option, "")
        return super().convert(number, param, ctx)  # type: ignore[misc]  # a mixin of click's types


class Number(_Finite, click.types.FloatParamType):
    """A finite number as the type of an option."""


class NumberRange(_Finite, click.FloatRange):
    """A finite number within limits as the type of an option."""


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
            option = param.opts[0] if param else "date"
            cure = f"give a date in the years {FIRST_YEAR} to {LAST_YEAR}"
            raise InputError.of(option, "", f"{given.date()} is not allowed", cure)
        return given


def seed_option(
    default: int | None = 1, words: str = "Base seed of all random numbers."
) -> Callable[[Command], Command]:
    """Return ``--seed``, the same in every command; without a default it is None."""
    return click.option(
        "--seed",
        type=click.IntRange(0, MAX_SEED),
        default=default,
        show_default=default is not None,
        help=words,
    )


def to_number(text: str) -> float:
    """Return the finite number that a text writes in decimal digits.

    Raises
    ------
    ValueError
        For anything else that `float` reads: ``nan``, ``inf``, ``1_000``, digits of other scripts.

    >>> to_number(" -1.5e3 ")
    -1500.0
    """
    number = number_of(text)
    if number is None or not math.isfinite(number):
        raise ValueError("not a number")
    return number


def tell_assumptions(path: Path, assumptions: Iterable[str]) -> None:
    """Say on standard error what was assumed about a file that was read."""
    for assumption in assumptions:
        echo(f"{path}: {assumption}", err=True)


def settings(pairs: tuple[str, ...]) -> dict[str, float]:
    """Return ``NAME=VALUE`` words as numbers by name."""
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            cure = "write NAME=NUMBER, such as testosterone_high=32"
            raise InputError.of("--set", "", f"{pair!r} is not understood", cure)
        values[name.strip()] = read_number(text, "--set", name.strip())
    return values


def pairs_of(option: str, words: tuple[str, ...], example: str) -> dict[str, str]:
    """Return ``NAME=WORD`` words by name."""
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            cure = f"write NAME=WORD, such as {example}"
            raise InputError.of(option, "", f"{word!r} is not understood", cure)
        if name.strip() in pairs:
            raise InputError.of(option, name.strip(), "it came twice", "give it once")
        pairs[name.strip()] = value.strip()
    return pairs
