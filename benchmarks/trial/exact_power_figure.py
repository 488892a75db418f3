"""Scores of simulated against exact power, with the standard normal distribution."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri
from scipy.stats import beta

from estimate.core.arrays import Floats
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, house_style, new_figure


def draw_scores(z: Floats, sequential: Sequence[bool]) -> Figure:
    """Draw the scores against normal quantiles, and their distribution function.

    Bands contain each order statistic, and each proportion, in 95 % of repetitions.
    """
    order = np.argsort(z, kind="stable")
    ranked, with_analyses = np.asarray(z)[order], np.asarray(sequential)[order]
    with house_style():
        figure = new_figure(7.2, 3.2)
        left, right = figure.subplots(1, 2)
        _quantiles(left, ranked, with_analyses)
        _shares(right, ranked)
        figure.suptitle(
            f"{len(z)} random designs: simulated minus exact power, in Monte Carlo standard errors",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _quantiles(axes: Axes, ranked: Floats, sequential: Floats) -> None:
    n = ranked.size
    rank = np.arange(1, n + 1)
    expected = ndtri((rank - 0.5) / n)
    low, high = (ndtri(beta.ppf(p, rank, n + 1 - rank)) for p in (0.025, 0.975))
    axes.fill_between(expected, low, high, color=MUTED, alpha=0.2, lw=0)
    axes.plot(expected, expected, color=INK, lw=0.8)
    for flag, colour, words in (
        (False, PUBLISHED, "one analysis"),
        (True, SIMULATED, "2 to 4 analyses"),
    ):
        here = sequential == flag
        axes.plot(expected[here], ranked[here], "o", color=colour, ms=3.5, label=words)
    axes.set(xlabel="standard normal quantile", ylabel="z")
    axes.legend(loc="lower right", fontsize=8)


def _shares(axes: Axes, ranked: Floats) -> None:
    n = ranked.size
    x = np.linspace(min(-3.0, ranked[0] - 0.2), max(3.0, ranked[-1] + 0.2), 200)
    normal = ndtr(x)
    error = 1.96 * np.sqrt(normal * (1 - normal) / n)
    axes.fill_between(x, normal - error, normal + error, color=MUTED, alpha=0.2, lw=0)
    axes.plot(x, normal, color=INK, lw=0.8)
    steps = np.concatenate([[x[0]], ranked, [x[-1]]])
    axes.step(steps, np.concatenate([[0], np.arange(1, n + 1) / n, [1]]), where="post",
              color=SIMULATED, lw=1.2)  # fmt: skip
    axes.set(xlabel="z", ylabel="share of designs at or below", ylim=(0, 1.02))
