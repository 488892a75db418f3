"""Faults of the public interface name arguments; on the command line they name options."""

from collections.abc import Iterator
from contextlib import contextmanager

from protocol.errors import Fault, InputError


@contextmanager
def as_options(**options: str) -> Iterator[None]:
    """Name options in the place of arguments in what the block refuses.

    >>> with as_options(information="--analyses"):
    ...     raise InputError.of("boundaries", "information", "0 came", "give 1")
    Traceback (most recent call last):
    protocol.errors.InputError: boundaries: --analyses: 0 came; give 1
    """
    try:
        yield
    except InputError as error:
        raise type(error)(
            Fault(
                options.get(each.where, each.where), options.get(each.field, each.field),
                each.problem, each.cure,
            )
            for each in error.faults
        ) from None  # fmt: skip
