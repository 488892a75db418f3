"""Faults that name options of the command line name arguments of the interface instead."""

from collections.abc import Iterator
from contextlib import contextmanager

from protocol.errors import Fault, InputError


@contextmanager
def as_arguments(**arguments: str) -> Iterator[None]:
    """Name arguments in the place of options in what the block refuses.

    ``--data-errors`` becomes ``data_errors``, and what ``arguments`` has under that name becomes
    its value.

    >>> with as_arguments(set="changes"):
    ...     raise InputError.of("--set", "", "'x' is no path", "leave it out")
    Traceback (most recent call last):
    protocol.errors.InputError: changes: 'x' is no path; leave it out
    """

    def named(word: str) -> str:
        if not word.startswith("--"):
            return word
        name = word[2:].replace("-", "_")
        return arguments.get(name, name)

    try:
        yield
    except InputError as error:
        raise type(error)(
            Fault(named(each.where), named(each.field), each.problem, each.cure)
            for each in error.faults
        ) from None
