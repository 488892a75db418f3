"""Required capacity: the smallest capacity that meets a goal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import nan

from protocol.errors import InputError
from simulate.clinic.capacity.replicates import (
    Compute,
    Goal,
    Interval,
    Replicate,
    interval,
    until_precise,
)
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.equipment import TheatreList
from simulate.clinic.setup.referrals import Waiting
from simulate.clinic.setup.time_units import WEEKDAYS, Weekday
from simulate.scenario.scenario_file import Scenario

WORKING_DAYS = WEEKDAYS[:5]
#: Largest capacity that is searched.
MOST = 64


@dataclass(frozen=True, slots=True)
class Tried:
    """One capacity and its results; ``met`` is None if the replicates are inconclusive."""

    capacity: int
    found: Interval
    met: bool | None


@dataclass(frozen=True, slots=True)
class Solution:
    """The smallest capacity that meets the goal (None: none up to the bound), and all trials."""

    capacity: int | None
    tried: tuple[Tried, ...]


def solve(
    clinic: Clinic,
    scenario: Scenario,
    what: str,
    goal: Goal,
    seed: int,
    max_replicates: int = 40,
    patients: int | None = None,
    waiting_list: Sequence[Waiting] = (),
    at_a_time: int = 1,
    compute: Compute = map,
    tell: Callable[[int, int], None] = lambda capacity, done: None,
) -> Solution:
    """Find the smallest capacity whose whole confidence interval meets the goal.

    All capacities serve the same patients on the same days. Each is simulated until its interval is
    on one side of the limit; if it never is, the capacity counts as too small. The capacity is
    doubled until the goal is met, then bisected.

    Raises
    ------
    InputError
        If the clinic has no such resource, or ``what`` cannot be solved for.
    """
    with_capacity(clinic, what, 1)
    tried: dict[int, Tried] = {}

    def meets(capacity: int) -> bool:
        if capacity not in tried:
            done = until_precise(
                with_capacity(clinic, what, capacity), scenario, seed,
                lambda done: goal.met_by(_found(goal, done)) is not None,
                max_replicates, patients, waiting_list, at_a_time, compute,
                lambda number: tell(capacity, number),
            )  # fmt: skip
            found = _found(goal, done)
            tried[capacity] = Tried(capacity, found, goal.met_by(found))
        return tried[capacity].met is True

    low, high = 0, 1
    while not meets(high):
        low, high = high, 2 * high
        if high > MOST:
            return Solution(None, tuple(tried[each] for each in sorted(tried)))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return Solution(high, tuple(tried[each] for each in sorted(tried)))


def _found(goal: Goal, done: Sequence[Replicate]) -> Interval:
    return interval(each.measures.get(goal.measure, nan) for each in done)


def with_capacity(clinic: Clinic, what: str, capacity: int) -> Clinic:
    """Return the clinic with a different capacity of one resource."""
    if what not in CAPACITIES:
        cure = f"take one of {', '.join(CAPACITIES)}"
        raise InputError.of("solve", "", f"{what!r} cannot be solved for", cure)
    changed = CAPACITIES[what](clinic, capacity)
    if changed is None:
        problem = f"{clinic.id} has no limit there to begin with"
        raise InputError.of("solve", what, problem, "give the clinic file that part first")
    return changed


def _theatre_lists(clinic: Clinic, capacity: int) -> Clinic | None:
    """Distribute lists per week evenly over the working days, each like the file's first.

    A second list on one day has a second surgeon, and so on.
    """
    if clinic.theatre is None:
        return None
    first = clinic.theatre.lists[0]
    lists = tuple(
        TheatreList(
            weekday=weekday, start=first.start, minutes=first.minutes, surgeon=f"S{row + 1}"
        )
        for row, weekday in _evenly_over_week(capacity)
    )
    return clinic.model_copy(update={"theatre": clinic.theatre.model_copy(update={"lists": lists})})


def _evenly_over_week(capacity: int) -> Iterator[tuple[int, Weekday]]:
    """Yield (row, weekday) for the lists: complete rows of working days, the rest evenly."""
    rows, rest = divmod(capacity, len(WORKING_DAYS))
    for row in range(rows):
        yield from ((row, weekday) for weekday in WORKING_DAYS)
    for each in range(rest):
        yield rows, WORKING_DAYS[each * len(WORKING_DAYS) // rest]


def _outpatient_slots(clinic: Clinic, capacity: int) -> Clinic | None:
    """Give every weekday with a clinic this number of slots in addition to those for follow-ups."""
    if clinic.outpatients is None:
        return None
    total = capacity + clinic.outpatients.follow_up_only
    slots = {day: total for day, slots in clinic.outpatients.slots.items() if slots}
    return clinic.model_copy(
        update={"outpatients": clinic.outpatients.model_copy(update={"slots": slots})}
    )


def _oocyte_retrievals(clinic: Clinic, capacity: int) -> Clinic | None:
    if clinic.embryology is None:
        return None
    places = {day: capacity for day, have in clinic.embryology.oocyte_retrievals.items() if have}
    changed = clinic.embryology.model_copy(update={"oocyte_retrievals": places})
    return clinic.model_copy(update={"embryology": changed})


def _hormone_analysers(clinic: Clinic, capacity: int) -> Clinic | None:
    if clinic.laboratory.hormones.analysers is None:
        return None
    bench = clinic.laboratory.hormones.model_copy(update={"analysers": capacity})
    changed = clinic.laboratory.model_copy(update={"hormones": bench})
    return clinic.model_copy(update={"laboratory": changed})


#: The capacities that can be solved for, per week, per day or in total.
CAPACITIES: dict[str, Callable[[Clinic, int], Clinic | None]] = {
    "theatre_lists": _theatre_lists,
    "outpatient_slots": _outpatient_slots,
    "oocyte_retrievals": _oocyte_retrievals,
    "hormone_analysers": _hormone_analysers,
}
