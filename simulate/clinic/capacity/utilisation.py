"""Utilisation of slots, theatre and analysers."""

from math import inf, nan

import numpy as np

from simulate.clinic.capacity.queues import QUEUES, Window, inside
from simulate.clinic.flow import steps
from simulate.clinic.flow.ledger import Columns
from simulate.clinic.flow.places import BenchResource
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.flow.theatre import list_days
from simulate.clinic.setup.equipment import Theatre
from simulate.clinic.setup.opening_days import Slots
from simulate.clinic.setup.time_units import MINUTES_PER_DAY, day_part


def use(run: Run, within: Window) -> dict[str, float]:
    """Return the utilisation in the window of each resource with a limit.

    Empty if the window has no end.
    """
    if within[1] == inf:
        return {}
    places = run.places
    operated = sum(
        int(inside(part.columns.start[steps.MICRO_TESE], within).sum()) for part in run.parts()
    )
    found = {"operations_per_week": float(operated / ((within[1] - within[0]) / 7))}
    if run.clinic.theatre:
        found |= _theatre_use(run, run.clinic.theatre, within)
    for name, place, which in (
        ("outpatient", places.outpatients, (steps.FIRST_VISIT, *QUEUES["follow_up"])),
        ("oocyte_retrieval", places.oocyte_retrievals, (steps.OOCYTE_RETRIEVAL,)),
    ):
        if not place.unlimited:
            found[f"{name}_utilisation"] = _slots_used(run, place, which, within)
    for name, bench in (("hormone_bench", places.hormones), ("semen_bench", places.semen)):
        if bench.analysers is not None:
            busy = _busy_days(run, bench, QUEUES[name], within)
            open_days = bench.analysers.capacity * (within[1] - within[0])
            found[f"{name}_utilisation"] = float(busy / open_days)
    return found


def _slots_used(run: Run, place: Slots, which: tuple[int, ...], within: Window) -> float:
    used = sum(int(inside(part.columns.start[list(which)], within).sum()) for part in run.parts())
    offered = sum(place.offered(day) for day in range(int(within[0]), int(within[1])))
    return used / offered if offered else nan


def _busy_days(run: Run, bench: BenchResource, which: tuple[int, ...], within: Window) -> float:
    """Return the days of work of analysers on samples begun in the window."""
    busy = 0.0
    for part in run.parts():
        work = run.batches.delays(part.first, part.last)[:, bench.work : bench.work + len(which)]
        busy += float(work.T[inside(part.columns.start[list(which)], within)].sum())
    return busy


def _theatre_use(run: Run, theatre: Theatre, within: Window) -> dict[str, float]:
    first, last = int(within[0]), int(within[1])
    held = [list_days(run.places.calendar, each, first, last) for each in theatre.lists]
    offered = sum(days * each.minutes for days, each in zip(held, theatre.lists, strict=True))
    used = late = 0.0
    for part in run.parts():
        minutes, beyond = _minutes(part.columns, theatre, within)
        used, late = used + minutes, late + beyond
    return {
        "theatre_utilisation": used / offered if offered else nan,
        "theatre_overtime_minutes_per_list": late / max(sum(held), 1),
        "theatre_lists_per_week": float(sum(held) / ((within[1] - within[0]) / 7)),
    }


def _minutes(columns: Columns, theatre: Theatre, within: Window) -> tuple[float, float]:
    """Return minutes of operations begun in the window, and minutes after the end of a list."""
    began, ended = columns.start[steps.MICRO_TESE], columns.complete[steps.MICRO_TESE]
    operated, number = inside(began, within), columns.list_number
    closes = np.array(
        [day_part(each.start) + each.minutes / MINUTES_PER_DAY for each in theatre.lists]
    )
    beyond = (ended - np.floor(began) - closes[number]) * MINUTES_PER_DAY
    late = np.maximum(np.where(operated & (number >= 0), beyond, 0), 0)
    minutes = (ended - began)[operated] * MINUTES_PER_DAY
    return float(np.nansum(minutes)), float(np.nansum(late))
