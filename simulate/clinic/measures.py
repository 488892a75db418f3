"""What a manager asks of one run: waits, queues, utilisation, time to each milestone.

Waits and milestones count men who begin to wait (or are referred) from the end of the warm-up up
to the horizon, and follow each of them to his end, so that nobody's wait is cut short. Queues and
utilisation are averages over the days of that window.
"""

from collections.abc import Mapping
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from simulate.clinic import steps
from simulate.clinic.file import MINUTES_PER_DAY, day_part
from simulate.clinic.run import Run
from simulate.clinic.steps import codes, floats
from simulate.clinic.theatre import list_days

Floats = NDArray[np.float64]
Window = tuple[float, float]

#: Queues by the name that measures give them; the theatre's has none, it is *the* wait.
QUEUES: Mapping[str, tuple[int, ...]] = {
    "": (steps.MICRO_TESE,),
    "first_visit": (steps.FIRST_VISIT,),
    "follow_up": (steps.COUNSELLING, *steps.MONTH_VISIT),
    "hormone_bench": (steps.BASELINE_HORMONES, *steps.MONTH_HORMONES),
    "semen_bench": (*steps.SEMEN_SAMPLES, steps.SEMEN_CHECK),
    "oocyte_retrieval": (steps.STIMULATION,),
}
#: Milestones after referral, by the step whose completion they are.
MILESTONES: Mapping[str, int] = {
    "counselled": steps.COUNSELLING,
    "semen_checked": steps.SEMEN_CHECK,
    "operated": steps.MICRO_TESE,
    "icsi": steps.ICSI,
}


def window(run: Run) -> Window:
    """Return the days that are measured, warm-up left out."""
    horizon = run.clinic.horizon_days
    return run.clinic.warm_up_days, inf if horizon is None else horizon


def measures(run: Run) -> dict[str, float]:
    """Return every measure of a run by name; NaN where nobody or nothing counts towards it."""
    within = window(run)
    found = {"men_referred": float(_inside(floats(run.ledger.referred), within).sum())}
    for name, which in QUEUES.items():
        found |= _waits(run, name, which, within)
    joined = floats(run.ledger.asked[steps.MICRO_TESE])
    among = _inside(joined, within)
    found["left_theatre_list_share"] = _share(codes(run.ledger.end) == steps.LEFT_LIST, among)
    came = _inside(floats(run.ledger.referred), within)
    found["declined_first_visit_share"] = _share(codes(run.ledger.end) == steps.DECLINED, came)
    for name, step in MILESTONES.items():
        found |= _milestone(run, name, floats(run.ledger.complete[step]), came)
    born = codes(run.ledger.end) == steps.BIRTH
    found |= _milestone(run, "birth", np.where(born, floats(run.ledger.end_day), nan), came)
    return found | _use(run, within)


def queue_by_day(run: Run, name: str = "", days: int | None = None) -> NDArray[np.int64]:
    """Return how many men wait in a queue of `QUEUES` at the start of each day, from day 0."""
    last = int(days if days is not None else _last_day(run))
    begin, end = _intervals(run, QUEUES[name])
    edges = np.arange(last + 1)
    joined = np.searchsorted(np.sort(begin), edges, side="right")
    gone = np.searchsorted(np.sort(end), edges, side="right")
    return np.asarray(joined - gone)


def in_clinic_by_day(run: Run, days: int | None = None) -> NDArray[np.int64]:
    """Return how many men have been referred and have not come to their end, by day."""
    last = int(days if days is not None else _last_day(run))
    edges = np.arange(last + 1)
    ledger = run.ledger
    referred, ended = (np.sort(floats(each)) for each in (ledger.referred, ledger.end_day))
    came, went = (np.searchsorted(each, edges, side="right") for each in (referred, ended))
    return np.asarray(came - went)


def _last_day(run: Run) -> float:
    if run.clinic.horizon_days is not None:
        return run.clinic.horizon_days
    ends = floats(run.ledger.end_day)
    return float(np.ceil(np.nanmax(ends))) if np.isfinite(ends).any() else 0.0


def _inside(times: Floats, within: Window) -> NDArray[np.bool_]:
    return np.asarray((times >= within[0]) & (times <= within[1]))


