"""Options that several commands share."""

import math

import click

from protocol.errors import InputError

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


def settings(pairs: tuple[str, ...]) -> dict[str, float]:
    """Return ``NAME=VALUE`` words as numbers by name."""
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        try:
            values[name.strip()] = float(text)
        except ValueError:
            equals = ""
        if not equals:
            cure = "write NAME=NUMBER, such as testosterone_high=32"
            raise InputError.of("--set", "", f"{pair!r} is not understood", cure)
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
