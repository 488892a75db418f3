"""Published quartiles against simulated ones, for every baseline variable and arm."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.article.published import PublishedStudy
from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, house_style, new_figure
from simulate.core.coding import BASELINE
from simulate.labels import axis_label

Floats = NDArray[np.float64]

ARMS = ("untreated", "treated")
QUARTILES = ("q1", "median", "q3")


def draw_quantiles(published: PublishedStudy, simulated: Mapping[str, Floats]) -> Figure:
    """Draw published quartiles with the middle 95 % of simulated ones.

    Parameters
    ----------
    simulated
        Quartiles of every simulated study, by the id of the published number, shape (replicate,).
    """
    with house_style():
        figure = new_figure(8.2, 6.4)
        for axes, variable in zip(figure.subplots(3, 3).ravel(), BASELINE, strict=True):
            _panel(axes, variable, published, simulated)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        figure.suptitle(
            "Quartiles at baseline: published, and in simulated studies",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _panel(
    axes: Axes, variable: str, published: PublishedStudy, simulated: Mapping[str, Floats]
) -> None:
    places = (0, 1, 2, 4, 5, 6)
    keys = [f"table1.{variable}.{arm}.{quartile}" for arm in ARMS for quartile in QUARTILES]
    low, middle, high = np.quantile([simulated[key] for key in keys], [0.025, 0.5, 0.975], axis=1)
    printed = [published.number(key).value for key in keys]
    axes.vlines(places, low, high, color=SIMULATED, lw=4, alpha=0.3, label="simulated, middle 95 %")
    axes.plot(places, middle, "_", color=SIMULATED, ms=9, mew=1.6, label="simulated, median")
    axes.plot(places, printed, "o", color=PUBLISHED, ms=4, mfc="none", mew=1.3, label="published")
    axes.set_xticks(places, ["Q1", "median", "Q3"] * 2, fontsize=7)
    axes.set_title(axis_label(variable), fontsize=9)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom - 0.12 * (top - bottom), top)
    for place, arm in ((1, "untreated"), (5, "treated")):
        axes.text(place, axes.get_ylim()[0], arm, ha="center", va="bottom", fontsize=7, color=MUTED)
