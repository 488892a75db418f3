"""Safe printing: users' text is printed as text, on any terminal.

Names and titles come from files. They may contain control characters, and a terminal may be limited
to ASCII. Both are handled here for all commands.
"""

import codecs
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import click

from protocol.safe_text import lines

#: Name of the error handler that writes `PLAIN` in place of what an encoding lacks.
_PLAIN_ERRORS = "pretese.plain"
#: What an ASCII terminal shows in place of the signs that our own messages use.
PLAIN = {
    "±": "+/-", "≤": "<=", "≥": ">=", "–": "-", "—": "-", "−": "-", "×": "x", "·": "*", "…": "...",
    "→": "->", "²": "^2", "µ": "u", "μ": "u", "°": " deg", "’": "'", "‘": "'", "“": '"', "”": '"',
    "\xa0": " ", "\u202f": " ", "\u2009": " ",
}  # fmt: skip


def echo(text: str, *, err: bool = False, **style: Any) -> None:
    """Print text that may hold names from files; ``style`` as of `click.style`."""
    safe = lines(text)
    click.echo(click.style(safe, **style) if style else safe, err=err)


@contextmanager
def any_terminal() -> Iterator[None]:
    """Write in ASCII what the encoding of standard output or error lacks, in place of failing."""
    codecs.register_error(_PLAIN_ERRORS, _plain)
    changed = []
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            changed.append((stream, stream.errors))
            stream.reconfigure(errors=_PLAIN_ERRORS)
    try:
        yield
    finally:
        for stream, errors in changed:
            if not stream.closed:
                stream.reconfigure(errors=errors)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Return the replacement of what cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    words = (PLAIN.get(character) or _escaped(character) for character in lacking)
    return "".join(words), error.end


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
