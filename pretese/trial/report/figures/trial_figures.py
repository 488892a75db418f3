"""Figures of replicates of one size: zip plot, sample size and duration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.core.arrays import Floats
from estimate.core.result import Z95
from pretese.plots.style import INK, MUTED, SIMULATED, house_style, new_figure
from pretese.plots.zip import SHOWN, zip_intervals
from pretese.trial.power.additional_measures import main_point
from pretese.trial.simulation.trial_results import Outcomes, Point

#: Nominal coverage of the intervals at the end of a trial.
NOMINAL = 0.95

#: Maximum number of steps drawn of a distribution, to limit the size of the page.
STEPS = 400

_EFFECTS = ((1.0, "planned effect", SIMULATED), (0.0, "no effect", MUTED))


def draw_zips(design: dict[str, Any], trials: Mapping[Point, Outcomes]) -> Figure | None:
    """Draw intervals of trials with and without the planned effect; None without a true effect.

    Bands around the nominal line are 2 Monte Carlo standard errors of a share of 95 %.
    """
    participants = main_point(design)["participants"]
    points = {
        round(p["effect_percent"], 9): p
        for p in design["points"]
        if p["participants"] == participants
    }
    if points[100.0]["truth_on_scale"] is None:
        return None
    with house_style():
        figure = new_figure(7.2, 3.0)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (effect, words, _) in zip(panels, _EFFECTS, strict=True):
            _zip_panel(axes, trials[participants, effect], points[100 * effect], words)
        panels[0].set_ylabel("centile of abs(z)")
        kind = "95 %" if trials[participants, 1.0].final_low is None else "final 95 %"
        figure.suptitle(
            f"{design['id']}, {participants} participants: {kind} intervals by abs(z)",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _zip_panel(axes: Axes, found: Outcomes, point: dict[str, Any], words: str) -> None:
    truth, measures = point["truth_on_scale"], point["measures"]
    coverage = measures.get("final_coverage", measures["coverage"])
    estimate, low, high = _claimed(found)
    zip_intervals(axes, estimate, (high - low) / (2 * Z95), low, high, truth, NOMINAL)
    error = np.sqrt(NOMINAL * (1 - NOMINAL) / coverage["n"])
    axes.axhspan(100 * (NOMINAL - 2 * error), 100 * (NOMINAL + 2 * error), color=MUTED, alpha=0.2)
    reach = 4.2 * float(np.nanstd(found.estimate)) or 1.0
    axes.set_xlim(truth - reach, truth + reach)
    axes.set_xlabel(point["scale"])
    axes.set_title(
        f"{words}: {100 * coverage['value']:.1f} % coverage (MCSE {100 * coverage['mcse']:.1f})\n"
        f"({min(SHOWN, coverage['n'])} of {coverage['n']:,} replicates)",
        fontsize=8, fontweight="normal",
    )  # fmt: skip


def _claimed(found: Outcomes) -> tuple[Floats, Floats, Floats]:
    """Return estimates with their limits, adjusted for interim analyses if there are any."""
    if found.median_unbiased is None or found.final_low is None or found.final_high is None:
        return found.estimate, found.conf_low, found.conf_high
    return found.median_unbiased, found.final_low, found.final_high


def draw_distribution(design: dict[str, Any], trials: Mapping[Point, Outcomes]) -> Figure:
    """Draw the proportion of trials ended by sample size and by month; bands are ± 2 MCSE."""
    participants = main_point(design)["participants"]
    with house_style():
        figure = new_figure(7.2, 2.9)
        size, time = figure.subplots(1, 2, sharey=True)
        for effect, words, colour in _EFFECTS:
            found = trials[participants, effect]
            _cumulated(size, found.recruited, words, colour)
            _cumulated(time, found.months, words, colour)
        size.set(xlabel="participants recruited", ylabel="proportion of trials ended")
        time.set_xlabel("months since the trial opened")
        time.legend(loc="lower right", fontsize=8)
        figure.suptitle(
            f"{design['id']}, up to {participants} participants: size and duration (dots: means)",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
    return figure


def _cumulated(axes: Axes, values: Floats, words: str, colour: str) -> None:
    """Draw an empirical distribution function with at most `STEPS` steps."""
    at, counts = np.unique(values, return_counts=True)
    share = np.cumsum(counts) / values.size
    if at.size > STEPS:
        kept = np.unique(np.linspace(0, at.size - 1, STEPS).astype(int))
        at, share = at[kept], share[kept]
    margin = 0.04 * (at[-1] - at[0]) or 0.02 * at[-1]
    x = np.concatenate([[at[0] - margin], at, [at[-1] + margin]])
    y = np.concatenate([[0.0], share, [1.0]])
    error = 2 * np.sqrt(y * (1 - y) / values.size)
    axes.step(x, y, where="post", color=colour, lw=1.3, label=words)
    axes.fill_between(x, y - error, y + error, step="post", color=colour, alpha=0.2, lw=0)
    mean = float(values.mean())
    reached = share[np.searchsorted(at, mean, side="right") - 1]
    axes.plot([mean], [reached], "o", color=colour, ms=5, mec=INK, mew=0.5)
    axes.set_ylim(0, 1.02)
    axes.grid(axis="y")
