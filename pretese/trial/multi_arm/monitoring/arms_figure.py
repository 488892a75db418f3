"""Figure of an ongoing trial of several arms: z of each treatment between its boundaries."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

#: Boundaries beyond this are drawn at the edge: they spend almost no alpha.
_EDGE = 6.0

#: Most panels in a row.
_COLUMNS = 3


def draw_arms_monitoring(document: dict[str, Any]) -> Figure:
    """Draw z and boundaries over the information fraction, one panel for each treatment.

    Parameters
    ----------
    document
        As `arms_answer.arms_document` returns it.
    """
    treatments = document["plan"]["treatments"]
    columns = min(len(treatments), _COLUMNS)
    lines = -(-len(treatments) // columns)
    with house_style():
        figure = new_figure(2.2 + 2.6 * columns, 0.9 + 2.7 * lines)
        panels = np.atleast_1d(figure.subplots(lines, columns, sharex=True, sharey=True)).ravel()
        for axes, name in zip(panels, treatments, strict=False):
            _panel(axes, document, name)
        for axes in panels[len(treatments) :]:
            axes.set_visible(False)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8)
        figure.supxlabel("information fraction (participants)", fontsize=9)
        figure.supylabel("z, positive in favour of treatment", fontsize=9)
        figure.suptitle(f"{document['id']}: against {document['plan']['control']}", fontsize=10)
    return figure


def _panel(axes: Axes, document: dict[str, Any], name: str) -> None:
    planned = document["plan"]["analyses"]
    axes.plot([row["fraction"] for row in planned], [_cut(row["boundary"]) for row in planned],
              "--", color=MUTED, lw=1, marker="o", ms=3,
              label="boundary of all treatments,\nplanned")  # fmt: skip
    rows = [
        (row, each) for row in document["analyses"] for each in row["comparisons"]
        if each["comparison"] == name
    ]  # fmt: skip
    _boundaries(axes, document, rows, name)
    _path(axes, document, rows)
    axes.axhline(0, color=MUTED, lw=0.6)
    axes.set_xlim(0, max(1.08, 1.08 * max(row["fraction"] for row, _ in rows)))
    axes.set_title(f"{name}: {_status(document, name)}", fontsize=9, wrap=True)
    axes.margins(y=0.15)
    axes.grid(axis="y")


def _status(document: dict[str, Any], name: str) -> str:
    found = next(s for s in document["state"]["comparisons"] if s["comparison"] == name)
    if not found["ended"]:
        return "continues"
    return "rejected" if found["rejected"] else str(found["reason"])


def _boundaries(axes: Axes, document: dict[str, Any], rows: list[Any], name: str) -> None:
    """Draw boundaries at the observed analyses and the next one, and those of harm."""
    upper = [(row["fraction"], each["boundary"]) for row, each in rows]
    harm = [(row["fraction"], row["harm_boundary"]) for row, _ in rows]
    coming = document["next"]
    if coming:
        upper += [(coming["fraction"], each["boundary"]) for each in coming["boundaries"]
                  if each["comparison"] == name]  # fmt: skip
        harm += [(coming["fraction"], coming["harm_boundary"])]
    for points, colour, words in ((upper, PUBLISHED, "boundary, observed\nand next"),
                                  (harm, TRUTH, "harm boundary")):  # fmt: skip
        known = [(t, _cut(z)) for t, z in points if z is not None]
        if known:
            axes.plot(*zip(*known, strict=True), ":", color=colour, lw=1, marker="_", ms=12,
                      mew=2, label=words)  # fmt: skip


def _path(axes: Axes, document: dict[str, Any], rows: list[Any]) -> None:
    combined = document["procedure"] == "combination"
    key, words = ("statistic", "combined z") if combined else ("z", "z")
    at = [(row["fraction"], each[key]) for row, each in rows if each[key] is not None]
    axes.plot(*zip(*at, strict=True), "-o", color=SIMULATED, lw=1.5, ms=5, label=words)
    for t, z in at:
        axes.annotate(f"{z:.2f}", (t, z), xytext=(0, 7), textcoords="offset points",
                      ha="center", fontsize=8, color=INK)  # fmt: skip


def _cut(boundary: float) -> float:
    """Return a boundary within the limits of the figure."""
    return max(-_EDGE, min(_EDGE, boundary))
