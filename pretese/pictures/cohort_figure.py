"""A cohort's hormones under therapy: single patients as lines, all of them as quantiles, doses."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from pretese.pictures.hormone_figure import LABELS
from pretese.plots.safe_figures import PlainLog
from pretese.plots.style import INK, MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure
from protocol.dates import MONTH_DAYS
from protocol.regimen.rules import Regimen
from simulate.cohort.draw import Cohort
from simulate.cohort.hormone_curves import Curves, curves
from simulate.hormones.decision_lookup import dose_calendar
from simulate.hormones.traits import MONTHS

Floats = NDArray[np.float64]

#: Number of patients drawn as single lines, and maximum number for the quantiles.
LINES, PATIENTS = 40, 1000

#: Panels: field of `Curves`, label, whether the axis is logarithmic.
_PANELS = (
    ("fsh_iu_l", "total serum FSH, IU/L", True),
    ("own_fsh_iu_l", "endogenous FSH, IU/L", True),
    ("lh_iu_l", "LH, IU/L", True),
    ("testosterone_nmol_l", "testosterone, nmol/L", False),
    ("estradiol_pmol_l", "estradiol, pmol/L", False),
)

#: Colours of phases in declared order, and how strongly they cover.
_PHASES = ((PUBLISHED, 0.75), (SIMULATED, 0.75), (TRUTH, 0.75), (MUTED, 0.75))


def draw_cohort_hormones(cohort: Cohort, replicate: int = 0) -> Figure:
    """Draw true hormones of all patients along the treated arm, day by day, and their doses."""
    model, regimen = cohort.scenario.physiology, cohort.paths[1].course.regimen
    size = cohort.gonadotropin_therapy.shape[-1]
    own = [curves(cohort, patient, replicate) for patient in range(min(size, PATIENTS))]
    low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
    with house_style():
        figure = new_figure(9.4, 6.2)
        *places, last = figure.subplots(2, 3).ravel()
        for axes, (field, label, logarithmic) in zip(places, _PANELS, strict=True):
            _panel(axes, own, field, label, logarithmic)
        for axes in places[:2]:
            axes.axhspan(low, high, color=TRUTH, alpha=0.08, lw=0)
        places[1].set_ylim(places[0].get_ylim())
        _doses(last, regimen, cohort.paths[1].course.phase[:, replicate])
        _legend(figure, min(LINES, len(own)), f"normal FSH, {low:g} to {high:g} IU/L")
        figure.suptitle(
            f"{len(own)} patients, scenario {cohort.scenario.id}, {regimen.id}",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _panel(axes: Axes, own: list[Curves], field: str, label: str, logarithmic: bool) -> None:
    day, values = own[0].day, np.stack([getattr(each, field) for each in own], -1)
    lines = values[:, :LINES]
    axes.plot(day, lines, color=MUTED, lw=0.4, alpha=0.4, zorder=1)
    q05, q25, q50, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    axes.fill_between(day, q05, q95, color=SIMULATED, alpha=0.13, lw=0, zorder=2)
    axes.fill_between(day, q25, q75, color=SIMULATED, alpha=0.25, lw=0, zorder=2)
    axes.plot(day, q50, color=INK, lw=1.6, zorder=3)
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(PlainLog(labelOnlyBase=False))
    else:
        axes.set_ylim(0, 1.05 * max(lines.max(), q95.max()))
    axes.set_xticks(range(0, MONTHS * MONTH_DAYS + 1, MONTH_DAYS))
    axes.set_xlim(0, MONTHS * MONTH_DAYS)
    axes.set_xlabel("day of therapy", fontsize=8)
    axes.set_title(label)


def _doses(axes: Axes, regimen: Regimen, phase: NDArray[np.int8]) -> None:
    """Show the proportion of patients in each phase by month, and its doses."""
    left = np.zeros(MONTHS)
    for code, each in enumerate(regimen.phases):
        share = 100 * (phase == code).mean(axis=-1)
        if not share.any():
            continue
        colour, strength = _PHASES[code % len(_PHASES)]
        rows = np.arange(MONTHS)
        axes.barh(rows, share, 0.62, left, color=colour, alpha=strength, lw=0,
                  label=_given(regimen, code, each.name))  # fmt: skip
        left += share
    axes.set_yticks(np.arange(MONTHS), [f"month {month + 1}" for month in range(MONTHS)])
    axes.set_ylim(MONTHS + 1.9, -0.5)  # room for the legend
    axes.set_xlim(0, 100)
    axes.set_xlabel("patients, %", fontsize=8)
    axes.spines["left"].set_visible(False)
    axes.set_title("doses")
    axes.legend(loc="lower left", fontsize=7, frameon=False, handlelength=1)


def _given(regimen: Regimen, code: int, name: str) -> str:
    """Return a phase with its drugs, doses and intervals, as in its first month."""
    doses = dose_calendar(regimen)[code, 0, 0]
    parts = []
    for drug, row in zip(regimen.drugs, doses, strict=True):
        days = np.flatnonzero(row)
        if len(days):
            gaps, sizes = np.unique(np.diff(days)), np.unique(row[days])
            often = f"every {gaps[0]} days" if len(gaps) == 1 else f"{len(days)} times a month"
            dose = f"{sizes[0]:g}" if len(sizes) == 1 else f"{sizes[0]:g} to {sizes[-1]:g}"
            parts.append(f"{LABELS.get(drug, drug)} {dose} IU {often}")
    return "\n".join([f"{name}:", *parts]) if parts else f"{name}: no injection"


def _legend(figure: Figure, lines: int, normal: str) -> None:
    """Explain lines and bands below the panels."""
    shown = (
        (Line2D([], [], color=INK, lw=1.6), "median"),
        (Patch(color=SIMULATED, alpha=0.4, lw=0), "first to third quartile"),
        (Patch(color=SIMULATED, alpha=0.13, lw=0), "5th to 95th percentile"),
        (Line2D([], [], color=MUTED, lw=0.8), f"single patients (the first {lines})"),
        (Patch(color=TRUTH, alpha=0.12, lw=0), normal),
    )
    handles, labels = [each for each, _ in shown], [words for _, words in shown]
    figure.legend(handles, labels, loc="outside lower left", ncols=5, fontsize=7.5, frameon=False)
