"""Forest plot and funnel plot of pooled evidence."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.core.result import Z95
from pretese.literature.evidence_view import shown_effect
from pretese.literature.pooled_evidence import PooledEvidence
from pretese.plots.ratio_axis import ratio_axis
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, house_style, new_figure


def draw_forest(found: PooledEvidence) -> Figure:
    """Draw studies with intervals and weights, the pooled effect, and the prediction interval."""
    rows = found.rows
    with house_style():
        figure = new_figure(8.4, 1.5 + 0.32 * len(rows))
        axes = figure.add_subplot()
        if found.scale != "risk difference":
            axes.set_xscale("log")
        side = axes.get_yaxis_transform()
        for place, row in enumerate(rows):
            axes.plot([row.conf_low, row.conf_high], [place, place], color=SIMULATED, lw=1.3)
            size = 3 + 0.09 * row.weight_percent
            axes.plot(row.estimate, place, "s", ms=size, color=SIMULATED)
            note = f"{_interval(row.estimate, row.conf_low, row.conf_high)}   "
            note += f"{row.weight_percent:.0f} %"
            axes.text(1.02, place, note, transform=side, va="center", size=8)
        labels = [row.name for row in rows] + _draw_pooled(axes, found, len(rows))
        _finish_axis(axes, found, labels)
    return figure


def _interval(effect: float, low: float, high: float) -> str:
    return f"{shown_effect(effect)} ({shown_effect(low)} to {shown_effect(high)})"


def _draw_pooled(axes: Axes, found: PooledEvidence, place: int) -> list[str]:
    """Draw the pooled effect as a diamond and the prediction interval as a line; name both."""
    fit = found.fit
    effect, low, high = (found.shown(v[0]) for v in (fit.coefficient, fit.conf_low, fit.conf_high))
    side = axes.get_yaxis_transform()
    across, up = [low, effect, high, effect], [place, place - 0.25, place, place + 0.25]
    axes.fill(across, up, color=PUBLISHED, lw=0)
    axes.text(1.02, place, _interval(effect, low, high), transform=side, va="center", size=8,
              weight="bold")  # fmt: skip
    if fit.studies < 2:
        return ["pooled"]
    lowest, highest = (found.shown(v) for v in fit.prediction()[1:])
    axes.plot([lowest, highest], [place + 1, place + 1], color=PUBLISHED, lw=1.3)
    words = f"{shown_effect(lowest)} to {shown_effect(highest)}"
    axes.text(1.02, place + 1, words, transform=side, va="center", size=8)
    return ["pooled", "prediction interval"]


def _finish_axis(axes: Axes, found: PooledEvidence, labels: list[str]) -> None:
    title = f"{found.scale.capitalize()} of {found.endpoint}, therapy against control"
    title += " (right of the line favours therapy)"
    if found.scale != "risk difference":
        ratio_axis(axes, labels, title)
        return
    axes.axvline(0, color=MUTED, lw=1, zorder=0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlabel(title)


def draw_belief(prior: NormalMixture) -> Figure:
    """Draw a prior over the odds ratio; the part below 1, harm, is shaded."""
    low, high = prior.quantile(0.005), prior.quantile(0.995)
    smooth = prior.sd_of > 0
    at = np.linspace(min(low, -0.7), max(high, 0.7), 500)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (at[:, None] - prior.mean_of[smooth]) / prior.sd_of[smooth]
        density = np.exp(-0.5 * z**2) @ (prior.weight[smooth] / prior.sd_of[smooth])
    harm = 100 * prior.probability_below(0.0)
    with house_style():
        figure = new_figure(6.4, 3.4)
        axes = figure.add_subplot()
        axes.plot(np.exp(at), density, color=SIMULATED, lw=1.6)
        below = at <= 0
        axes.fill_between(np.exp(at[below]), density[below], color=PUBLISHED, alpha=0.3, lw=0)
        for weight, mean in zip(prior.weight[~smooth], prior.mean_of[~smooth], strict=True):
            axes.plot([np.exp(mean)] * 2, [0, density.max()], color=INK, lw=1.2)
            words = f"{100 * weight:.0f} % exactly {np.exp(mean):g}"
            axes.annotate(words, (np.exp(mean), density.max()), (-4, -4), size=8, ha="right",
                          textcoords="offset points")  # fmt: skip
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(bottom=0)
        axes.set_yticks([])
        axes.set_ylabel("Density")
        axes.set_xlabel(f"Odds ratio (below 1, harm: {harm:.0f} %)")
    return figure


def draw_funnel(found: PooledEvidence) -> Figure:
    """Draw effects against their standard errors, with the region of 95 % around the pooled one."""
    errors = np.sqrt(found.effects.variance)
    centre = float(found.fit.coefficient[0])
    top = 1.1 * float(errors.max())
    with house_style():
        figure = new_figure(5.6, 4.2)
        axes = figure.add_subplot()
        if found.scale != "risk difference":
            axes.set_xscale("log")
        depth = np.linspace(0, top, 60)
        low, high = ([found.shown(centre + way * Z95 * e) for e in depth] for way in (-1, 1))
        axes.fill_betweenx(depth, low, high, color=MUTED, alpha=0.15, lw=0)
        axes.axvline(found.shown(centre), color=PUBLISHED, lw=1.2)
        shown = [found.shown(each) for each in found.effects.effect]
        axes.plot(shown, errors, "o", ms=5, color=SIMULATED)
        # Labels stand above and below in turn: studies of one size lie side by side.
        for rank, i in enumerate(np.argsort(errors)):
            offset = (4, 3 if rank % 2 else -9)
            axes.annotate(found.rows[i].name, (shown[i], errors[i]), offset,
                          textcoords="offset points", size=7, color=INK)  # fmt: skip
        axes.set_ylim(top, 0)
        axes.set_ylabel("Standard error")
        axes.set_xlabel(found.scale.capitalize())
        if found.scale != "risk difference":
            axes.xaxis.set_major_formatter("{x:g}")
    return figure
