"""A zip plot: intervals ranked by how far they are from the truth."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from estimate.core.arrays import Floats
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED

#: Number of intervals drawn, at evenly spaced ranks of all replicates.
SHOWN = 250


def zip_intervals(
    axes: Axes, estimate: Floats, std_error: Floats, low: Floats, high: Floats, truth: float,
    nominal: float,
) -> None:  # fmt: skip
    """Draw intervals at the centile of abs(estimate - truth) / SE, the furthest on top.

    Morris TP, White IR, Crowther MJ. *Stat Med* 2019;38:2074-102, figure 4. Intervals that do not
    contain the truth begin at the line of the nominal coverage if coverage is nominal.
    """
    finite = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    distance = np.abs(estimate - truth)[finite] / std_error[finite]
    ranked = finite[np.argsort(distance, kind="stable")]
    at = np.unique(np.linspace(0, len(ranked) - 1, SHOWN).astype(int))
    chosen, centile = ranked[at], 100 * (at + 0.5) / max(len(ranked), 1)
    first, last = low[chosen], high[chosen]
    misses = (first > truth) | (last < truth)
    for flag, colour, width in ((False, SIMULATED, 0.6), (True, PUBLISHED, 0.8)):
        here = misses == flag
        ends = zip(first[here], last[here], centile[here], strict=True)
        lines = [[(a, c), (b, c)] for a, b, c in ends]
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, alpha=0.7))
    axes.axvline(truth, color=INK, lw=0.9)
    axes.axhline(100 * nominal, color=MUTED, lw=0.8, ls=(0, (4, 2)))
    axes.set_ylim(0, 100)
