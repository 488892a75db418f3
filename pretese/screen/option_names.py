"""Messages of the public interface name arguments; a command line names its options instead."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from protocol.errors import Fault, InputError

_ARGUMENT = re.compile(r"`(\w+)`")
_FIRST_WORD = re.compile(r"\w+")


@contextmanager
def options_named(options: Mapping[str, str]) -> Iterator[None]:
    """Name options in every `InputError` of the block, where the interface names arguments.

    Parameters
    ----------
    options
        Argument to option, with its value where a sentence should show one: ``{"month":
        "--month M"}``. An argument is recognised as the first word of where a fault is, and
        between back quotes within a message.

    Examples
    --------
    >>> with options_named({"month": "--month M", "patient": "--patient FILE"}):
    ...     raise InputError.of("month", "", "0 is out of range", "or give `patient`")
    Traceback (most recent call last):
    protocol.errors.InputError: --month: 0 is out of range; or give --patient FILE
    """
    try:
        yield
    except InputError as error:
        renamed = tuple(_renamed(fault, options) for fault in error.faults)
        raise type(error)(renamed) from error.__cause__


def _renamed(fault: Fault, options: Mapping[str, str]) -> Fault:
    def option(found: re.Match[str]) -> str:
        return options.get(found[1], found[0])

    where = fault.where
    first = _FIRST_WORD.match(where)
    if first and first[0] in options and where[first.end() : first.end() + 1] in ("", ":", " "):
        name = options[first[0]]
        where = (name.split()[0] if name.startswith("--") else name) + where[first.end() :]
    problem, cure = (_ARGUMENT.sub(option, text) for text in (fault.problem, fault.cure))
    return Fault(where, fault.field, problem, cure)
