"""Figures of `pretese reproduce`."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.article.published import PublishedStudy
from pretese.article.report.compare import Row
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
from simulate.core.coding import BASELINE
from simulate.labels import axis_label

Floats = NDArray[np.float64]

#: Characters per line of the labels of an axis.
LABEL = 38

#: (label, published odds ratio with limits, id of the simulated odds ratio)
_QUESTIONS = (
    ("Operated patients, unadjusted", "table2.unadjusted", "table2.unadjusted.odds_ratio"),
    ("Operated patients, weighted (IPTW)", "table2.iptw", "table2.iptw.odds_ratio"),
    ("Operated patients, matched", "table2.matched", "table2.matched.odds_ratio"),
    (
        "Operated patients, adjusted for diagnosis",
        "derived.odds_ratio.diagnosis_adjusted",
        "derived.odds_ratio.diagnosis_adjusted",
    ),
    (
        "All who started, any sperm, unadjusted",
        "derived.odds_ratio.any_sperm",
        "derived.odds_ratio.any_sperm",
    ),
    (
        "All who started, any sperm, adjusted for diagnosis",
        "derived.odds_ratio.any_sperm_diagnosis_adjusted",
        "derived.odds_ratio.any_sperm_diagnosis_adjusted",
    ),
)


def draw_questions(published: PublishedStudy, simulated: Mapping[str, Floats]) -> Figure:
    """Draw published odds ratios with intervals, and the distribution of the simulated ones."""
    with house_style():
        figure = new_figure(8.2, 3.7)
        axes = figure.add_subplot()
        places = range(len(_QUESTIONS), 0, -1)
        for place, (_, stem, key) in zip(places, _QUESTIONS, strict=True):
            _distribution(axes, simulated[key], place)
            _published_interval(axes, published, stem, place)
        _truth_line(
            axes, simulated, "retrieved_operated", "true effect, operated patients", "right"
        )
        _truth_line(axes, simulated, "any_sperm_enrolled", "true effect, any sperm", "left")
        axes.axvline(1, color=MUTED, lw=0.8)
        axes.set_xscale("log")
        ticks = [0.75, 1, 1.5, 2, 3, 4]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(0.7, 4.6)
        axes.set_ylim(0.1, len(_QUESTIONS) + 0.6)
        axes.set_yticks(list(places), [fill(label, LABEL) for label, _, _ in _QUESTIONS])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("odds ratio of sperm, gonadotropins against no therapy")
        axes.set_title("Published (red) and simulated (blue)")
        return figure


def _truth_line(
    axes: Axes,
    simulated: Mapping[str, Floats],
    key: str,
    words: str,
    side: Literal["left", "right"],
) -> None:
    truth = float(np.nanmean(simulated[f"truth.{key}.odds_ratio"]))
    axes.axvline(truth, color=TRUTH, lw=1, ls=(0, (4, 2)), zorder=0)
    axes.text(truth, 0.25, f" {words} {truth:.2f} ", color=TRUTH, fontsize=8, ha=side)


def _distribution(axes: Axes, values: Floats, place: float) -> None:
    """Draw the 2.5th to 97.5th percentile, interquartile range and median of simulated studies."""
    finite = values[np.isfinite(values)]
    low, quarter, half, three, high = np.quantile(finite, [0.025, 0.25, 0.5, 0.75, 0.975])
    line = place + 0.12
    axes.plot([low, high], [line, line], color=SIMULATED, lw=1.4, alpha=0.45)
    axes.plot(
        [quarter, three], [line, line], color=SIMULATED, lw=6, alpha=0.35, solid_capstyle="butt"
    )
    axes.plot([half], [line], "|", color=SIMULATED, ms=11, mew=2)


def _published_interval(axes: Axes, published: PublishedStudy, stem: str, place: float) -> None:
    numbers = published.numbers
    point = numbers.get(f"{stem}.odds_ratio") or numbers[stem]
    low = numbers.get(f"{stem}.conf_low") or numbers[f"{stem}.profile_low"]
    high = numbers.get(f"{stem}.conf_high") or numbers[f"{stem}.profile_high"]
    lower = place - 0.17
    axes.plot([low.value, high.value], [lower, lower], color=PUBLISHED, lw=1.2)
    axes.plot([point.value], [lower], "o", color=PUBLISHED, ms=4.5)


def draw_quartiles(rows: Sequence[Row]) -> Figure:
    """Draw Table 1: simulated against published quartiles of every variable, by group."""
    found = {row.id: row for row in rows}
    with house_style():
        figure = new_figure(8.2, 5.6)
        for index, variable in enumerate(BASELINE):
            _quartile_panel(figure.add_subplot(3, 3, index + 1), variable, found, index % 3 == 0)
        figure.suptitle(
            "Quartiles: published (red) and simulated (blue: mean, 2.5th to 97.5th percentile)",
            x=0.01, ha="left", fontsize=10, fontweight="bold",
        )  # fmt: skip
        return figure


def _quartile_panel(
    axes: Axes, variable: str, found: Mapping[str, Row], first_column: bool
) -> None:
    groups = ("overall", "untreated", "treated")
    for place, group in enumerate(groups):
        for name in ("q1", "median", "q3"):
            row = found[f"table1.{variable}.{group}.{name}"]
            answer, height = row.simulated, -place
            if answer is None:
                continue
            axes.plot([answer.low_2_5, answer.high_97_5], [height, height], color=SIMULATED, lw=4,
                      alpha=0.3, solid_capstyle="butt")  # fmt: skip
            axes.plot([answer.simulated_mean], [height], "|", color=SIMULATED, ms=9, mew=1.6)
            axes.plot([row.value], [height - 0.3], "o", color=PUBLISHED, ms=3)
    axes.set_yticks([0, -1, -2], groups if first_column else [""] * 3)
    axes.set_ylim(-2.7, 0.5)
    axes.tick_params(length=0, labelsize=7.5)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_title(axis_label(variable), fontsize=8.5)


def draw_predictions(rows: Sequence[Row]) -> Figure:
    """Draw the percentile of each predicted printed number among the simulated studies."""
    shown = [
        (row, row.simulated.percentile)
        for row in rows
        if row.status == "predicted" and row.simulated
        if row.origin == "printed" and "overall" not in row.id and "table1.n" not in row.id
        if not row.id.endswith((".percent", "ejaculate.count"))
    ]
    with house_style():
        figure = new_figure(8.2, 0.9 + 0.29 * len(shown))
        axes = figure.add_subplot()
        axes.axvspan(2.5, 97.5, color=GRID, zorder=0)
        for place, (_, percentile) in enumerate(shown):
            inside = 2.5 <= percentile <= 97.5
            axes.plot([percentile], [-place], "o" if inside else "D", ms=5,
                      color=INK if inside else PUBLISHED)  # fmt: skip
        labels = [fill(f"{row.label}: {row.published}", LABEL) for row, _ in shown]
        axes.set_yticks([-place for place in range(len(shown))], labels, fontsize=7)
        axes.set_xlim(-2, 102)
        axes.set_ylim(-len(shown) + 0.4, 0.6)
        axes.set_xlabel("percentile of the published value among simulated studies (band: 95 %)")
        axes.set_title("Printed numbers that were not used for calibration")
        return figure
