"""Calibration plot and decision curves of validated prediction models."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.prediction.planned_models import ValidatedModel
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure

SHADES = (SIMULATED, PUBLISHED, TRUTH, INK)


def draw_validation(models: Sequence[ValidatedModel]) -> Figure:
    """Draw observed against predicted risks in groups, and net benefit by threshold."""
    with house_style():
        figure = new_figure(9.0, 4.2)
        left, right = figure.subplots(1, 2)
        for place, each in enumerate(models):
            shade = SHADES[place % len(SHADES)]
            _calibration(left, each, shade)
            _decisions(right, each, shade)
        left.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", zorder=0)
        top = max(max(row[0], row[3]) for each in models for row in each.found.groups)
        left.set_xlim(0, min(1.0, top + 0.05))
        left.set_ylim(0, min(1.0, top + 0.05))
        left.set_xlabel("Predicted risk")
        left.set_ylabel("Observed risk, 95 % limits")
        curve = models[0].found.curve
        thresholds = [t for t, *_ in curve]
        right.plot(thresholds, [every for *_, every in curve], color=MUTED, lw=1, label="treat all")
        right.axhline(0, color=MUTED, lw=1, ls="--", label="treat none")
        highest = max(max(b.high for _, b, _ in each.found.curve) for each in models)
        right.set_ylim(-0.05, highest + 0.03)
        right.set_xlabel("Threshold of predicted risk")
        right.set_ylabel("Net benefit")
        right.legend(fontsize=8)
    return figure


def _calibration(axes: Axes, each: ValidatedModel, shade: str) -> None:
    rows = each.found.groups
    predicted, observed = [row[0] for row in rows], [row[1] for row in rows]
    reach = [[row[1] - row[2] for row in rows], [row[3] - row[1] for row in rows]]
    axes.errorbar(predicted, observed, yerr=reach, fmt="o", ms=4, lw=1, color=shade)


def _decisions(axes: Axes, each: ValidatedModel, shade: str) -> None:
    thresholds = [t for t, *_ in each.found.curve]
    benefit = [b.value for _, b, _ in each.found.curve]
    axes.plot(thresholds, benefit, color=shade, label=each.name)
    low, high = ([getattr(b, end) for _, b, _ in each.found.curve] for end in ("low", "high"))
    axes.fill_between(thresholds, low, high, color=shade, alpha=0.15, lw=0)
