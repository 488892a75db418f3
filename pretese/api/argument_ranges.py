"""Numbers that are given as arguments of the public interface: within their range, or refused."""

from numbers import Integral, Real
from typing import Any

from protocol.errors import InputError
from protocol.shorten import shorten


def whole_in_range(value: Any, argument: str, least: int, most: int) -> int:
    """Return a whole number from ``least`` to ``most``; truth values and text are none.

    >>> whole_in_range(1000, "replicates", 2, 100_000_000)
    1000
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most:
        return int(value)
    problem = f"{shorten(value)} is not allowed"
    raise InputError.of(argument, "", problem, f"give a whole number from {least} to {most}")


def number_in_range(value: Any, argument: str, least: float, most: float) -> float:
    """Return a number from ``least`` to ``most``; truth values and text are none.

    >>> number_in_range(0.005, "mcse", 0.00005, 0.1)
    0.005
    """
    if isinstance(value, Real) and not isinstance(value, bool) and least <= float(value) <= most:
        return float(value)
    problem = f"{shorten(value)} is not allowed"
    raise InputError.of(argument, "", problem, f"give a number from {least:g} to {most:g}")
