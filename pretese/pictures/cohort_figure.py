"""A cohort's hormones: a few patients as lines, all of them as quantiles."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pretese.plots.safe_figures import PlainLog
from pretese.plots.style import INK, MUTED, SIMULATED, TRUTH, house_style, new_figure
from simulate.cohort.draw import Cohort
from simulate.hormones.serum import estradiol_pmol_l, lh_iu_l, testosterone_nmol_l
from simulate.hormones.traits import MONTHS, pituitary

Floats = NDArray[np.float64]

#: Patients drawn as lines of their own.
LINES = 60


def draw_cohort_hormones(cohort: Cohort, replicate: int = 0) -> Figure:
    """Draw true hormones at month ends of all patients along the treated arm."""
    model, course = cohort.scenario.physiology, cohort.paths[1].course
    testosterone = testosterone_nmol_l(model, cohort.patients, cohort.traits, course)
    endogenous = pituitary(
        cohort.patients.baseline["fsh_iu_l"],
        model.suppressed_fsh_iu_l.value,
        course.stimulus,
        cohort.traits,
    )
    panels = (
        ("total serum FSH, IU/L", course.fsh_iu_l, True),
        ("endogenous FSH, IU/L", endogenous, True),
        ("LH, IU/L", lh_iu_l(model, cohort.patients, cohort.traits, course), True),
        ("testosterone, nmol/L", testosterone, False),
        ("estradiol, pmol/L", estradiol_pmol_l(model, cohort.patients, testosterone), False),
    )
    with house_style():
        figure = new_figure(9.4, 5.6)
        *places, last = figure.subplots(2, 3).ravel()
        for axes, (label, values, logarithmic) in zip(places, panels, strict=True):
            _panel(axes, values[:, replicate], label, logarithmic)
        low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
        for axes in places[:2]:
            axes.axhspan(low, high, color=TRUTH, alpha=0.08, lw=0)
        places[1].set_ylim(places[0].get_ylim())
        _legend(last, min(LINES, values.shape[-1]), f"normal FSH, {low:g} to {high:g} IU/L")
        figure.suptitle(
            f"{values.shape[-1]} patients, scenario {cohort.scenario.id}, {course.regimen.id}",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _panel(axes: Axes, values: Floats, label: str, logarithmic: bool) -> None:
    months = np.arange(MONTHS + 1)
    axes.plot(months, values[:, :LINES], color=MUTED, lw=0.5, alpha=0.45, zorder=1)
    q05, q25, q50, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    axes.fill_between(months, q05, q95, color=SIMULATED, alpha=0.13, lw=0, zorder=2)
    axes.fill_between(months, q25, q75, color=SIMULATED, alpha=0.25, lw=0, zorder=2)
    axes.plot(months, q50, "o-", color=INK, lw=1.6, ms=4, zorder=3)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(PlainLog(labelOnlyBase=False))
    else:
        axes.set_ylim(0, 1.25 * q95.max())
    axes.set_xticks(months, ["before", "month 1", "month 2", "month 3"], fontsize=8)
    axes.set_xlim(-0.2, MONTHS + 0.2)
    axes.set_title(label)


def _legend(axes: Axes, lines: int, normal: str) -> None:
    """Explain lines and bands in a place of their own."""
    axes.set_axis_off()
    shown = (
        (Line2D([], [], color=INK, lw=1.6, marker="o", ms=4), "median"),
        (Patch(color=SIMULATED, alpha=0.4, lw=0), "first to third quartile"),
        (Patch(color=SIMULATED, alpha=0.13, lw=0), "5th to 95th percentile"),
        (Line2D([], [], color=MUTED, lw=0.8), f"single patients (the first {lines})"),
        (Patch(color=TRUTH, alpha=0.12, lw=0), normal),
    )
    axes.legend(*zip(*shown, strict=True), loc="center left", fontsize=9, frameon=False)
