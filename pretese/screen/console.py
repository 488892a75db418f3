"""A `rich` console for text from files."""

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.text import Text

from protocol.safe_text import lines


class SafeConsole(Console):
    """A console that takes every string as it is: no markup, no emoji, no control characters.

    What we style ourselves is a `rich.text.Text` or the argument ``style``.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False, **settings})

    def render_str(self, text: str, **settings: Any) -> Text:
        """Return a string as printable text; used for cells, titles and headings."""
        return super().render_str(lines(text), **settings)

    def on_broken_pipe(self) -> None:
        """Let the command line handle a closed pipe; rich would end the process."""
        raise BrokenPipeError


def console_text(show: Callable[[Console], None], width: int = 80) -> str:
    """Return what a function shows on a console, as plain text of a width without a terminal."""
    stream = io.StringIO()
    show(SafeConsole(file=stream, width=width, force_terminal=False, color_system=None))
    return stream.getvalue().rstrip("\n")
