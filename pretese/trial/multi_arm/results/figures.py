"""Figure of the operating characteristics of a trial with several arms."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure
from pretese.trial.report.figures.sensitivity_figures import draw_grid, draw_tornado
from simulate.labels import label_of

_COLOURS = (SIMULATED, PUBLISHED, TRUTH, "#7c3aed", "#b45309")


def draw_arms(document: dict[str, Any]) -> Figure:
    """Draw rejection of each comparison, family-wise error, and expected sample size.

    Intervals are ± 2 MCSE, at the largest sample size of the study.
    """
    size = document["sizes"][-1]
    cases = size["configurations"]
    with house_style():
        figure = new_figure(9.6, 1.9 + 0.45 * len(cases))
        left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=(2.2, 1.1, 1.1))
        _rejections(left, document, cases)
        _dots(middle, [row["familywise_error"] for row in cases], 100, PUBLISHED)
        middle.axvline(100 * document["alpha"], color=MUTED, linestyle="--", linewidth=1)
        middle.set_xlabel("family-wise error, %")
        middle.set_xlim(left=0)
        _dots(right, [row["participants"] for row in cases], 1, SIMULATED)
        right.axvline(size["participants"], color=MUTED, linestyle="--", linewidth=1)
        right.set_xlabel("expected participants")
        right.set_xlim(0, 1.08 * size["participants"])
        left.set_yticks(range(len(cases)), [row["configuration"] for row in cases])
        left.set_ylim(len(cases) - 0.5, -0.5)
        left.set_title(f"{document['id']}, {size['participants']} participants")
        for axes in (left, middle, right):
            axes.grid(axis="x")
            axes.tick_params(left=False)
    return figure


def arm_figures(document: dict[str, Any]) -> dict[str, Figure]:
    """Return the figures of a study by name: power, and those of its sensitivity analyses."""
    figures = {"power": draw_arms(document)}
    if document["sensitivity"]:
        figures["sensitivity"] = draw_grid(document)
    if document["tornado"]:
        figures["tornado"] = draw_tornado(document)
    return figures


def _rejections(axes: Axes, document: dict[str, Any], cases: list[dict[str, Any]]) -> None:
    names, label = document["comparisons"], document["hypotheses"][0]
    for k, name in enumerate(names):
        shift = 0.5 * ((k + 0.5) / len(names) - 0.5)
        found = [row["comparisons"][k]["rejection"][label] for row in cases]
        axes.errorbar(
            [100 * each["value"] for each in found], [i + shift for i in range(len(cases))],
            xerr=[200 * each["mcse"] for each in found], fmt="o", markersize=4,
            color=_COLOURS[k % len(_COLOURS)], label=name,
        )  # fmt: skip
    axes.set_xlim(-2, 102)
    axes.set_xlabel(f"rejected, {label_of(label)}, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=min(len(names), 5))


def _dots(axes: Axes, found: list[dict[str, Any] | None], factor: float, colour: str) -> None:
    rows = [(i, each) for i, each in enumerate(found) if each is not None]
    axes.errorbar(
        [factor * each["value"] for _, each in rows], [i for i, _ in rows],
        xerr=[2 * factor * each["mcse"] for _, each in rows], fmt="o", markersize=4, color=colour,
    )  # fmt: skip
