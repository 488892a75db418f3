"""Keep the last few of what is costly to make."""

from typing import TypeVar

Key = TypeVar("Key")
Thing = TypeVar("Thing")


def hold(held: dict[Key, Thing], key: Key, thing: Thing, most: int) -> Thing:
    """Keep a thing, letting go of the oldest beyond so many, and return it.

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
