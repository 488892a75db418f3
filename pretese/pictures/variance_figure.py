"""Variance reduction by common random numbers: the risk difference with and without them."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.plots.style import MUTED, SIMULATED, house_style, new_figure
from simulate.cohort.draw import draw_cohort
from simulate.endpoints import ENDPOINTS, potential_outcomes
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Endpoints compared, a panel each.
OUTCOMES = ("any_sperm", "live_birth")

#: Added to the seed of the untreated with independent streams.
OTHER_SEED = 1_000_003


@dataclass(frozen=True, slots=True)
class Saving:
    """Risk differences in percentage points, (replicate,), with common and independent streams."""

    shared: Floats
    independent: Floats

    @property
    def ratio(self) -> float:
        """Variance with independent streams over variance with common random numbers."""
        return float(self.independent.var(ddof=1) / self.shared.var(ddof=1))

    @property
    def ratio_se(self) -> float:
        """Monte Carlo standard error of the ratio, as if its two variances were independent."""
        return float(2 * self.ratio / np.sqrt(len(self.shared) - 1))


def compare_variances(scenario: Scenario, seed: int, replicates: int) -> dict[str, Saving]:
    """Simulate all patients treated and untreated, with the same and with other patients."""
    same = draw_cohort(scenario, seed, replicates)
    other = draw_cohort(scenario, seed + OTHER_SEED, replicates)
    savings = {}
    for outcome in OUTCOMES:
        untreated, treated = (100 * y.mean(-1) for y in potential_outcomes(same, outcome))
        elsewhere = 100 * potential_outcomes(other, outcome)[0].mean(-1)
        savings[outcome] = Saving(treated - untreated, treated - elsewhere)
    return savings


def draw_savings(savings: dict[str, Saving], patients: int) -> Figure:
    """Draw the distribution of both contrasts, and the variance ratio."""
    with house_style():
        figure = new_figure(8.2, 3.4)
        panels = np.atleast_1d(figure.subplots(1, len(savings)))
        for axes, (outcome, saving) in zip(panels, savings.items(), strict=True):
            _panel(axes, ENDPOINTS[outcome].label, saving)
        panels[0].legend(loc="upper left", fontsize=8)
        figure.suptitle(
            f"The same {patients} patients along both arms, or other patients",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _panel(axes: Axes, words: str, saving: Saving) -> None:
    both = np.concatenate([saving.shared, saving.independent])
    edges = np.histogram_bin_edges(both, 24).tolist()
    axes.hist(saving.independent, edges, color=MUTED, alpha=0.55, label="independent streams")
    axes.hist(saving.shared, edges, color=SIMULATED, alpha=0.6, label="common random numbers")
    axes.set_title(f"{words}: variance {saving.ratio:.1f} (SE {saving.ratio_se:.1f}) times smaller")
    axes.set_xlabel("risk difference, percentage points")
    axes.set_ylabel("studies")
