"""Figures of sensitivity: heat map of a grid, and tornado of single assumptions."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, house_style, new_figure

#: Measure, title and colours.
_MAPS = (("power", "power", "Blues"), ("type_one_error", "type I error", "Oranges"))


def draw_grid(design: dict[str, Any]) -> Figure:
    """Draw power and type I error over the grid; the worst cell of each is framed.

    Axes are assigned to rows and columns in turn; ticks give the values of several axes in their
    order. The Monte Carlo standard error is printed below each percentage.
    """
    grid = design["sensitivity"]
    down, across = _sides(grid["axes"])
    rows, columns = (_ticks(grid["axes"], names) for names in (down, across))
    width, height = 1.7 + 0.62 * len(columns), 1.9 + 0.42 * len(rows)
    with house_style():
        figure = new_figure(max(7.4, 2 * width), height)
        for axes, each in zip(figure.subplots(1, 2, sharey=True), _MAPS, strict=True):
            _map(axes, grid, each, rows, columns)
            axes.set_xlabel(", ".join(across), fontsize=8)
        figure.supylabel(", ".join(down), fontsize=8)
        figure.suptitle(
            f"{design['id']}, {grid['participants']} participants: % of "
            f"{grid['replicates']:,} replicates (MCSE)",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _sides(axes: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the axes of the rows and those of the columns."""
    names = list(axes)
    return names[1::2], names[::2]


def _ticks(axes: Mapping[str, list[float]], names: list[str]) -> list[dict[str, float]]:
    return [dict(zip(names, each, strict=True)) for each in product(*(axes[n] for n in names))]


def _map(
    axes: Axes, grid: dict[str, Any], what: tuple[str, str, str],
    rows: list[dict[str, float]], columns: list[dict[str, float]],
) -> None:  # fmt: skip
    name, title, colours = what
    cells = {tuple(sorted(cell["at"].items())): cell for cell in grid["cells"]}
    value, error = np.empty((len(rows), len(columns))), np.empty((len(rows), len(columns)))
    for (i, row), (j, column) in product(enumerate(rows), enumerate(columns)):
        measure = cells[tuple(sorted((row | column).items()))][name]
        value[i, j], error[i, j] = measure["value"], measure["mcse"] or 0.0
    low, high = float(value.min()), float(value.max())
    shade = (value - low) / (high - low) if high > low else np.full_like(value, 0.5)
    axes.imshow(0.1 + 0.7 * shade, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (i, j), share in np.ndenumerate(value):
        axes.text(j, i, f"{100 * share:.1f}\n({100 * error[i, j]:.1f})", ha="center", va="center",
                  fontsize=7.5, color="white" if shade[i, j] > 0.6 else INK)  # fmt: skip
    worst = grid["cells"][grid["worst"][name]]["at"]
    i = next(k for k, row in enumerate(rows) if all(worst[p] == v for p, v in row.items()))
    j = next(k for k, at in enumerate(columns) if all(worst[p] == v for p, v in at.items()))
    axes.add_patch(Rectangle((j - 0.47, i - 0.47), 0.94, 0.94, fill=False, ec=INK, lw=2))
    axes.set_xticks(range(len(columns)), [_tick(each) for each in columns], fontsize=7.5)
    axes.set_yticks(range(len(rows)), [_tick(each) for each in rows], fontsize=7.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(f"{title}: worst {100 * value[i, j]:.1f} %", fontsize=9)


def _tick(at: dict[str, float]) -> str:
    return ", ".join(f"{value:g}" for value in at.values())


def draw_tornado(design: dict[str, Any]) -> Figure:
    """Draw the change in power with one assumption at a time at either end of its range.

    Whiskers are 2 Monte Carlo standard errors of the paired difference.
    """
    tornado = design["tornado"]
    bars = tornado["bars"]
    with house_style():
        figure = new_figure(8.2, 1.5 + 0.34 * max(len(bars), 1))
        axes = figure.subplots()
        for place, bar in enumerate(bars):
            _bar(axes, bar, -place)
        axes.set_yticks([-k for k in range(len(bars))], [_label(bar) for bar in bars], fontsize=8)
        axes.axvline(0, color=INK, lw=0.8)
        axes.tick_params(length=0)
        axes.margins(x=0.12)
        axes.set_xlabel(
            f"change in power with {tornado['participants']} participants, percentage points\n"
            "blue: upper end of the range; orange: lower end; whiskers: 2 MCSE"
        )
        figure.suptitle(
            f"{design['id']}: one assumption at a time ({tornado['replicates']:,} replicates each; "
            f"most influential of {tornado['screened']})",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _bar(axes: Axes, bar: dict[str, Any], place: float) -> None:
    """Draw both ends in one row, one above the other if they change power in the same direction."""
    values = [100 * bar[f"difference_{end}"]["value"] for end in ("low", "high")]
    alike = values[0] * values[1] > 0
    for k, (end, colour) in enumerate((("low", PUBLISHED), ("high", SIMULATED))):
        value, error = values[k], 200 * (bar[f"difference_{end}"]["mcse"] or 0.0)
        outward = np.sign(value) or -np.sign(values[1 - k]) or 1.0
        at, height = (place + 0.16 - 0.32 * k, 0.3) if alike else (place, 0.62)
        axes.barh(at, value, height=height, color=colour, alpha=0.75, lw=0)
        axes.plot([value - error, value + error], [at, at], color=INK, lw=0.9)
        axes.annotate(
            f"{bar[end]:g}", (value + outward * error, at), (4 * outward, 0),
            textcoords="offset points", ha="left" if outward > 0 else "right", va="center",
            fontsize=7, color=MUTED,
        )  # fmt: skip


def _label(bar: dict[str, Any]) -> str:
    """Return the label of an assumption, the last part of its path, with the planned value."""
    planned = "" if bar["planned"] is None else f" ({bar['planned']:g})"
    return ".".join(bar["words"].split(".")[-2:]) + planned
