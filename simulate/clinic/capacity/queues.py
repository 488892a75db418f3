"""Queues and waiting times, computed for one slice of patients at a time."""

from collections.abc import Iterator, Mapping
from math import inf

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.flow import steps
from simulate.clinic.flow.ledger import Columns
from simulate.clinic.flow.run_clinic import Run

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Window = tuple[float, float]

#: Queues by their prefix in the names of measures; the theatre queue has none.
QUEUES: Mapping[str, tuple[int, ...]] = {
    "": (steps.MICRO_TESE,),
    "first_visit": (steps.FIRST_VISIT,),
    "follow_up": (steps.COUNSELLING, *steps.MONTH_VISIT),
    "hormone_bench": (steps.BASELINE_HORMONES, *steps.MONTH_HORMONES),
    "semen_bench": (*steps.SEMEN_SAMPLES, steps.SEMEN_ANALYSIS),
    "oocyte_retrieval": (steps.STIMULATION,),
}


def queue_by_day(run: Run, name: str = "", days: int | None = None) -> Counts:
    """Return the number of patients in a queue of `QUEUES` at the start of each day, from day 0."""
    return _by_day(run, days, intervals(run, QUEUES[name]))


def in_clinic_by_day(run: Run, days: int | None = None) -> Counts:
    """Return the number of patients referred whose pathway has not ended, by day."""
    columns = (part.columns for part in run.parts())
    return _by_day(run, days, ((each.referred, each.end_day) for each in columns))


def _by_day(run: Run, days: int | None, stays: Iterator[tuple[Floats, Floats]]) -> Counts:
    """Count the patients present at the start of each day; NaN means never."""
    last = int(days if days is not None else _last_day(run))
    change = np.zeros(last + 2, np.int64)
    for begin, end in stays:
        change += _each_day(begin, last) - _each_day(end, last)
    return np.asarray(np.cumsum(change)[: last + 1])


def _each_day(times: Floats, last: int) -> Counts:
    """Count the times in each day; times beyond ``last`` are counted after it."""
    first_seen = np.clip(np.ceil(np.nan_to_num(times, nan=inf)), 0, last + 1)
    return np.bincount(first_seen.astype(np.int64), minlength=last + 2)


def _last_day(run: Run) -> float:
    if run.clinic.horizon_days is not None:
        return run.clinic.horizon_days
    last = 0.0
    for part in run.parts():
        ends = part.columns.end_day
        last = float(ends[~np.isnan(ends)].max(initial=last))
    return float(np.ceil(last))


def inside(times: Floats, within: Window) -> NDArray[np.bool_]:
    """Return which times are in a window, both ends included."""
    return np.asarray((times >= within[0]) & (times <= within[1]))


def waits(run: Run, which: tuple[int, ...], within: Window) -> Iterator[Floats]:
    """Yield the waits, in days, of patients who began to wait in the window and were served."""
    for part in run.parts():
        asked, start = part.columns.asked[list(which)], part.columns.start[list(which)]
        yield (start - asked)[inside(asked, within) & ~np.isnan(start)]


def intervals(run: Run, which: tuple[int, ...]) -> Iterator[tuple[Floats, Floats]]:
    """Yield the start and end of waits in these steps: served, left, or never (infinity)."""
    for part in run.parts():
        yield _intervals(part.columns, list(which))


def _intervals(columns: Columns, which: list[int]) -> tuple[Floats, Floats]:
    begin, start = columns.asked[which], columns.start[which]
    gone = np.nan_to_num(columns.end_day, nan=inf)
    end = np.where(np.isnan(start), gone, start)
    waited = ~np.isnan(begin)
    return begin[waited], end[waited]
