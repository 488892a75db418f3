"""Limits of numbers that the interface takes, the same as those of the command line's options."""

from math import isfinite
from numbers import Integral, Real
from typing import Any

from protocol.errors import InputError


def checked_whole_number(where: str, name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number within limits.

    Raises
    ------
    InputError
        Another thing came.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        cure = f"give a whole number from {low} to {high}"
        raise InputError.of(where, name, f"{value!r} came", cure)
    return int(value)


def checked_number(where: str, name: str, value: Any, low: float, high: float) -> float:
    """Return a finite number within limits, the ends included.

    Raises
    ------
    InputError
        Another thing came.
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not real or not isfinite(value) or not low <= value <= high:
        cure = f"give a number from {low:g} to {high:g}"
        raise InputError.of(where, name, f"{value!r} came", cure)
    return float(value)


def sequence_of(where: str, name: str, values: Any) -> tuple[Any, ...]:
    """Return a sequence as a tuple; None is an empty one, text and mappings are refused."""
    if values is None:
        return ()
    if isinstance(values, str | bytes | dict) or not hasattr(values, "__iter__"):
        raise InputError.of(where, name, f"{values!r} came", "give a list")
    return tuple(values)
