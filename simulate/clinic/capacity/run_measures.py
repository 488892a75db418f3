"""Performance measures of one run: waits, queues, utilisation, time to each milestone.

Waits and milestones include patients who begin to wait (or are referred) between the end of the
warm-up and the horizon, and each of them is followed to the end of the pathway, so that no wait is
censored. Queues and utilisation are averages over the days of that window. Patients are read in
slices, so that memory use is bounded.
"""

from collections.abc import Iterator, Mapping
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from simulate.clinic.capacity.exact_quantiles import quantiles
from simulate.clinic.capacity.queues import QUEUES, Window, inside, intervals, waits
from simulate.clinic.capacity.utilisation import use
from simulate.clinic.flow import steps
from simulate.clinic.flow.ledger import Columns
from simulate.clinic.flow.run_clinic import Run

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Milestones after referral, by the step whose completion they are; None is a birth.
MILESTONES: Mapping[str, int | None] = {
    "counselled": steps.COUNSELLING,
    "semen_analysed": steps.SEMEN_ANALYSIS,
    "operated": steps.MICRO_TESE,
    "icsi": steps.ICSI,
    "birth": None,
}


def window(run: Run) -> Window:
    """Return the measurement window in days, without the warm-up."""
    horizon = run.clinic.horizon_days
    return run.clinic.warm_up_days, inf if horizon is None else horizon


def measures(run: Run) -> dict[str, float]:
    """Return every measure of a run by name; NaN if it is undefined."""
    within = window(run)
    came = sum(int(inside(part.columns.referred, within).sum()) for part in run.parts())
    found = {"patients_referred": float(came)}
    for name, which in QUEUES.items():
        found |= _waits(run, name, which, within)
    found["left_theatre_list_share"] = _share(
        (columns.end == steps.LEFT_LIST, inside(columns.asked[steps.MICRO_TESE], within))
        for columns in _columns(run)
    )
    found["declined_first_visit_share"] = _share(
        (columns.end == steps.DECLINED, inside(columns.referred, within))
        for columns in _columns(run)
    )
    for name in MILESTONES:
        found |= _milestone(run, name, within)
    return found | use(run, within)


def _columns(run: Run) -> Iterator[Columns]:
    return (part.columns for part in run.parts())


def _share(blocks: Iterator[tuple[Flags, Flags]]) -> float:
    """Return the proportion of flags among those included; NaN if none is."""
    met = among = 0
    for flags, counted in blocks:
        met, among = met + int((flags & counted).sum()), among + int(counted.sum())
    return met / among if among else nan


def _waits(run: Run, name: str, which: tuple[int, ...], within: Window) -> dict[str, float]:
    """Return mean, median and 90th percentile of the waits of those served, and the mean queue."""
    total, served = 0.0, 0
    for block in waits(run, which, within):
        total, served = total + float(block.sum()), served + block.size
    middle, high = quantiles(lambda: waits(run, which, within), (0.5, 0.9))
    tail = f"{name}_wait_days".lstrip("_")
    found = {
        f"mean_{tail}": total / served if served else nan,
        f"p50_{tail}": middle,
        f"p90_{tail}": high,
    }
    if within[1] < inf:
        queue = f"mean_{name}_queue".replace("__", "_")
        found[queue] = _waited(run, which, within) / (within[1] - within[0])
    return found


def _waited(run: Run, which: tuple[int, ...], within: Window) -> float:
    """Return the total patient-days of waiting inside the window."""
    return sum(
        float((np.clip(end, *within) - np.clip(begin, *within)).sum())
        for begin, end in intervals(run, which)
    )


def _milestone(run: Run, name: str, within: Window) -> dict[str, float]:
    """Return median and 90th percentile of days from referral among patients who reach it."""

    def longest() -> Iterator[Floats]:
        for columns in _columns(run):
            days = (_reached(columns, name) - columns.referred)[inside(columns.referred, within)]
            yield days[~np.isnan(days)]

    middle, high = quantiles(longest, (0.5, 0.9))
    return {f"p50_referral_to_{name}_days": middle, f"p90_referral_to_{name}_days": high}


def _reached(columns: Columns, name: str) -> Floats:
    step = MILESTONES[name]
    if step is not None:
        return np.asarray(columns.complete[step])
    return np.where(columns.end == steps.BIRTH, columns.end_day, nan)
