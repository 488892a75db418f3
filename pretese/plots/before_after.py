"""Hormones before therapy and at its end, as measured at the visits of a cohort."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from estimate.description.table1 import format_p
from estimate.plan.changes import Change, Pairs
from pretese.plots.safe_figures import PlainLog
from pretese.plots.style import GRID, INK, MUTED, SIMULATED, house_style, new_figure
from simulate.hormones.drugs import HCG, UFSH

#: Number of patients drawn as single lines in each group.
LINES = 40

#: Hormones of a visit, with their names on the page; only the gonadotropins span decades.
HORMONES = {
    "lh_iu_l": ("LH, IU/L", True),
    "fsh_iu_l": ("FSH, IU/L", True),
    "testosterone_nmol_l": ("testosterone, nmol/L", False),
    "estradiol_pmol_l": ("estradiol, pmol/L", False),
}

#: Ratio of the quartiles above which the axis is logarithmic.
DECADES = 3.0

#: Characters per line of the name of a group.
LETTERS = 24

GROUPS = ("hCG alone", "hCG and uFSH")


def pair_visits(
    visits: pd.DataFrame, injections: pd.DataFrame, hormone: str
) -> Mapping[str, Pairs]:
    """Return each group's patients with a value before therapy (month 0) and at their last visit.

    Parameters
    ----------
    visits, injections
        As `study_tables.tables` makes them, or a clinic's with ``patient_id``, ``month`` and
        hormones, and ``patient_id`` and ``drug``.
    """
    wide = visits.pivot_table(
        index="patient_id", columns="month", values=hormone, aggfunc="first", dropna=False
    )
    under = wide.loc[wide.index.isin(visits.loc[visits["month"] > 0, "patient_id"])]
    last = under.drop(columns=0).ffill(axis=1).iloc[:, -1]
    known = under[0].notna() & last.notna()
    beside = injections[injections["drug"] != HCG]
    with_other = under.index.isin(beside["patient_id"])
    others = sorted(set(beside["drug"]) - {UFSH})
    groups = (GROUPS[0], f"hCG and {', '.join(others)}") if others else GROUPS
    return {
        group: Pairs(*(ends[known & chosen].to_numpy() for ends in (under[0], last)))
        for group, chosen in zip(groups, (~with_other, with_other), strict=True)
    }


def draw_before_after(visits: pd.DataFrame, injections: pd.DataFrame) -> Figure:
    """Draw every hormone before and after therapy: patients, medians, quartiles, 5 to 95 %.

    The p-value under each group is of the change within patients.
    """
    with house_style():
        figure = new_figure(8.2, 5.8)
        for axes, (hormone, (label, decades)) in zip(
            figure.subplots(2, 2).ravel(), HORMONES.items(), strict=True
        ):
            _panel(axes, pair_visits(visits, injections, hormone), decades)
            axes.set_title(label)
        figure.suptitle(
            "Before therapy and at the last visit: patients, median, quartiles, 5 to 95 %",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def draw_changes(changes: Sequence[Change]) -> Figure:
    """Draw measurements of a plan before and after therapy, one panel each."""
    across = min(2, len(changes))
    down = -(-len(changes) // across)
    with house_style():
        figure = new_figure(1.4 + 3.4 * across, 0.5 + 2.7 * down)
        grid = np.asarray(figure.subplots(down, across, squeeze=False)).ravel()
        for axes, each in zip(grid, changes, strict=False):
            everyone = np.concatenate([pairs.before for _, pairs in each.groups])
            low, high = np.quantile(everyone, [0.25, 0.75])
            _panel(axes, dict(each.groups), bool(low > 0 and high > DECADES * low))
            axes.set_title(each.name)
        for axes in grid[len(changes) :]:
            axes.set_axis_off()
    return figure


def _p(pairs: Pairs) -> str:
    words = format_p(pairs.p_value)
    return words.replace("<", "< ") if words.startswith("<") else f"= {words}"


def _panel(axes: Axes, groups: Mapping[str, Pairs], decades: bool) -> None:
    ticks, labels, top = [], [], 0.0
    for place, (name, pairs) in enumerate(groups.items()):
        x = 3 * place
        both = np.stack([pairs.before, pairs.after])
        axes.plot([x, x + 1], both[:, :LINES], color=MUTED, lw=0.5, alpha=0.4, zorder=1)
        if both.size:
            for at, values in zip((x, x + 1), both, strict=True):
                _box(axes, at, values)
            top = max(top, float(np.quantile(both, 0.98)))
        ticks += [x, x + 1]
        labels += ["before", "after"]
        axes.text(
            x + 0.5, -0.13, f"{fill(name, LETTERS)}\n{both.shape[1]} patients, P {_p(pairs)}",
            transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xticks(ticks, labels)
    axes.set_xlim(-0.6, 3 * len(groups) - 1.4)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    if decades:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(PlainLog(labelOnlyBase=False))
    elif top > 0:
        axes.set_ylim(0, 1.15 * top)


def _box(axes: Axes, at: float, values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> None:
    low, first, middle, third, high = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    axes.plot([at, at], [low, high], color=SIMULATED, lw=1.4, zorder=2)
    axes.plot([at, at], [first, third], color=SIMULATED, lw=9, alpha=0.55,
              solid_capstyle="butt", zorder=3)  # fmt: skip
    axes.plot([at - 0.14, at + 0.14], [middle, middle], color=INK, lw=2, zorder=4)
    axes.annotate(f"{middle:.3g}", (at, middle), (11, 0), textcoords="offset points", fontsize=8,
                  va="center", zorder=5)  # fmt: skip
