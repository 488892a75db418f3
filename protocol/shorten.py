"""A bounded `repr` of any value for messages."""

import reprlib
from typing import Any

#: Characters of a value that a message shows.
WIDTH = 60

#: Integers of more bits are described, not written: Python refuses to write very long ones.
MAX_BITS = 200


class _Bounded(reprlib.Repr):
    """A `repr` with few elements, few levels and short texts."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxother, self.maxstring = 2, WIDTH, WIDTH
        self.maxdict = self.maxlist = self.maxtuple = 4

    def repr_int(self, x: int, level: int) -> str:
        """Describe an integer that is too long to write."""
        if x.bit_length() > MAX_BITS:
            return f"a whole number of about {int(x.bit_length() * 0.30103) + 1} digits"
        return repr(x)

    def repr_bool(self, x: bool, level: int) -> str:
        """Write true and false as a YAML or JSON file does."""
        return "true" if x else "false"

    def repr_NoneType(self, x: None, level: int) -> str:  # noqa: N802  reprlib finds it by name
        """Write nothing as a YAML or JSON file does."""
        return "null"


_BOUNDED = _Bounded()


def shorten(value: Any, width: int = WIDTH) -> str:
    """Return a value for display in a message, in at most ``width`` characters.

    >>> shorten(["a"] * 1000)
    "['a', 'a', 'a', 'a', ...]"
    >>> shorten(10**5000)
    'a whole number of about 5001 digits'
    """
    return shorten_text(_BOUNDED.repr(value), width)


def shorten_text(text: str, width: int = WIDTH) -> str:
    """Return a text, truncated if it is longer than ``width``.

    >>> shorten_text("abcdefgh", 6)
    'abc...'
    """
    return text if len(text) <= width else f"{text[: width - 3]}..."
