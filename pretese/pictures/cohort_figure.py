"""A cohort's hormones: a few patients as lines, all of them as quantiles."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.plots.safe_figures import PlainLog
from pretese.plots.style import INK, MUTED, SIMULATED, house_style, new_figure
from simulate.cohort.draw import Cohort
from simulate.hormones.serum import estradiol_pmol_l, lh_iu_l, testosterone_nmol_l
from simulate.hormones.traits import MONTHS

Floats = NDArray[np.float64]

#: Patients drawn as lines of their own.
LINES = 60


def draw_cohort_hormones(cohort: Cohort, replicate: int = 0) -> Figure:
    """Draw true hormones at month ends of all patients along the treated arm."""
    model, course = cohort.scenario.physiology, cohort.paths[1].course
    testosterone = testosterone_nmol_l(model, cohort.patients, cohort.traits, course)
    panels = (
        ("FSH, IU/L (uFSH included)", course.fsh_iu_l, True),
        ("LH, IU/L", lh_iu_l(model, cohort.patients, cohort.traits, course), True),
        ("testosterone, nmol/L", testosterone, False),
        ("estradiol, pmol/L", estradiol_pmol_l(model, cohort.patients, testosterone), False),
    )
    with house_style():
        figure = new_figure(8.2, 5.6)
        for axes, (label, values, logarithmic) in zip(
            figure.subplots(2, 2).ravel(), panels, strict=True
        ):
            _panel(axes, values[:, replicate], label, logarithmic)
        low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
        figure.axes[0].axhspan(low, high, color="#047857", alpha=0.08, lw=0)
        figure.suptitle(
            f"{values.shape[-1]} patients, scenario {cohort.scenario.id}, {course.regimen.id}: "
            "median, quartiles, 5th to 95th percentile",
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
    axes.set_xticks(months, ["before", "month 1", "month 2", "month 3"])
    axes.set_title(label)
