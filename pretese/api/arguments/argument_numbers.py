"""Numbers that are given as arguments of the public interface: checked, and named in messages."""

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from numbers import Integral, Real
from typing import Any

from protocol.errors import InputError
from protocol.shorten import shorten

#: Largest seed; it fits the integers of every output format.
MAX_SEED = 2**63 - 1


def whole_of(value: Any, argument: str, low: int, high: int) -> int:
    """Return a whole number within limits; Booleans, text and fractions are refused.

    Raises
    ------
    InputError
        Naming the argument, its value and the allowed values.

    Examples
    --------
    >>> whole_of(200, "patients", 2, 10_000_000)
    200
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high:
        return int(value)
    cure = f"give a whole number from {low:,} to {high:,}"
    raise InputError.of(argument, "", f"{shorten(value)} is not allowed", cure)


def seed_of(value: Any) -> int:
    """Return the base seed of all random numbers."""
    return whole_of(value, "seed", 0, MAX_SEED)


def number_of(value: Any, argument: str, field: str = "") -> float:
    """Return a finite number; Booleans and text are refused."""
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond every float
            if math.isfinite(value):
                return float(value)
    raise InputError.of(
        argument, field, f"{shorten(value)} is not a number", "give a finite number"
    )


def number_in_range(value: Any, argument: str, low: float, high: float) -> float:
    """Return a number from ``low`` to ``high``; Booleans and text are refused.

    >>> number_in_range(0.005, "mcse", 0.00005, 0.1)
    0.005
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        with suppress(OverflowError):  # a whole number beyond every float
            if low <= float(value) <= high:
                return float(value)
    problem = f"{shorten(value)} is not allowed"
    raise InputError.of(argument, "", problem, f"give a number from {low:g} to {high:g}")


def sequence_of(values: Any, argument: str, field: str = "") -> tuple[Any, ...]:
    """Return a sequence as a tuple; None is an empty one, text and mappings are refused."""
    if values is None:
        return ()
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InputError.of(argument, field, f"{shorten(values)} is not a list", "give a list")
    return tuple(values)
