"""Figures of a clinic: queues over time, and the pathway of one patient."""

import datetime as dt
from collections.abc import Sequence
from math import inf

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pretese.plots.style import (
    GRID,
    INK,
    MUTED,
    PUBLISHED,
    SIMULATED,
    house_style,
    new_figure,
)
from simulate.clinic.capacity.replicates import Replicate
from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.event_log import event_log
from simulate.clinic.records.state_on_day import views
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.opening_days import DAYS_PER_WEEK

#: Queues drawn if more than `_FEWEST_SHOWN` patients ever wait in them, with their titles.
_TITLES = {
    "in_clinic": "In the pathway, from referral to its end",
    "theatre": "Waiting for micro-TESE",
    "first_visit": "Waiting for the first visit",
    "follow_up": "Waiting for a follow-up visit",
    "hormone_bench": "Waiting for a hormone analyser",
    "semen_bench": "Waiting for the semen bench",
    "oocyte_retrieval": "Waiting for oocyte retrieval",
}
_FEWEST_SHOWN = 2
#: Shorter runs are drawn by day, longer ones by weekly means.
_FEWEST_WEEKS = 20


def draw_queues(clinic: Clinic, done: Sequence[Replicate]) -> Figure:
    """Draw each queue over time: mean and range over replicates, warm-up shaded."""
    shown = [
        name
        for name in _TITLES
        if name in {"in_clinic", "theatre"}
        or max(each.queues[name].max(initial=0) for each in done) > _FEWEST_SHOWN
    ]
    with house_style():
        figure = new_figure(8.2, 0.6 + 1.5 * len(shown))
        for place, name in enumerate(shown, start=1):
            axes = figure.add_subplot(len(shown), 1, place)
            _queue_panel(axes, clinic, name, done)
            axes.set_title(_TITLES[name] + (_runs(done) if place == 1 else ""))
            axes.tick_params(labelbottom=place == len(shown))
        axes.set_xlabel(f"days from the opening on {_label(clinic.opens)}")
        return figure


def _queue_panel(axes: Axes, clinic: Clinic, name: str, done: Sequence[Replicate]) -> None:
    days = min(len(each.queues[name]) for each in done)
    series, at = _by_week(np.stack([each.queues[name][:days] for each in done]))
    if clinic.warm_up_days:
        axes.axvspan(0, clinic.warm_up_days, color=GRID, zorder=0)
        top = axes.get_xaxis_transform()
        axes.text(clinic.warm_up_days, 0.9, "warm-up ", transform=top, ha="right", va="top",
                  fontsize=7.5, color=MUTED)  # fmt: skip
    if len(done) > 1:
        axes.fill_between(at, series.min(axis=0), series.max(axis=0), color=SIMULATED, alpha=0.2,
                          lw=0, step="post")  # fmt: skip
    axes.step(at, series.mean(axis=0), where="post", color=SIMULATED, lw=1)
    axes.set_xlim(0, max(days - 1, 1))
    axes.set_ylim(bottom=0)
    axes.set_ylabel("patients")
    axes.grid(axis="y")


def _runs(done: Sequence[Replicate]) -> str:
    return f" (mean and range of {len(done)} runs)" if len(done) > 1 else " (one run)"


def _label(date: dt.date) -> str:
    return f"{date.day} {date:%B %Y}"


def _by_week(series: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the mean of each whole week of daily values, with the first day of each."""
    weeks = series.shape[1] // DAYS_PER_WEEK
    if weeks < _FEWEST_WEEKS:
        return series.astype(float), np.arange(series.shape[1])
    cut = series[:, : weeks * DAYS_PER_WEEK].reshape(len(series), weeks, DAYS_PER_WEEK)
    return cut.mean(axis=2), np.arange(weeks) * DAYS_PER_WEEK


def longest_way(run: Run, day: float = inf) -> int:
    """Return the number, from 0, of the patient with the most steps by ``day``."""
    best, most = 0, -1
    for seen in views(run, day):
        reached = (seen.columns.start <= seen.day).sum(axis=0)
        if reached.max() > most:
            best, most = seen.part.first + int(np.argmax(reached)), int(reached.max())
    return best


def draw_timeline(run: Run, patient: int, day: float = inf) -> Figure:
    """Draw the pathway of one patient: waits (open) and activities (filled), one per row."""
    log = event_log(run, day, patient, patient + 1)
    origin = log["start"].min()
    rows = log[~log["activity"].str.startswith(("injection", "decision", "end", "choice"))]
    injections = log[log["activity"].str.startswith("injection")]
    names = list(dict.fromkeys(rows["activity"].astype(str)))
    if len(injections):
        names.insert(names.index("counselling") + 1, "injections")
    with house_style():
        figure = new_figure(8.2, 0.8 + 0.21 * len(names))
        axes = figure.add_subplot()
        last = _days(log[["scheduled", "start", "complete"]].max().max(), origin)
        for row in rows.itertuples():
            _bar(axes, row, -names.index(row.activity), origin, last)
        for drug, colour in zip(
            sorted(set(injections["activity"])), (INK, PUBLISHED), strict=False
        ):
            at = [_days(t, origin) for t in injections.loc[injections["activity"] == drug, "start"]]
            axes.plot(at, [-names.index("injections")] * len(at), "|", color=colour, ms=6,
                      label=drug)  # fmt: skip
        axes.barh(0, 0, color="none", edgecolor=SIMULATED, label="waiting")
        axes.barh(0, 0, color=SIMULATED, label="being done")
        axes.set_yticks([-place for place in range(len(names))], names, fontsize=7.5)
        axes.set_ylim(-len(names) + 0.4, 0.6)
        axes.set_xlim(-last * 0.01, last * 1.02)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.legend(loc="upper right", fontsize=7.5)
        axes.set_xlabel(f"days from referral on {_label(origin)}")
        axes.set_title(f"Patient {patient + 1} ({log['arm'].iloc[0]}): {_last_label(log)}")
        return figure


def _days(time: pd.Timestamp, origin: pd.Timestamp) -> float:
    return float((time - origin).total_seconds()) / 86_400


def _last_label(log: pd.DataFrame) -> str:
    end = log[log["activity"] == "end"]
    return str(end["detail"].iloc[0]) if len(end) else steps.ENDS[steps.UNDER_WAY]


def _bar(axes: Axes, row: pd.Series, place: int, origin: pd.Timestamp, last: float) -> None:
    asked = _days(row.scheduled, origin)
    start = last if pd.isna(row.start) else _days(row.start, origin)
    end = last if pd.isna(row.complete) else _days(row.complete, origin)
    axes.barh(
        place, start - asked, left=asked, height=0.5, color="none", edgecolor=SIMULATED, lw=0.8
    )
    if not pd.isna(row.start):
        axes.barh(place, max(end - start, last * 0.003), left=start, height=0.5, color=SIMULATED)
