"""Figures of a study: bias and coverage with Monte Carlo errors, zip plots, maps over a grid."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from estimate.methods.titles import title_of
from pretese.plots.style import (
    GRID,
    INK,
    MUTED,
    PUBLISHED,
    TRUTH,
    house_style,
    new_figure,
    save,
)
from pretese.plots.zip import SHOWN, zip_intervals
from pretese.recovery.design.study_cases import ScenarioGrid, Tolerance, cell_name
from pretese.recovery.design.study_spec import StudySpec
from pretese.recovery.results.assess import Assessment
from pretese.recovery.results.replicates import Replicates, Source, Words
from pretese.recovery.results.verdicts import NOMINAL, SHORT, Judgement

Floats = NDArray[np.float64]

#: Replicates ranked for a zip plot: the first ones, which bounds the memory.
RANKED = 10_000

#: Bias beyond this many empirical standard errors is drawn at the edge with its value.
WIDEST_BIAS = 0.6

#: Coverage below this is drawn at the edge with its value.
LOWEST_COVERAGE = 0.8


def draw_recovery_figures(
    spec: StudySpec, found: Assessment, sources: Mapping[str, Source], folder: Path
) -> None:
    """Write every figure of a study as SVG and PNG."""
    for name, draw in recovery_figure_makers(spec, found, sources).items():
        figure = draw()
        save(figure, folder / f"{name}.svg")
        save(figure, folder / f"{name}.png")


def recovery_figure_makers(
    spec: StudySpec, found: Assessment, sources: Mapping[str, Source]
) -> dict[str, Callable[[], Figure]]:
    """Return the function that draws each figure of a study, by file name."""

    @lru_cache(maxsize=1)  # figures of one case are drawn in succession
    def first(case: str) -> Mapping[Words, Replicates]:
        return sources[case].first(RANKED)

    makers: dict[str, Callable[[], Figure]] = {}
    for name, case in spec.cases.items():
        here = [each for each in found.judgements if each.case == name]
        makers[f"lollipops-{name}"] = partial(draw_lollipops, here, case.question, spec.tolerance)
        for plan in case.plans:
            shown = [e for e in here if e.plan == plan and e.scale == _zip_scale(here, plan)]
            makers[f"zip-{name}-{plan}"] = partial(_draw_zip_of, shown, first, name)
    for name, grid in spec.grids.items():
        makers[f"map-{name}"] = partial(draw_map, name, grid, spec, found.judgements)
    return makers


def _draw_zip_of(
    judgements: Sequence[Judgement],
    first: Callable[[str], Mapping[Words, Replicates]],
    case: str,
) -> Figure:
    """Read the replicates of a case only when its figure is drawn."""
    return draw_zip(judgements, first(case))


def _zip_scale(judgements: Sequence[Judgement], plan: str) -> str:
    """Return the scale on which most methods of a plan have an estimate."""
    scales = [each.scale for each in judgements if each.plan == plan]
    return max(dict.fromkeys(scales), key=scales.count)


def draw_lollipops(judgements: Sequence[Judgement], question: str, tolerance: Tolerance) -> Figure:
    """Draw bias (in standard errors) and coverage of every method of a case.

    Bars show 3 Monte Carlo standard errors on either side, bands the tolerance.
    """
    with house_style():
        figure = new_figure(8.2, 1.5 + 0.2 * len(judgements))
        left, right = figure.subplots(1, 2, sharey=True)
        for row, each in enumerate(judgements):
            _lollipop(left, right, each, -row)
        most = tolerance.bias_percent / 100
        left.axvspan(-most, most, color=GRID, zorder=0)
        reach = tolerance.coverage_percent / 100
        right.axvspan(NOMINAL - reach, NOMINAL + reach, color=GRID, zorder=0)
        labels = [_label(each, judgements) for each in judgements]
        left.set_yticks([-row for row in range(len(judgements))], labels, fontsize=7.5)
        left.set_ylim(-len(judgements) + 0.3, 0.7)
        left.set_xlim(-WIDEST_BIAS * 1.25, WIDEST_BIAS * 1.25)
        left.axvline(0, color=MUTED, lw=0.8)
        left.set_xlabel("bias, in standard errors of the estimate")
        right.axvline(NOMINAL, color=MUTED, lw=0.8)
        right.set_xlim(LOWEST_COVERAGE - 0.05, 1.0)
        right.set_xlabel("coverage of 95 % intervals")
        for axes in (left, right):
            axes.tick_params(length=0)
            axes.grid(axis="y")
            axes.set_axisbelow(True)
        n = max(each.estimates for each in judgements)
        figure.suptitle(
            fill(f"{judgements[0].case}: {question}", 76), x=0.01, ha="left", fontsize=10,
            fontweight="bold",
        )  # fmt: skip
        left.set_title(
            f"{n:,} replicates; bars: 3 Monte Carlo standard errors; "
            "bands: tolerance; red: biased, hollow if expected",
            fontsize=7.5, fontweight="normal", color=MUTED,
        )  # fmt: skip
        return figure


def _label(each: Judgement, judgements: Sequence[Judgement]) -> str:
    plans = {other.plan for other in judgements}
    plan = f"{each.plan}: " if len(plans) > 1 else ""
    return f"{plan}{title_of(each.method)}, {SHORT[each.scale]}"


def _lollipop(left: Axes, right: Axes, each: Judgement, place: float) -> None:
    colour = {"unbiased": TRUTH, "biased": PUBLISHED, "undecided": MUTED}[each.verdict]
    face = "white" if each.expected == "biased" and not each.unexpected else colour
    bias, error = each.bias / each.empirical_se, 3 * each.bias_mcse / each.empirical_se
    _point(left, bias, error, place, (-WIDEST_BIAS, WIDEST_BIAS), 0, (colour, face), "{:+z.2f}")
    _point(
        right, each.coverage, 3 * each.coverage_mcse, place, (LOWEST_COVERAGE, 1.0), NOMINAL,
        (colour, face), "{:.2f}",
    )  # fmt: skip


def _point(
    axes: Axes,
    value: float,
    error: float,
    place: float,
    limits: tuple[float, float],
    origin: float,
    colours: tuple[str, str],
    style: str,
) -> None:
    if not np.isfinite(value):
        axes.text(origin, place, "non-convergence", color=PUBLISHED, fontsize=7, va="center")
        return
    inside = float(np.clip(value, *limits))
    axes.plot([origin, inside], [place, place], color=colours[0], lw=1.0, alpha=0.6)
    if inside == value:
        axes.plot([value - error, value + error], [place, place], color=colours[0], lw=3, alpha=0.3,
                  solid_capstyle="butt")  # fmt: skip
    else:
        side = "left" if value > origin else "right"
        gap = 0.02 * (limits[1] - limits[0]) * (1 if value > origin else -1)
        axes.text(inside + gap, place, style.format(value), color=colours[0], fontsize=7, ha=side,
                  va="center")  # fmt: skip
    axes.plot([inside], [place], "o", ms=4.5, mec=colours[0], mfc=colours[1], zorder=3)


def draw_zip(judgements: Sequence[Judgement], found: Mapping[Words, Replicates]) -> Figure:
    """Draw the intervals of every method of a plan, ranked by how far they are from the truth.

    Replicates are ordered by the percentile of abs(z), z = (estimate - true effect) / SE, the
    largest on top (Morris, White, Crowther 2019, figure 4). The zip opens where intervals no longer
    contain the true effect: at the 95 % line if coverage is nominal.
    """
    columns = min(4, len(judgements))
    rows = -(-len(judgements) // columns)
    with house_style():
        figure = new_figure(2.05 * columns + 0.4, 1.9 * rows + 0.7)
        panels = np.atleast_1d(figure.subplots(rows, columns, sharey=True)).ravel()
        for axes, each in zip(panels, judgements, strict=False):
            _zip_panel(axes, each, found[each.plan, each.method, each.scale])
        for axes in panels[len(judgements) :]:
            axes.set_axis_off()
        first = judgements[0]
        ranked = len(next(iter(found.values())).estimate)
        figure.suptitle(
            f"{first.case}, {first.plan}: {first.scale}, 95 % intervals ordered by abs(z) "
            f"({min(SHOWN, ranked)} of {ranked:,})",
            x=0.01, ha="left", fontsize=9, fontweight="bold",
        )  # fmt: skip
        figure.supylabel("percentile of abs(z)", fontsize=8)
        return figure


def _zip_panel(axes: Axes, each: Judgement, found: Replicates) -> None:
    ratio = each.scale != "risk difference"
    truth = float(np.log(each.truth)) if ratio else each.truth
    zip_intervals(
        axes, found.estimate, found.std_error, found.conf_low, found.conf_high, truth, NOMINAL
    )
    reach = 4.2 * each.empirical_se if np.isfinite(each.empirical_se) else 1.0
    axes.set_xlim(truth - reach, truth + reach)
    if ratio:
        ticks = [t for t in (0.25, 0.5, 1, 2, 4, 8) if abs(np.log(t) - truth) < reach]
        axes.set_xticks([float(np.log(t)) for t in ticks], [f"{t:g}" for t in ticks])
    axes.tick_params(labelsize=7)
    axes.set_title(fill(f"{title_of(each.method)}: {100 * each.coverage:.1f} %", 28), fontsize=8)


def draw_map(
    name: str, grid: ScenarioGrid, spec: StudySpec, judgements: Sequence[Judgement]
) -> Figure:
    """Draw coverage (colour) and bias (second line) of every method over a grid of parameters.

    The cell furthest from 95 % is framed and named above the map.
    """
    plan = spec.plans[grid.plan]
    scale = plan.scales[0]
    found = {(each.case, each.method): each for each in judgements if each.scale == scale}
    methods = [m for m in plan.methods if (cell_name(name, 1, 1), m) in found]
    columns = min(2, len(methods))
    rows = -(-len(methods) // columns)
    with house_style():
        figure = new_figure(4.3 * columns, 3.1 * rows + 0.8)
        panels = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).ravel()
        for axes, method in zip(panels, methods, strict=False):
            _map_panel(axes, name, grid, method, found)
        for axes in panels[len(methods) :]:
            axes.set_axis_off()
        figure.supxlabel(grid.across.label, fontsize=8.5)
        figure.supylabel(grid.down.label, fontsize=8.5)
        figure.suptitle(
            f"{name}: coverage in % (Monte Carlo error {_coverage_error(judgements):.1f}), bias in "
            f"SE; {scale}",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
        return figure


def _coverage_error(judgements: Sequence[Judgement]) -> float:
    """Return the Monte Carlo error of a coverage of 95 %, in percent."""
    n = min(each.estimates for each in judgements)
    return 100 * float(np.sqrt(NOMINAL * (1 - NOMINAL) / n))


def _map_panel(
    axes: Axes,
    name: str,
    grid: ScenarioGrid,
    method: str,
    found: Mapping[tuple[str, str], Judgement],
) -> None:
    down, across = list(grid.down.given), list(grid.across.given)
    cells = [
        [found[cell_name(name, i + 1, j + 1), method] for j in range(len(across))]
        for i in range(len(down))
    ]
    coverage = np.array([[each.coverage for each in row] for row in cells])
    norm = TwoSlopeNorm(NOMINAL, LOWEST_COVERAGE, 1.0)
    axes.imshow(np.clip(coverage, LOWEST_COVERAGE, 1), cmap="RdBu", norm=norm, aspect="auto")
    for (i, j), value in np.ndenumerate(coverage):
        bias = cells[i][j].bias / cells[i][j].empirical_se
        pale = abs(norm(max(value, LOWEST_COVERAGE)) - 0.5) < 0.3
        axes.text(j, i, f"{100 * value:.1f}\n{bias:+z.2f}", ha="center", va="center", fontsize=7.5,
                  color=INK if pale else "white")  # fmt: skip
    row, column = np.unravel_index(np.argmax(np.abs(coverage - NOMINAL)), coverage.shape)
    axes.add_patch(_frame(int(row), int(column)))
    axes.set_xticks(range(len(across)), across)
    axes.set_yticks(range(len(down)), down)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    names = [axis.label.split(" (")[0] for axis in (grid.down, grid.across)]
    place = f"{names[0]} {down[row]}, {names[1]} {across[column]}"
    worst = f"{100 * coverage[row, column]:.1f} % at {place}"
    axes.set_title(f"{title_of(method)}\nworst: {worst}", fontsize=8.5)


def _frame(row: int, column: int) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=INK, lw=2, clip_on=False)
