"""Text of users in figures: displayed literally, never interpreted.

A name of a column may be ``$x^`` (mathematics to matplotlib), contain a control character (which
makes an SVG file unreadable) or a thousand letters (which leave no room for the data). All text is
sanitised here when a figure is written.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation

from protocol.safe_text import lines

#: Longest line of text in a figure, in characters, and of the label of a tick.
LONGEST_LINE, LONGEST_LABEL = 100, 48


def figure_text(text: str, longest: int = LONGEST_LINE) -> str:
    r"""Return text that a figure can show.

    >>> figure_text("a\tb\x1b")
    'a b\\x1b'
    """
    shown = lines(text.replace("\t", " "))
    return "\n".join(_cut(line, longest) for line in shown.split("\n"))


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def make_safe(figure: Figure) -> None:
    """Make all text of a figure safe: titles, labels, legends and the labels of ticks."""
    for found in figure.findobj(Text):
        if isinstance(found, Text):
            found.set_parse_math(False)
            found.set_text(figure_text(found.get_text()))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            formatter = axis.get_major_formatter()
            # Labels given with `set_xticks` are stored in such a function.
            if isinstance(formatter, FuncFormatter) and not isinstance(formatter.func, _Label):
                formatter.func = _Label(formatter.func)


@dataclass(frozen=True, slots=True)
class _Label:
    """Sanitises the tick labels of another formatter."""

    given: Callable[..., str]

    def __call__(self, x: float, pos: int | None = None) -> str:
        return figure_text(self.given(x, pos), LONGEST_LABEL)


#: Start of warnings that do not concern the content of a figure.
_OF_DRAWING = (
    "Glyph .* missing from", "constrained_layout not applied", "Tight layout",
    "Creating legend with loc",
)  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Write a figure without warnings about its layout and fonts.

    The font lacks letters of many scripts (a viewer of SVG has its own), long names may leave
    little room, and a busy machine may take more than a second to place a legend.
    """
    with warnings.catch_warnings():
        for message in _OF_DRAWING:
            warnings.filterwarnings("ignore", message)
        yield


class PlainLog(LogFormatterSciNotation):
    """Labels of a logarithmic axis as plain numbers, at the ticks that have a label."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick."""
        return f"{x:g}" if super().__call__(x, pos) else ""
