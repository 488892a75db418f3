"""Checks that several sections share."""

from typing import TypeVar

from simulate.scenario.sections.parameter import Parameter

T = TypeVar("T")


def exactly(given: dict[str, T], names: tuple[str, ...], kind: str) -> dict[str, T]:
    """Refuse a mapping that lacks one of the names, or has another one."""
    missing = [name for name in names if name not in given]
    if missing:
        raise ValueError(f"the {kind} {', '.join(missing)} is missing; add it")
    return among(given, names, kind)


def among(given: dict[str, T], names: tuple[str, ...], kind: str) -> dict[str, T]:
    """Refuse a mapping that has another name."""
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not a known {kind}; choose from {', '.join(names)}")
    return given


def count(given: Parameter, most: int) -> Parameter:
    """Refuse a number that is not a whole one from 1 to ``most``."""
    if given.value != round(given.value) or not 1 <= given.value <= most:
        raise ValueError(f"value {given.value:g} is not a count; give a whole number, 1 to {most}")
    return given
