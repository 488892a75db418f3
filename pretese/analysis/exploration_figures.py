"""Figures of exploratory analyses: subgroups, curves and mediation."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from estimate.core.result import Estimate
from estimate.description.table1 import format_p
from estimate.imputation.chain import Imputation
from estimate.imputation.convergence import convergence
from estimate.mediation.effects import Effect, Mediation
from estimate.plan.explore import Division, Shape
from estimate.plan.findings import Analysis
from estimate.plan.live_birth import CumulativeLiveBirth
from estimate.plan.pathways import Pathway
from pretese.analysis.journal_style import effect
from pretese.plots.before_after import draw_changes
from pretese.plots.ratio_axis import ratio_axis
from pretese.plots.style import GRID, INK, MUTED, PUBLISHED, SIMULATED, house_style, new_figure

#: Odds ratios that may be marked on the axis of a curve.
ODDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

#: Curves side by side in one row.
ACROSS = 3

#: A function that draws one figure.
FigureMaker = Callable[[], Figure]


def exploration_makers(found: Analysis) -> dict[str, FigureMaker]:
    """Return the function that draws each figure, by file name."""
    makers: dict[str, FigureMaker] = {}
    if found.complete.imputation is not None:
        makers["imputation"] = partial(draw_chains, found.complete.imputation)
    if found.divisions:
        overall = next((each for each in found.estimates if each.method == "adjusted"), None)
        makers["subgroups"] = partial(draw_subgroups, found.divisions, overall)
    if found.shapes:
        makers["splines"] = partial(draw_curves, found.shapes)
    if found.pathways:
        mediations = [each.mediation for each in found.pathways]
        makers["mediation"] = partial(draw_mediations, mediations)
    correlated = [each for each in found.pathways if each.correlation is not None]
    if correlated:
        makers["mediation_sensitivity"] = partial(draw_correlations, correlated)
    if found.changes:
        makers["changes"] = partial(draw_changes, found.changes)
    if found.live_births:
        makers["live_birth"] = partial(draw_live_birth, found.live_births)
    return makers


def draw_chains(done: Imputation) -> Figure:
    """Draw mean and SD of the imputed values over the iterations, one line per imputation.

    Chains that mix have converged; chains that stay separate have not.
    """
    reduction, rows = convergence(done), len(done.incomplete)
    turns = np.arange(1, done.means.shape[-3] + 1)
    with house_style():
        figure = new_figure(7.6, 0.6 + 1.5 * rows)
        grid = figure.subplots(rows, 2, squeeze=False, sharex=True)
        for row, name in enumerate(done.incomplete):
            for axes, traces, words, ratio in (
                (grid[row, 0], done.means, "mean", reduction.of_means[row]),
                (grid[row, 1], done.sds, "SD", reduction.of_sds[row]),
            ):
                axes.plot(turns, traces[..., row], color=SIMULATED, lw=0.7, alpha=0.5)
                axes.set_title(f"{name}: {words}, R-hat {ratio:.2f}", weight="normal", size=8.5)
        for axes in grid[-1]:
            axes.set_xlabel("Iteration")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def draw_subgroups(divisions: Sequence[Division], overall: Estimate | None = None) -> Figure:
    """Draw a forest of odds ratios by group, with events per arm and the p of each interaction.

    Squares have areas in proportion to the precision of the estimate. The first row is the
    adjusted odds ratio of all patients, if the plan has it.
    """
    rows = sum(len(each.labels) + 1 for each in divisions) + (overall is not None)
    answers = [answer for each in divisions for answer in each.separate if answer.converged]
    most = max((1 / float(answer.std_error) ** 2 for answer in answers), default=1.0)
    with house_style():
        figure = new_figure(8.4, 1.0 + 0.27 * rows)
        axes = figure.add_subplot()
        labels: list[str] = []
        side = axes.get_yaxis_transform()
        if overall is not None and overall.converged:
            _square(axes, 0, overall, 1.0, INK)
            note = f"{effect(overall)}   n = {int(overall.n)}"
            axes.text(1.02, 0, note, transform=side, va="center", size=8)
            axes.axvline(float(overall.estimate), color=MUTED, lw=0.8, ls="--", zorder=0)
            labels.append("All patients")
        for division in divisions:
            place = len(labels)
            p_value = format_p(division.p_value) or "not estimable"
            words = f"p for interaction ({division.test}): {p_value}"
            axes.text(1.02, place, words, transform=side, va="center", size=8, color=MUTED)
            labels.append(division.name)
            for row, (label, answer) in enumerate(
                zip(division.labels, division.separate, strict=True)
            ):
                place = len(labels)
                if answer.converged:
                    share = 1 / float(answer.std_error) ** 2 / most
                    _square(axes, place, answer, share, SIMULATED)
                note = f"{effect(answer)}   {_events(division, row)}"
                axes.text(1.02, place, note, transform=side, va="center", size=8)
                labels.append(f"  {label}")
        ratio_axis(axes, labels, "Odds ratio of treatment (right: events, treated vs untreated)")
        for tick in axes.get_yticklabels():
            tick.set_fontweight("normal" if tick.get_text().startswith(" ") else "bold")
    return figure


def _square(axes: Axes, place: int, answer: Estimate, share: float, shade: str) -> None:
    """Draw an interval and a square whose area is in proportion to the precision."""
    axes.plot([answer.conf_low, answer.conf_high], [place, place], color=shade, lw=1.4)
    size = 3 + 6 * float(np.sqrt(min(share, 1.0)))
    axes.plot(answer.estimate, place, "s", ms=size, color=shade)


def _events(division: Division, row: int) -> str:
    """Return events among patients, treated then untreated."""
    pairs = zip(division.events[row], division.patients[row], strict=True)
    untreated, treated = (f"{yes:.0f}/{n:.0f}" for yes, n in pairs)
    return f"{treated} vs {untreated}"


def draw_curves(shapes: Sequence[Shape]) -> Figure:
    """Draw restricted cubic splines with pointwise 95 % bands, knots, and a rug of the patients."""
    across = min(ACROSS, len(shapes))
    down = -(-len(shapes) // across)
    with house_style():
        figure = new_figure(0.6 + 2.7 * across, 2.6 * down)
        grid = np.asarray(figure.subplots(down, across, squeeze=False)).ravel()
        for axes, shape in zip(grid, shapes, strict=False):
            _curve(axes, shape)
        for axes in grid[len(shapes) :]:
            axes.set_axis_off()
    return figure


def _curve(axes: Axes, shape: Shape) -> None:
    curve = shape.curve
    axes.set_xlabel(shape.name)
    if np.isnan(curve.log_odds_ratio).all():
        axes.text(0.5, 0.5, "not estimable", transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_yticks([])
        return
    axes.fill_between(
        curve.x, np.exp(curve.conf_low), np.exp(curve.conf_high), color=SIMULATED, alpha=0.15, lw=0
    )
    axes.plot(curve.x, np.exp(curve.log_odds_ratio), color=SIMULATED, lw=1.6)
    axes.axhline(1, color=MUTED, lw=0.8)
    inside = (shape.observed >= curve.x[0]) & (shape.observed <= curve.x[-1])
    rug = shape.observed[inside]
    along = axes.get_xaxis_transform()
    axes.plot(
        rug, np.zeros(len(rug)), "|", color=INK, ms=5, alpha=0.25, clip_on=False, transform=along
    )
    axes.plot(shape.knots, np.ones(len(shape.knots)), "o", ms=3.5, color=PUBLISHED)
    axes.set_yscale("log")
    axes.set_ylabel(f"Odds ratio (1 at {curve.reference:g})")
    axes.set_title(f"p for bending: {format_p(shape.nonlinear_p)}", weight="normal", size=9)
    low, high = axes.get_ylim()
    ticks = [tick for tick in ODDS if low < tick < high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)


def draw_mediations(mediations: Sequence[Mediation]) -> Figure:
    """Draw indirect, direct and total effects in percentage points, with their 95 % limits."""
    kinds = {"acme": "through", "ade": "not through", "total": "total"}
    shades = {"acme": PUBLISHED, "ade": SIMULATED, "total": INK}
    labels: list[str] = []
    with house_style():
        figure = new_figure(7.6, 1.0 + 0.3 * 4 * len(mediations))
        axes = figure.add_subplot()
        side = axes.get_yaxis_transform()
        for found in mediations:
            labels.append(f"{found.exposure}:")
            for key, words in kinds.items():
                one = found.effects[key]
                place, shade = len(labels), shades[key]
                axes.plot([100 * one.conf_low, 100 * one.conf_high], [place] * 2, color=shade)
                axes.plot(100 * one.mean, place, "o", ms=5, color=shade)
                note = f"{100 * one.mean:+z.1f} ({100 * one.conf_low:+z.1f} to "
                note += f"{100 * one.conf_high:+z.1f}), p {_p_with_error(one)}"
                axes.text(1.02, place, note, transform=side, va="center", size=8)
                labels.append(words if key == "total" else f"{words} {found.mediator}")
        axes.axvline(0, color=MUTED, lw=1, zorder=0)
        axes.grid(axis="y", color=GRID)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.4, -0.6)
        axes.set_xlabel("Effect on the risk, percentage points")
    return figure


def _p_with_error(one: Effect) -> str:
    """Return a p-value from draws with its Monte Carlo standard error."""
    p_value = float(one.p_value)
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f} ± {float(one.p_error):.3f}"


def draw_correlations(pathways: Sequence[Pathway]) -> Figure:
    """Draw the indirect effect by the correlation of errors, with its pointwise 95 % band."""
    across = min(ACROSS, len(pathways))
    down = -(-len(pathways) // across)
    with house_style():
        figure = new_figure(0.8 + 3.2 * across, 3.0 * down)
        grid = np.asarray(figure.subplots(down, across, squeeze=False)).ravel()
        for axes, each in zip(grid, pathways, strict=False):
            _correlation(axes, each)
        for axes in grid[len(pathways) :]:
            axes.set_axis_off()
    return figure


def _correlation(axes: Axes, each: Pathway) -> None:
    found = each.correlation
    if found is None:
        return
    low, middle, high = (100 * part for part in (found.conf_low, found.acme, found.conf_high))
    axes.fill_between(found.rho, low, high, color=PUBLISHED, alpha=0.15, lw=0)
    axes.plot(found.rho, middle, color=PUBLISHED, lw=1.6)
    for line in (axes.axhline, axes.axvline):
        line(0, color=MUTED, lw=0.8)
    if np.isfinite(found.vanishes_at):
        axes.plot(found.vanishes_at, 0, "o", ms=5, color=INK)
        axes.annotate(
            f"{found.vanishes_at:.2f}", (found.vanishes_at, 0), (6, 6), textcoords="offset points"
        )
    axes.set_xticks([-0.8, -0.4, 0, 0.4, 0.8])
    axes.set_xlabel("Correlation of the errors")
    axes.set_ylabel(f"Through {each.mediation.mediator}, points")
    axes.set_title(each.mediation.exposure, weight="normal", size=9)


def draw_live_birth(live_births: Sequence[CumulativeLiveBirth]) -> Figure:
    """Draw cumulative live birth by arm over the order of transfers, one panel per convention."""
    with house_style():
        figure = new_figure(0.8 + 3.1 * len(live_births), 3.6)
        grid = figure.subplots(1, len(live_births), squeeze=False, sharey=True)[0]
        for axes, each in zip(grid, live_births, strict=True):
            _live_birth_curve(axes, each)
        grid[0].set_ylabel("Couples with a live birth, %")
        grid[0].legend(loc="upper left", fontsize=8)
    return figure


def _live_birth_curve(axes: Axes, each: CumulativeLiveBirth) -> None:
    places = each.curves[0].table.order
    for row, (curve, shade, arm) in enumerate(
        zip(each.curves, (PUBLISHED, SIMULATED), ("untreated", "treated"), strict=True)
    ):
        # the curve is constant after the last transfer
        x = np.r_[0, places, places[-1] + 0.7]
        rise, low, high = (
            100 * (1 - np.r_[1, limit, limit[-1]])
            for limit in (curve.survival, curve.conf_high, curve.conf_low)
        )
        axes.step(x, rise, where="post", color=shade, lw=1.6, label=arm)
        axes.fill_between(x, low, high, step="post", color=shade, alpha=0.12, lw=0)
        for place, number in zip(places, curve.table.at_risk, strict=True):
            axes.text(
                place, -0.26 - 0.07 * row, f"{number:.0f}", color=shade, size=7.5, ha="center",
                transform=axes.get_xaxis_transform(),
            )  # fmt: skip
    axes.set_ylim(0, 100)
    axes.set_xticks(places)
    axes.set_xlabel("Embryo transfer (below: couples at risk)")
    axes.set_title(
        f"{each.convention}, log-rank p {format_p(each.p_value)}", weight="normal", size=9
    )
