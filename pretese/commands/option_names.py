"""Replace names of arguments of the public interface by options in messages of commands."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from protocol.errors import Fault, InputError

_ARGUMENT = re.compile(r"`(\w+)`")
_FIRST_WORD = re.compile(r"(\w+)(?=$|[: ])")


@contextmanager
def options_named(others: Mapping[str, str] | None = None) -> Iterator[None]:
    """Replace arguments by options in every `InputError` of the block.

    An argument is replaced by the option of the running command with the same name. It is
    recognised as the first word of the location of a fault, or of its field if the fault is in a
    function, and between back quotes in a message.

    Parameters
    ----------
    others
        Argument to option if the names differ, or with its value if a message should show one:
        ``{"path": "--csv", "month": "--month M"}``; and function to command: ``{"decide": "pretese
        decide"}``.

    Examples
    --------
    >>> names = {"decide": "pretese decide", "month": "--month M", "patient": "--patient FILE"}
    >>> with options_named(names):
    ...     raise InputError.of("decide", "month", "0 is out of range", "or give `patient`")
    Traceback (most recent call last):
    protocol.errors.InputError: pretese decide: --month: 0 is out of range; or give --patient FILE
    """
    options = {**_own_options(), **(others or {})}
    try:
        yield
    except InputError as error:
        renamed = tuple(_renamed(fault, options) for fault in error.faults)
        raise type(error)(renamed) from error.__cause__


def _own_options() -> dict[str, str]:
    """Return the options of the running command by the names of its parameters."""
    context = click.get_current_context(silent=True)
    params = context.command.params if context else []
    return {each.name or "": each.opts[0] for each in params if isinstance(each, click.Option)}


def _renamed(fault: Fault, options: Mapping[str, str]) -> Fault:
    of_function = not options.get(fault.where, "--").startswith("--")
    field = _begun(fault.field, options) if of_function else fault.field
    problem, cure = (
        _ARGUMENT.sub(lambda found: options.get(found[1], found[0]), text)
        for text in (fault.problem, fault.cure)
    )
    return Fault(_begun(fault.where, options), field, problem, cure)


def _begun(place: str, options: Mapping[str, str]) -> str:
    """Return a location whose first word, if it is an argument, is replaced by the option."""
    first = _FIRST_WORD.match(place)
    if first is None or first[1] not in options:
        return place
    name = options[first[1]]
    return (name.split()[0] if name.startswith("--") else name) + place[first.end() :]
