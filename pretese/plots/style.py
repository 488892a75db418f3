"""The style of every figure, and the functions that write it."""

import hashlib
import io
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pretese.io.output.atomic_file import write_file
from pretese.plots.safe_figures import make_safe, quiet

INK = "#1d2733"
MUTED = "#8a94a0"
GRID = "#e4e8ec"
PUBLISHED = "#c2410c"
SIMULATED = "#1d4ed8"
TRUTH = "#047857"

#: Settings of every figure; the salt and the missing date make SVG files reproducible.
SETTINGS: Any = {
    "svg.hashsalt": "pretese",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "text.color": INK,
    "text.parse_math": False,  # a column may be called "$x"
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "legend.frameon": False,
}

#: Coordinates of a figure: the attributes that hold them, and a number of more than three decimals.
_PLACES = re.compile(r'\b(?:d|points|[xy][12]?|c[xy])="[^"]*"')
_COORDINATE = re.compile(r"(?<![\w.#])-?\d+\.\d{4,}(?![\w.])")

#: Identifiers that matplotlib derives from coordinates: of clip paths, markers and collections.
_ID = re.compile(r'\bid="([A-Za-z][0-9a-f]{10})"')


def house_style() -> AbstractContextManager[None]:
    """Return the context in which every figure is drawn and written."""
    return mpl.rc_context(SETTINGS)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches; no global figure state is touched."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def svg(figure: Figure) -> str:
    """Return a figure as SVG text without date, program version or XML header."""
    buffer = io.StringIO()
    with house_style(), quiet():
        _lay_out(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return _with_names_of_content(_coarser(text[text.index("<svg") :]))


def _coarser(text: str) -> str:
    """Round the coordinates of a figure to a thousandth of a point.

    Matplotlib writes millionths, in which the last bits of logarithms, which differ between
    processors, can show.
    """
    return _PLACES.sub(lambda place: _COORDINATE.sub(_rounded, place[0]), text)


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):z.3f}".rstrip("0").rstrip(".")


def _with_names_of_content(text: str) -> str:
    """Derive identifiers from the content of a figure.

    Matplotlib derives them from unrounded coordinates, which differ between processors. Figures in
    one page still have different identifiers.
    """
    given = {name: str(number) for number, name in enumerate(dict.fromkeys(_ID.findall(text)))}
    if not given:
        return text
    anywhere = re.compile("|".join(given))
    numbered = anywhere.sub(lambda found: given[found[0]], text)
    content = hashlib.sha256(numbered.encode()).hexdigest()[:10]
    return anywhere.sub(lambda found: f"{found[0][0]}{content}-{given[found[0]]}", text)


def save(figure: Figure, path: Path, argument: str = "") -> None:
    """Write a figure as PNG (200 dots per inch) or SVG, by the ending of the path.

    The file is written in one step, as `atomic_file.write_file` does; ``argument`` is the argument
    that requested it, for messages.
    """
    write_file(path, svg(figure) if path.suffix == ".svg" else png_bytes(figure), argument)


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG of 200 dots per inch, without date and program version."""
    buffer = io.BytesIO()
    with house_style(), quiet():
        _lay_out(figure)
        figure.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    return buffer.getvalue()


def _lay_out(figure: Figure) -> None:
    """Sanitise text and compute the layout once, for all formats."""
    make_safe(figure)
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    with mpl.rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
