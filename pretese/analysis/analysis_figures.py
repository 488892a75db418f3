"""The figures of `pretese analyse`: patient flow, effects, balance, propensity scores."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from estimate.core.result import RATIOS, Estimate
from estimate.methods.titles import title_of
from estimate.plan.findings import Analysis
from pretese.analysis.analysis_tables import arm_words, score_odds_ratios, scores_by_arm
from pretese.analysis.column_labels import label_table, with_labels
from pretese.analysis.exploration_figures import FigureMaker, exploration_makers
from pretese.analysis.journal_style import effect
from pretese.analysis.prediction_figures import draw_validation
from pretese.plots.ratio_axis import ratio_axis
from pretese.plots.style import (
    GRID,
    INK,
    MUTED,
    PUBLISHED,
    SIMULATED,
    TRUTH,
    house_style,
    new_figure,
)

#: One mark per method in the love plot, in the order of the plan; the first is before adjustment.
MARKS = "oDs^vP*X<>dph"

#: Standardised differences beyond this are usually called imbalance (Austin 2009).
IMBALANCE = 0.1

#: Characters per line in the box of an arm, in a flow diagram of standard width.
ARM_LETTERS = 28

#: Maximum width of a flow diagram, in multiples of the standard width; longer names are truncated.
WIDEST = 4


def figure_makers(found: Analysis) -> dict[str, FigureMaker]:
    """Return the function that draws each available figure, by file name."""
    makers: dict[str, FigureMaker] = {
        "flow": partial(draw_participants, found),
        "effects": partial(draw_effects, found.estimates),
    }
    if len(found.balances) > 1:
        makers["balance"] = partial(draw_balance, found)
    if found.score is not None:
        makers["propensity_scores"] = partial(draw_overlap, found)
        table = label_table(score_odds_ratios(found), found.plan.labels, found.plan.treatment)
        makers["propensity_odds_ratios"] = partial(draw_score_model, table)
    if found.predictions:
        makers["predictions"] = partial(draw_validation, found.predictions)
    return {**makers, **exploration_makers(found)}


def draw_participants(found: Analysis) -> Figure:
    """Draw the flow diagram: records assessed, excluded with reasons, analysed by arm."""
    data, record = found.complete.data, found.record()
    missing = record["missing"]
    named = partial(with_labels, labels=found.plan.labels)
    excluded = [named(f"{why}: {count}") for why, count in missing["excluded"].items() if count]
    arms = []
    names = data.levels or ("untreated", "treated")
    for value, arm in enumerate(names):
        cell = record["arms"][arm]
        code = arm if data.levels else value
        words = named(f"{data.treatment_name} = {code}: n = {cell['patients']}")
        arms.append((words, named(arm_words(data.outcome_name, cell))))
    longest = max(len(line) for lines in arms for line in lines)
    with house_style():
        stretch = min(max(1, longest / ARM_LETTERS) * len(arms) / 2, WIDEST)
        figure = new_figure((6.8 if excluded else 4.6) * stretch, 3.4)
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, 10 if excluded else 6.4)
        axes.set_ylim(0, 10)
        _box(axes, 3.2, 9, f"Records assessed\nn = {missing['assessed']}")
        _box(axes, 3.2, 5.5, f"Analysed\nn = {missing['analysed']}")
        _arrow(axes, (3.2, 8.15), (3.2, 6.35))
        if excluded:
            _box(axes, 5.6, 7.25, "Excluded\n" + "\n".join(excluded), side="left")
            _arrow(axes, (3.2, 7.25), (5.3, 7.25))
        for x, lines in zip(np.linspace(1.4, 5.0, len(arms)), arms, strict=True):
            _box(axes, x, 1.8, "\n".join(lines))
            _arrow(axes, (3.2, 4.65), (x, 2.65))
    return figure


def _box(
    axes: Axes, x: float, y: float, words: str, side: Literal["left", "center"] = "center"
) -> None:
    frame = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": MUTED}
    axes.text(x, y, words, ha=side, va="center", bbox=frame, fontsize=8.5)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": MUTED, "lw": 1})


def draw_effects(estimates: Sequence[Estimate]) -> Figure:
    """Draw effects with their intervals, on the scale of the outcome."""
    if any(each.scale == "odds ratio" for each in estimates):
        return _draw_odds_ratios(estimates)
    ratios = [each for each in estimates if each.scale in RATIOS]
    return _draw_ratios(ratios) if ratios else _draw_differences(estimates)


def _draw_ratios(shown: Sequence[Estimate]) -> Figure:
    """Draw hazard or rate ratios on a logarithmic axis."""
    with house_style():
        figure = new_figure(7.6, 1.1 + 0.34 * len(shown))
        axes = figure.add_subplot()
        _draw_rows(axes, shown)
        ratio_axis(axes, [title_of(each.method) for each in shown], shown[0].scale.capitalize())
    return figure


def _draw_differences(shown: Sequence[Estimate]) -> Figure:
    """Draw differences of means, times or risks on a linear axis."""
    with house_style():
        figure = new_figure(7.6, 1.1 + 0.34 * len(shown))
        axes = figure.add_subplot()
        _draw_rows(axes, shown)
        axes.axvline(0, color=MUTED, lw=1, zorder=0)
        axes.set_yticks(range(len(shown)), [title_of(each.method) for each in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlabel(shown[0].scale.capitalize())
    return figure


def _draw_rows(axes: Axes, shown: Sequence[Estimate]) -> None:
    for row, each in enumerate(shown):
        if each.converged:
            axes.plot([each.conf_low, each.conf_high], [row, row], color=SIMULATED, lw=1.4)
            axes.plot(each.estimate, row, "o", ms=6, color=SIMULATED)
        note = f"{effect(each)}   {each.interval}"
        axes.text(1.02, row, note, transform=axes.get_yaxis_transform(), va="center", size=8)


def _draw_odds_ratios(estimates: Sequence[Estimate]) -> Figure:
    """Draw odds ratios with their intervals; conditional ones filled, the others hollow.

    A method that has no odds ratio shows its risk ratio, as a diamond.
    """
    odds = {each.method for each in estimates if each.scale == "odds ratio"}
    shown = [
        each
        for each in estimates
        if each.scale == "odds ratio" or (each.scale == "risk ratio" and each.method not in odds)
    ]
    diamonds = [each.scale == "risk ratio" for each in shown]
    with house_style():
        figure = new_figure(7.6, 1.1 + 0.34 * len(shown))
        axes = figure.add_subplot()
        for row, each in enumerate(shown):
            if each.converged:
                marginal = "conditional" not in each.estimand.summary
                axes.plot([each.conf_low, each.conf_high], [row, row], color=SIMULATED, lw=1.4)
                face = "white" if marginal else SIMULATED
                mark = "D" if diamonds[row] else "o"
                axes.plot(each.estimate, row, mark, ms=6, color=SIMULATED, markerfacecolor=face)
            note = f"{effect(each)}   {each.interval}"
            axes.text(1.02, row, note, transform=axes.get_yaxis_transform(), va="center", size=8)
        ratio_axis(
            axes,
            [title_of(each.method) for each in shown],
            "Odds ratio, circle; risk ratio, diamond (filled: conditional)"
            if any(diamonds)
            else "Odds ratio (filled: conditional)",
        )
    return figure


def draw_score_model(table: pd.DataFrame) -> Figure:
    """Draw odds ratios of being treated, per SD of numbers and per level of categories."""
    with house_style():
        figure = new_figure(7.6, 1.1 + 0.3 * len(table))
        axes = figure.add_subplot()
        rows = zip(table["odds_ratio"], table["low"], table["high"], strict=True)
        for row, (ratio, low, high) in enumerate(rows):
            axes.plot([low, high], [row, row], color=INK, lw=1.2)
            axes.plot(ratio, row, "s", ms=4.5, color=INK)
            known = np.isfinite(ratio)
            note = f"{ratio:.2f} ({low:.2f} to {high:.2f})" if known else "not estimable"
            axes.text(1.02, row, note, transform=axes.get_yaxis_transform(), va="center", size=8)
        ratio_axis(axes, list(table["covariate"]), "Odds ratio of treatment")
    return figure


def draw_balance(found: Analysis) -> Figure:
    """Draw a love plot: absolute standardised differences before and after each method."""
    record = found.record()["balance"]
    first = next(iter(record.values()))
    names = [with_labels(row["covariate"], found.plan.labels) for row in first]
    before = [abs(row["difference"] or 0) for row in first]
    order = np.argsort(before)
    with house_style():
        figure = new_figure(7.0, 1.2 + 0.3 * len(names))
        axes = figure.add_subplot()
        shades = [PUBLISHED, SIMULATED, INK, TRUTH, "#7c3aed", "#0891b2", MUTED]
        for index, (method, rows) in enumerate(record.items()):
            values = [abs(rows[i]["difference"] or 0) for i in order]
            axes.plot(
                values, range(len(names)), MARKS[index % len(MARKS)], ms=5, label=title_of(method),
                color=shades[min(index, 6)], markerfacecolor="none" if index else PUBLISHED,
                clip_on=False,
            )  # fmt: skip
        axes.axvline(IMBALANCE, color=MUTED, lw=1, ls="--")
        axes.set_yticks(range(len(names)), [names[i] for i in order])
        axes.set_xlim(left=0)
        axes.grid(axis="y", color=GRID)
        axes.set_xlabel("Absolute standardised mean difference")
        axes.legend(loc="lower right", fontsize=8)
    return figure


def draw_overlap(found: Analysis) -> Figure:
    """Draw mirrored histograms of propensity scores: treated above, untreated below."""
    treated, untreated = scores_by_arm(found)
    with house_style():
        figure = new_figure(6.4, 3.2)
        axes = figure.add_subplot()
        edges: NDArray[np.float64] = np.linspace(0, 1, 41)
        for scores, sign, shade, arm in (
            (treated, 1, SIMULATED, "treated"),
            (untreated, -1, PUBLISHED, "untreated"),
        ):
            heights = np.histogram(scores, edges)[0] / max(1, len(scores)) * 100
            label = f"{arm} (n = {len(scores)})"
            axes.bar(edges[:-1], sign * heights, 0.025, align="edge", color=shade, label=label)
        axes.axhline(0, color=INK, lw=0.8)
        ticks = axes.get_yticks()
        axes.set_yticks(ticks, [f"{abs(tick):g}" for tick in ticks])
        axes.set_xlim(0, 1)
        axes.set_xlabel("Propensity score")
        axes.set_ylabel("Percentage of the arm")
        axes.legend(fontsize=8)
    return figure