def _share(flags: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(flags[among].mean()) if among.any() else nan


def _waits(run: Run, name: str, which: tuple[int, ...], within: Window) -> dict[str, float]:
    """Return mean, median and 90th percentile of the waits of those served, and the mean queue."""
    ledger = run.ledger
    asked = np.concatenate([floats(ledger.asked[step]) for step in which])
    start = np.concatenate([floats(ledger.start[step]) for step in which])
    waits = (start - asked)[_inside(asked, within) & ~np.isnan(start)]
    tail = f"{name}_wait_days".lstrip("_")
    found = {
        f"mean_{tail}": float(waits.mean()) if waits.size else nan,
        f"p50_{tail}": float(np.quantile(waits, 0.5)) if waits.size else nan,
        f"p90_{tail}": float(np.quantile(waits, 0.9)) if waits.size else nan,
    }
    if within[1] < inf:
        begin, end = _intervals(run, which)
        inside = np.clip(end, *within) - np.clip(begin, *within)
        queue = f"mean_{name}_queue".replace("__", "_")
        found[queue] = float(inside.sum() / (within[1] - within[0]))
    return found


def _intervals(run: Run, which: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return when each wait in these steps began and ended: served, left, or never (infinity)."""
    ledger = run.ledger
    begin = np.concatenate([floats(ledger.asked[step]) for step in which])
    end = np.concatenate([floats(ledger.start[step]) for step in which])
    gone = np.tile(floats(ledger.end_day), len(which))
    end = np.where(np.isnan(end), np.where(np.isnan(gone), inf, gone), end)
    waited = ~np.isnan(begin)
    return begin[waited], end[waited]


def _milestone(run: Run, name: str, reached: Floats, came: NDArray[np.bool_]) -> dict[str, float]:
    """Return median and 90th percentile of the days from referral, of men who get there."""
    taken = (reached - floats(run.ledger.referred))[came]
    taken = taken[~np.isnan(taken)]
    return {
        f"p50_referral_to_{name}_days": float(np.quantile(taken, 0.5)) if taken.size else nan,
        f"p90_referral_to_{name}_days": float(np.quantile(taken, 0.9)) if taken.size else nan,
    }


def _use(run: Run, within: Window) -> dict[str, float]:
    """Return the share used of what stood open in the window, for each place with a limit."""
    if within[1] == inf:
        return {}
    found: dict[str, float] = {}
    days = range(int(within[0]), int(within[1]))
    clinic, ledger, places = run.clinic, run.ledger, run.places
    per_week = (within[1] - within[0]) / 7
    began = floats(ledger.start[steps.MICRO_TESE])
    operated = _inside(began, within)
    found["operations_per_week"] = float(operated.sum() / per_week)
    if clinic.theatre:
        found |= _theatre_use(run, operated, within)
    slots = {
        "outpatient": (places.outpatients, (steps.FIRST_VISIT, *QUEUES["follow_up"])),
        "oocyte_retrieval": (places.oocyte_retrievals, (steps.OOCYTE_RETRIEVAL,)),
    }
    for name, (place, which) in slots.items():
        if not place.unlimited:
            used = sum(_inside(floats(ledger.start[step]), within).sum() for step in which)
            offered = sum(place.offered(day) for day in days)
            found[f"{name}_utilisation"] = float(used / offered) if offered else nan
    for name, bench in (("hormone_bench", places.hormones), ("semen_bench", places.semen)):
        if bench.analysers is not None:
            busy = sum(
                np.array(work)[_inside(floats(ledger.start[step]), within)].sum()
                for step, work in zip(QUEUES[name], bench.work, strict=True)
            )
            open_days = bench.analysers.capacity * (within[1] - within[0])
            found[f"{name}_utilisation"] = float(busy / open_days)
    return found


def _theatre_use(run: Run, operated: NDArray[np.bool_], within: Window) -> dict[str, float]:
    theatre, ledger = run.clinic.theatre, run.ledger
    if theatre is None:
        return {}
    calendar = run.places.calendar
    first, last = int(within[0]), int(within[1])
    held = [list_days(calendar, each, first, last) for each in theatre.lists]
    offered = sum(days * each.minutes for days, each in zip(held, theatre.lists, strict=True))
    began = floats(ledger.start[steps.MICRO_TESE])
    minutes = (floats(ledger.complete[steps.MICRO_TESE]) - began) * MINUTES_PER_DAY
    used = np.nansum(minutes[operated])
    number = np.frombuffer(ledger.list_number, np.int16)
    closes = np.array(
        [day_part(each.start) + each.minutes / MINUTES_PER_DAY for each in theatre.lists]
    )
    ended = floats(ledger.complete[steps.MICRO_TESE])
    beyond = (ended - np.floor(began) - closes[number]) * MINUTES_PER_DAY
    late = np.maximum(np.where(operated & (number >= 0), beyond, 0), 0)
    return {
        "theatre_utilisation": float(used / offered) if offered else nan,
        "theatre_overrun_minutes_per_list": float(np.nansum(late) / max(sum(held), 1)),
        "theatre_lists_per_week": float(sum(held) / ((within[1] - within[0]) / 7)),
    }
