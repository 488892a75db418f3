"""Figure of a fit: cumulative distributions of real and synthetic patients, and correlations."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.core.arrays import Floats
from pretese.fitting.fitted_scenario import FittedScenario
from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, house_style, new_figure

#: Panels in a row; the last one shows the correlations.
ACROSS = 4


def draw_realism(found: FittedScenario, simulated: pd.DataFrame) -> Figure:
    """Draw each variable's cumulative distribution, and rank correlations real by synthetic."""
    numbers = found.patients.numbers
    down = -(-(len(numbers) + 1) // ACROSS)
    with house_style():
        figure = new_figure(10.5, 0.5 + 2.3 * down)
        panels = figure.subplots(down, ACROSS, squeeze=False).ravel()
        for panel, (name, values) in zip(panels, numbers.items(), strict=False):
            _distribution(panel, name, values, simulated[name].to_numpy(float))
        _correlations(panels[len(numbers)], found)
        for panel in panels[len(numbers) + 1 :]:
            panel.set_visible(False)
        panels[0].legend(loc="lower right", fontsize=8)
    return figure


def _distribution(panel: Axes, name: str, real: Floats, synthetic: Floats) -> None:
    low, high = np.nanquantile(real, [0.0, 1.0])
    for values, colour, label in ((real, PUBLISHED, "real"), (synthetic, SIMULATED, "synthetic")):
        known = np.sort(values[np.isfinite(values)])
        share = np.arange(1, known.size + 1) / known.size
        panel.step(known, 100 * share, color=colour, lw=1.4, where="post", label=label)
    panel.set_xlim(low, high)
    panel.set_title(name, fontsize=8)
    panel.set_yticks([0, 25, 50, 75, 100], ["0 %", "", "50 %", "", "100 %"])
    panel.grid(axis="y")


def _correlations(panel: Axes, found: FittedScenario) -> None:
    pairs = found.realism.pairs
    real = np.array([each.real for each in pairs])
    drawn = np.array([each.synthetic for each in pairs])
    reach = 1.1 * float(np.abs(np.concatenate([real, drawn, [0.1]])).max())
    panel.plot([-reach, reach], [-reach, reach], color=MUTED, lw=1, zorder=0)
    panel.errorbar(
        drawn, real, yerr=[real - [p.conf_low for p in pairs], [p.conf_high for p in pairs] - real],
        fmt="o", ms=3, lw=0.8, color=SIMULATED, ecolor=MUTED,
    )  # fmt: skip
    panel.set_title("rank correlations of all pairs", fontsize=8)
    panel.set_xlabel("synthetic", fontsize=8)
    panel.set_ylabel("real (95 % interval)", fontsize=8)
