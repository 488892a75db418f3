"""The boundaries of a group-sequential design as z, p and effect, and its operating curves."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from estimate.core.arrays import Floats
from estimate.sequential.recursion import exit_probabilities
from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

Points = list[tuple[float, float]]


def draw_boundaries(document: dict[str, Any]) -> Figure:
    """Draw boundaries as z, nominal p and effect; for one treatment also power and expected size.

    The effect is relative to that at which the design has its power.

    Parameters
    ----------
    document
        As `boundary_document.describe_boundaries` or `multi_arm_document` returns it.
    """
    curves = "inflation" in document  # several treatments have no single power curve
    with house_style():
        figure = new_figure(7.6, 5.4 if curves else 2.9)
        axes = figure.subplots(2 if curves else 1, 2 if curves else 3).ravel()
        _draw_z(axes[0], document)
        _draw_p(axes[1], document)
        _draw_effect(axes[2], document)
        if curves:
            _draw_curves(axes[3], document)
        figure.suptitle(document["name"].split(";")[0], x=0.01, ha="left", fontsize=10, wrap=True)
    return figure


def _lines(document: dict[str, Any]) -> tuple[Points, Points]:
    """Return (information fraction, z) of the upper and the lower boundaries."""
    rows, two = document["analyses"], document["sides"] == 2
    upper = [(r["information_rate"], r["upper"]) for r in rows if r["upper"] is not None]
    lower = [
        (r["information_rate"], r["lower"])
        for r in rows
        if r["lower"] is not None and (two or r["lower"] != r["upper"])
    ]
    return upper, lower


def _draw_pair(axes: Axes, document: dict[str, Any], upper: Points, lower: Points) -> None:
    axes.plot(*zip(*upper, strict=True), "-o", color=PUBLISHED, ms=4, label="efficacy")
    if lower:
        two = document["sides"] == 2
        words, colour = ("efficacy, other direction", PUBLISHED) if two else ("futility", TRUTH)
        axes.plot(*zip(*lower, strict=True), "--o", color=colour, ms=4, label=words)
    axes.set(xlabel="information fraction", xlim=(0, 1.05))
    axes.grid(axis="y")


def _draw_z(axes: Axes, document: dict[str, Any]) -> None:
    _draw_pair(axes, document, *_lines(document))
    axes.axhline(0, color=MUTED, lw=0.6)
    axes.set(ylabel="boundary, z")
    axes.legend(loc="best", fontsize=8)


def _draw_p(axes: Axes, document: dict[str, Any]) -> None:
    rows = [r for r in document["analyses"] if r["upper"] is not None]
    points = [(r["information_rate"], r["nominal_p"]) for r in rows]
    axes.plot(*zip(*points, strict=True), "-o", color=PUBLISHED, ms=4)
    axes.axhline(document["alpha"], color=MUTED, lw=0.8, ls=":")
    side = "one-sided" if document["sides"] == 1 else "two-sided"
    axes.set(xlabel="information fraction", xlim=(0, 1.05), yscale="log",
             ylabel=f"efficacy, nominal {side} p")  # fmt: skip
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y")


def _draw_effect(axes: Axes, document: dict[str, Any]) -> None:
    drift = document["drift"]
    upper, lower = (
        [(t, 100 * z / (drift * float(np.sqrt(t)))) for t, z in line] for line in _lines(document)
    )
    _draw_pair(axes, document, upper, lower)
    axes.axhline(100, color=MUTED, lw=0.8, ls=":")
    axes.axhline(0, color=MUTED, lw=0.6)
    axes.set(ylabel="boundary, % of the planned effect")


def operating_curves(document: dict[str, Any], shares: Floats) -> tuple[Floats, Floats]:
    """Return power and expected size at fractions of the planned effect.

    Sizes are relative to a fixed-sample trial with the same error probabilities.
    """
    rows, two = document["analyses"], document["sides"] == 2
    rates = np.array([row["information_rate"] for row in rows])
    upper = np.array([np.inf if row["upper"] is None else row["upper"] for row in rows])
    lower = np.array([-np.inf if row["lower"] is None else row["lower"] for row in rows])
    lower[-1] = -upper[-1] if two else upper[-1]
    low, up = exit_probabilities(rates, lower, upper, document["drift"] * shares)
    ends = low + up
    ends[..., -1] += 1 - ends.sum(-1)
    return up.sum(-1), document["inflation"] * ends @ rates


def _draw_curves(axes: Axes, document: dict[str, Any]) -> None:
    shares = np.linspace(0, 1.5, 61)
    power, size = operating_curves(document, shares)
    axes.plot(100 * shares, 100 * power, color=SIMULATED, label="power")
    axes.plot(100 * shares, 100 * size, "--", color=TRUTH, label="expected size, % of fixed")
    axes.set(
        xlabel="true effect, % of the planned effect", ylabel="%", ylim=(0, None), xlim=(0, 150)
    )
    axes.grid(axis="y")
    axes.legend(loc="best", fontsize=8)
