"""Check that a value is possible for an input."""

import math
from typing import TypeGuard

from protocol.regimen.conditions import Value
from protocol.regimen.parts import Input
from protocol.shorten import shorten


def value_problem(spec: Input, value: Value) -> tuple[str, str] | None:
    """Return (problem, cure) if ``value`` cannot be a value of this input, else None."""
    if value is None:
        return None if spec.may_be_missing else ("it is missing", "give it")
    if spec.kind == "enum":
        if isinstance(value, str) and value in spec.values:
            return None
        return f"{value!r} is not one of its names", f"give one of: {', '.join(spec.values)}"
    low, high = spec.plausible or (-math.inf, math.inf)
    whole = spec.kind == "integer"
    cure = f"give a {'whole ' if whole else ''}number from {low:g} to {high:g} {spec.unit}"
    if not _is_finite(value):
        return f"{shorten(value)} is not a number", cure
    if not low <= value <= high:
        return f"{value:g} is outside the plausible range", cure
    return (f"{value:g} is not whole", cure) if whole and value != int(value) else None


def _is_finite(value: object) -> TypeGuard[int | float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False
