"""Nested-loop plot of a sensitivity grid.

Rücker G, Schwarzer G. *BMC Med Res Methodol* 2014;14:129 (nested-loop plots).
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.core.arrays import Floats
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

#: Measure, label and colour.
_LINES = (
    ("power", "power", SIMULATED),
    ("coverage", "coverage", TRUTH),
    ("type_one_error", "type I error", PUBLISHED),
)

#: Number of cells from which this plot replaces the heat map.
MANY = 8


def draw_nested(design: dict[str, Any]) -> Figure:
    """Draw power, coverage and type I error cell by cell, the last axis varying fastest.

    An unknown measure, such as coverage without a true effect, is omitted. Bands are ± 2 Monte
    Carlo standard errors; dots mark the worst cell of each measure.
    """
    grid = design["sensitivity"]
    axes_of, cells = list(grid["axes"]), grid["cells"]
    heights = [1.7, 1.1, 0.34 * len(axes_of)]
    with house_style():
        figure = new_figure(8.2, 1.1 + sum(heights))
        high, low, loops = figure.subplots(3, 1, sharex=True, height_ratios=heights)
        for name, words, colour in _LINES:
            axes = low if name == "type_one_error" else high
            _steps(axes, cells, name, words, colour, grid["worst"].get(name))
        for axes in (high, low):
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.use_sticky_edges = False
            axes.autoscale_view()
            axes.set_ylabel("% of trials")
            axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
        figure.align_ylabels([high, low])
        _loops(loops, grid["axes"], cells)
        high.set_title(
            f"{design['id']}, {grid['participants']} participants: all cells; dots mark the worst"
        )
    return figure


def _steps(
    axes: Axes, cells: list[dict[str, Any]], name: str, words: str, colour: str, worst: int | None
) -> None:
    known = [cell[name] for cell in cells]
    value, error = (
        np.array([np.nan if each[part] is None else 100 * each[part] for each in known])
        for part in ("value", "mcse")
    )
    if np.isnan(value).all():
        return
    edges = np.arange(len(cells) + 1)
    low, high = np.maximum(value - 2 * error, 0), np.minimum(value + 2 * error, 100)
    axes.stairs(value, edges, baseline=None, color=colour, lw=1.4, label=words)
    axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.18, lw=0)
    if worst is not None:
        axes.plot([worst + 0.5], [value[worst]], "o", color=colour, ms=5, mec=INK, mew=0.6)


def _loops(axes: Axes, values: dict[str, list[float]], cells: list[dict[str, Any]]) -> None:
    """Draw each axis as a step function from its minimum to its maximum."""
    edges = np.arange(len(cells) + 1)
    for row, path in enumerate(reversed(values)):
        axes.stairs(row + 0.7 * _height(values[path], cells, path), edges, baseline=None,
                    color=MUTED, lw=1.1)  # fmt: skip
    labels = [f"{path}: {', '.join(f'{v:g}' for v in values[path])}" for path in reversed(values)]
    axes.set_yticks(np.arange(len(values)) + 0.35, labels, fontsize=7.5)
    axes.tick_params(length=0)
    axes.set(xticks=[], xlim=(0, len(cells)), ylim=(-0.2, len(values)), xlabel="cells")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _height(values: list[float], cells: list[dict[str, Any]], path: str) -> Floats:
    """Return the position of each cell on an axis, from 0 to 1."""
    here = np.array([cell["at"][path] for cell in cells], float)
    low, high = min(values), max(values)
    return (here - low) / (high - low) if high > low else np.full(here.shape, 0.5)
