"""Forest plot of the subgroups of a planned trial, with the power of their interaction."""

from typing import Any

from matplotlib.figure import Figure

from estimate.core.result import Z95
from pretese.plots.style import INK, MUTED, SIMULATED, house_style, new_figure
from pretese.trial.power.additional_measures import main_point
from pretese.trial.views.measure_words import cell
from pretese.trial.views.performance_tables import point_words


def draw_subgroup_forest(design: dict[str, Any]) -> Figure:
    """Draw true effects with the interval that one trial expects, and the power of interactions."""
    point = main_point(design)
    rows = point["subgroups"]
    with house_style():
        figure = new_figure(7.6, 1.3 + 0.72 * len(rows))
        axes = figure.subplots()
        labels, at = [], []
        for k, row in enumerate(rows):
            for part, words, colour, shift in (
                ("members", row["subgroup"], SIMULATED, 0.18), ("others", "others", MUTED, -0.18),
            ):  # fmt: skip
                found, y = row[part], -k + shift
                reach = Z95 * found["model_se"]["value"]
                axes.errorbar(
                    100 * found["true_difference"]["value"], y, xerr=100 * reach, fmt="s",
                    color=colour, markersize=4, linewidth=1.2,
                )  # fmt: skip
                labels.append(words)
                at.append(y)
            _power_text(axes, row, -k)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(at, labels)
        axes.set_ylim(-len(rows) + 0.4, 0.9)
        axes.set_xlabel("risk difference, percentage points")
        axes.text(
            1.02, 1.0, "power of the interaction, %\nrisk diff. | log odds", fontsize=8,
            transform=axes.transAxes, va="bottom",
        )  # fmt: skip
        figure.suptitle(
            f"{design['id']}: {point_words(point)}", x=0.01, ha="left", fontsize=10,
            fontweight="bold",
        )  # fmt: skip
    return figure


def _power_text(axes: Any, row: dict[str, Any], y: float) -> None:
    powers = [
        cell(row["interaction"][scale]["power"], share=True, counted=True)
        for scale in ("risk_difference", "log_odds_ratio")
    ]
    axes.text(
        1.02, y, " | ".join(powers), fontsize=8, va="center",
        transform=axes.get_yaxis_transform(),
    )  # fmt: skip
