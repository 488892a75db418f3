"""A logarithmic axis for ratios, with one labelled row per estimate."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from pretese.plots.style import MUTED

_TICKS = (0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)


def ratio_axis(axes: Axes, labels: Sequence[str], title: str) -> None:
    """Scale the x axis by logarithm around 1, and label the rows from the top."""
    axes.axvline(1, color=MUTED, lw=1, zorder=0)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    inside = [tick for tick in _TICKS if low < tick < high]
    ticks = inside if len(inside) <= 9 else [t for t in inside if t not in (0.33, 0.7, 1.5, 3)]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(labels)), list(labels))
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel(title)
