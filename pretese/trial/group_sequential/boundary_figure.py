"""The boundaries of a group-sequential design over the information fraction."""

from typing import Any

from matplotlib.figure import Figure

from pretese.plots.style import MUTED, PUBLISHED, TRUTH, house_style, new_figure


def draw_boundaries(document: dict[str, Any]) -> Figure:
    """Draw the critical values of z at each analysis.

    Parameters
    ----------
    document
        As `boundary_document.describe_boundaries` returns it.
    """
    rows, two = document["analyses"], document["sides"] == 2
    upper = [(r["information_rate"], r["upper"]) for r in rows if r["upper"] is not None]
    lower = [(r["information_rate"], r["lower"]) for r in rows if r["lower"] is not None]
    with house_style():
        figure = new_figure(6.4, 3.6)
        axes = figure.subplots()
        axes.plot(*zip(*upper, strict=True), "-o", color=PUBLISHED, ms=4, label="efficacy")
        if len(lower) > 1 or two:
            words, colour = ("efficacy, other direction", PUBLISHED) if two else ("futility", TRUTH)
            axes.plot(*zip(*lower, strict=True), "--o", color=colour, ms=4, label=words)
        axes.axhline(0, color=MUTED, lw=0.6)
        axes.set(xlabel="information fraction", ylabel="boundary, z", xlim=(0, 1.05))
        axes.set_title(document["name"].split(";")[0], wrap=True)
        axes.grid(axis="y")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return figure
