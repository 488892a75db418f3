"""A small cache of recent values that are costly to compute."""

from typing import TypeVar

Key = TypeVar("Key")
Thing = TypeVar("Thing")


def hold(held: dict[Key, Thing], key: Key, thing: Thing, most: int) -> Thing:
    """Store and return a value, discarding the oldest beyond ``most``.

    >>> held = {}
    >>> [hold(held, number, number**2, most=2) for number in range(3)]
    [0, 1, 4]
    >>> held
    {1: 1, 2: 4}
    """
    if len(held) == most:
        del held[next(iter(held))]
    held[key] = thing
    return thing
