"""Figure of power over an ensemble of parameter sets."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, house_style, new_figure
from pretese.trial.ensemble.power_bands import EnsemblePower


def draw_ensemble_power(found: EnsemblePower) -> Figure:
    """Draw power by sample size with its band, and the power of every set at the main size."""
    with house_style():
        figure = new_figure(9.6, 3.4)
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.3])
        _by_size(left, found)
        _by_set(right, found)
    return figure


def _by_size(axes: Axes, found: EnsemblePower) -> None:
    sizes = sorted(found.sizes, key=lambda each: each.participants)
    at = [each.participants for each in sizes]
    low, high = (np.array([100 * each.band[side] for each in sizes]) for side in (0, 1))
    mean = np.array([100 * each.mean for each in sizes])
    spread = [mean - low, high - mean]
    axes.errorbar(at, mean, spread, fmt="o-", color=SIMULATED, ms=4, capsize=3, label="mean, band")
    point = [100 * each.point for each in sizes]
    axes.plot(at, point, "s", color=PUBLISHED, ms=5, label="calibrated point")
    axes.axhline(80, color=MUTED, lw=1, ls="--", zorder=0)
    axes.set_ylim(0, 100)
    axes.set_xticks(at, [f"{each:,}" for each in at])
    axes.set_xlabel("participants")
    axes.set_ylabel("power, %")
    axes.legend(loc="lower right", fontsize=8)


def _by_set(axes: Axes, found: EnsemblePower) -> None:
    place = next(i for i, each in enumerate(found.sizes) if each.participants == found.main)
    power = [100 * each.power[place] for each in found.members]
    gain = [100 * (each.risk_treated - each.risk_control) for each in found.members]
    axes.plot(gain, power, "o", color=SIMULATED, ms=4, alpha=0.6)
    axes.axhline(80, color=MUTED, lw=1, ls="--", zorder=0)
    axes.set_ylim(0, 103)
    axes.set_xlabel("true risk difference of the set, percentage points")
    axes.set_ylabel(f"power, %, {found.main:,} participants")
