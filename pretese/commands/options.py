"""Options that several commands share."""

import math
from collections.abc import Iterable
from pathlib import Path

import click

from protocol.errors import InputError
from protocol.numbers import read_number


class _Number(click.ParamType[float]):
    """A finite number; one with a comma or with separated thousands is refused with a cure."""

    name = "number"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        option = param.opts[0] if param else "number"
        return read_number(str(value), option, "")


#: The type of an option that takes a measured number.
NUMBER = _Number()

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


def finite(
    context: click.Context, option: click.Parameter, value: float | tuple[float, ...] | None
) -> float | tuple[float, ...] | None:
    """Refuse ``nan`` and ``inf``, which are in every range of click's: a callback of an option."""
    given = value if isinstance(value, tuple) else (value,)
    if any(each is not None and not math.isfinite(each) for each in given):
        raise click.BadParameter("give a finite number", context, option)
    return value


def tell_assumptions(path: Path, assumptions: Iterable[str]) -> None:
    """Say on standard error what was assumed about a file that was read."""
    for assumption in assumptions:
        click.echo(f"{path}: {assumption}", err=True)


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
