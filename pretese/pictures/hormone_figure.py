"""One patient's hormones with injections, blood draws and decisions."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

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
from protocol.dates import MONTH_DAYS
from simulate.cohort.draw import Cohort
from simulate.cohort.hormone_curves import Curves, curves
from simulate.core.coding import DIAGNOSES
from simulate.hormones.drugs import HCG, UFSH
from simulate.hormones.pharmacology import Injections

Floats = NDArray[np.float64]

#: Labels of drugs; others have their name in the regimen.
LABELS = {HCG: "hCG", UFSH: "uFSH"}


def draw_hormones(cohort: Cohort, patient: int, replicate: int = 0) -> Figure:
    """Draw the course of a patient under therapy, hour by hour.

    Parameters
    ----------
    patient
        Position of the patient in the cohort, counted from 0.
    """
    own = curves(cohort, patient, replicate)
    model = cohort.scenario.physiology
    with house_style():
        figure = new_figure(8.2, 7.6)
        top, second, middle, low, ticks = panels = figure.subplots(
            5, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.3, 1.8, 1.6, 1]}
        )
        _fsh(top, own, model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value)
        _one(second, own.day, own.lh_iu_l, "LH, IU/L")
        _one(middle, own.day, own.testosterone_nmol_l, "testosterone,\nnmol/L")
        _drugs(low, own)
        _injections(ticks, own)
        for axes in panels:
            for month_end in (MONTH_DAYS, 2 * MONTH_DAYS, 3 * MONTH_DAYS):
                axes.axvline(month_end, color=GRID, zorder=0)
        ticks.set_xlim(0, 3 * MONTH_DAYS)
        ticks.set_xticks(range(0, 91, 15))
        ticks.set_xlabel("day of therapy")
        diagnosis = DIAGNOSES[int(cohort.patients.diagnosis[replicate, patient])]
        figure.suptitle(
            f"Patient {patient + 1} of scenario {cohort.scenario.id} ({diagnosis}) under"
            f" {cohort.paths[1].course.regimen.id}",
            x=0.01, ha="left", fontsize=11, fontweight="bold",
        )  # fmt: skip
    return figure


def _fsh(axes: Axes, own: Curves, low: float, high: float) -> None:
    axes.axhspan(low, high, color=TRUTH, alpha=0.08, lw=0)
    axes.text(0.8, low, f"normal range {low:g} to {high:g}", va="bottom", color=TRUTH, fontsize=8)
    axes.plot(own.day, own.fsh_iu_l, color=SIMULATED, lw=1.3, label="total serum")
    axes.plot(own.day, own.own_fsh_iu_l, color=MUTED, lw=1, ls="--", label="endogenous")
    ends = np.arange(1, 4) * MONTH_DAYS
    axes.plot(ends, own.measured_fsh_iu_l, "o", color=PUBLISHED, ms=5, label="measured", zorder=5,
              clip_on=False)  # fmt: skip
    axes.plot(0, own.fsh_iu_l[0], "o", color=PUBLISHED, ms=5, mfc="white", zorder=5, clip_on=False)
    axes.set_ylim(0, 1.25 * max(own.fsh_iu_l.max(), high, *own.measured_fsh_iu_l))
    axes.set_ylabel("FSH, IU/L")
    axes.legend(loc="upper right", ncols=3, fontsize=8)
    for month, phase in enumerate(own.phases):
        why = f"FSH {own.measured_fsh_iu_l[month - 1]:.2f}, so " if month else "begins with "
        axes.text(
            month * MONTH_DAYS + 0.6, 1.02, f"month {month + 1}: {why}{phase}",
            transform=axes.get_xaxis_transform(), va="bottom", fontsize=8, color=INK,
        )  # fmt: skip


def _one(axes: Axes, day: Floats, values: Floats, label: str) -> None:
    axes.plot(day, values, color=SIMULATED, lw=1.2)
    axes.set_ylabel(label)
    axes.set_ylim(0, 1.1 * values.max())


def _drugs(axes: Axes, own: Curves) -> None:
    axes.plot(own.day, own.hcg_iu_l, color=PUBLISHED, lw=1)
    axes.set_ylabel("hCG, IU/L")
    axes.set_ylim(0, None)
    if not own.injected_fsh_iu_l.any():
        return
    other = axes.twinx()
    other.spines["right"].set_visible(True)
    other.plot(own.day, own.injected_fsh_iu_l, color=SIMULATED, lw=1)
    other.set_ylim(0, 1.1 * own.injected_fsh_iu_l.max())
    other.set_ylabel("injected FSH, IU/L" if set(own.injections) - set(LABELS) else "uFSH, IU/L")


def _injections(axes: Axes, own: Curves) -> None:
    drugs = list(reversed(own.injections))
    for row, drug in enumerate(drugs):
        days, shade = own.injections[drug].days, PUBLISHED if drug == HCG else SIMULATED
        axes.plot(days, np.full(len(days), row), "|", color=shade, ms=9, mew=1.4, clip_on=False)
        for day, dose in _new_doses(own.injections[drug]):
            axes.annotate(f"{dose:g} IU", (day, row), (0, 7), textcoords="offset points",
                          fontsize=7, color=shade, ha="left", annotation_clip=False)  # fmt: skip
    axes.set_ylim(-0.5, len(drugs) - 0.2)
    axes.set_yticks(range(len(drugs)), [LABELS.get(drug, drug) for drug in drugs])
    axes.set_ylabel("injections")


def _new_doses(given: Injections) -> list[tuple[int, float]]:
    """Return the day and size of every dose that differs from the one before."""
    pairs = list(zip(given.days.tolist(), given.doses_iu.tolist(), strict=True))
    return [pair for place, pair in enumerate(pairs) if not place or pair[1] != pairs[place - 1][1]]
