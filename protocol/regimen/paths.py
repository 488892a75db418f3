"""All paths through therapy: the rules that fire month by month, and the total doses.

Therapy is explored over the states (month, previous phase), which are few; complete paths, of which
there may be thousands, are listed only up to the number requested.
"""

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod

from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value
from protocol.regimen.grid import DecisionGrid, spoken
from protocol.regimen.parts import DoseUnit, Order, Weekday
from protocol.regimen.rules import Phase, Regimen, Rule

WEEK_DAYS = 7
BEFORE_THERAPY = "none"
#: Maximum number of paths listed when all are shown.
MAX_PATHS = 100
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Injection:
    """One dose, by injection or by mouth. ``day`` counts from the first day of therapy, 0."""

    day: int
    drug: str
    dose: float
    route: str
    unit: DoseUnit = "IU"


@dataclass(frozen=True, slots=True)
class Step:
    """The rule that fires at the start of a month, and the phase of that month."""

    month: int
    rule_id: str
    condition: str
    outcome: str
    phase: str | None


@dataclass(frozen=True, slots=True)
class Totals:
    """Total dose of a drug in its own unit, and packs used; an opened vial counts as used."""

    amount: Mapping[str, float]
    injections: Mapping[str, int]
    packs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Path:
    """One path through therapy, and the doses up to its end.

    ``ends`` is ``therapy complete`` or ``waits for data``; a path that ``leads out of scope`` or
    ``goes on too long`` is a fault, which `load_regimen` refuses.
    """

    steps: tuple[Step, ...]
    ends: str
    totals: Totals

    @property
    def phases(self) -> tuple[str, ...]:
        """The phase of each month of therapy."""
        return tuple(
            step.phase for step in self.steps if step.phase and step.outcome == "recommendation"
        )


def injections_of(
    regimen: Regimen,
    phases: tuple[str, ...],
    month_starts: Sequence[int] = (),
    start: dt.date | None = None,
) -> tuple[Injection, ...]:
    """Return every dose of a patient with the given ``phases``, by day.

    An order's days count from the first day of the run of months in its phase, so alternation
    runs on over month ends; weekdays stay the same from phase to phase. Without ``start``, day 0
    is a Monday.

    Parameters
    ----------
    month_starts
        The first day of each month and the day after the last one; months of 30 days if empty.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> done = injections_of(load_regimen("fsh-guided"), ("hcg", "hcg-ufsh", "hcg-ufsh"))
    >>> [(dose.day, dose.drug) for dose in done if 26 <= dose.day <= 36]
    [(26, 'hcg'), (28, 'hcg'), (30, 'ufsh'), (32, 'hcg'), (34, 'ufsh'), (36, 'hcg')]
    """
    starts = month_starts or [MONTH_DAYS * month for month in range(len(phases) + 1)]
    due: list[Injection] = []
    begun = 0
    for month, name in enumerate(phases):
        first, end = starts[month], starts[month + 1]
        if month and phases[month - 1] != name:
            begun = first
        due += doses_between(regimen.phase(name), begun, first, end, start)
    return tuple(sorted(due, key=lambda dose: (dose.day, dose.drug)))


def doses_between(
    phase: Phase, begun: int, first: int, end: int, start: dt.date | None = None
) -> Iterator[Injection]:
    """Yield the doses of a phase that began on day ``begun``, from ``first`` up to ``end``."""
    for order in phase.orders:
        for day in days_of_order(order, begun, first, end, start.weekday() if start else 0):
            yield Injection(day, order.drug, order.dose, order.route, order.unit)


def days_of_order(
    order: Order, begun: int, first: int, end: int, weekday: int = 0
) -> tuple[int, ...]:
    """Return the days of an order; ``weekday`` is that of day 0, from 0 for Monday.

    Examples
    --------
    >>> weekly = Order("hcg", 2000, None, "im", interval_days=7, offset_day=2)
    >>> days_of_order(weekly, 30, 30, 60), days_of_order(weekly, 0, 0, 20)
    ((30, 37, 44, 51, 58), (2, 9, 16))
    >>> twice = Order("hcg", 2000, None, "im", weekdays=("mon", "thu"))
    >>> days_of_order(twice, 0, 0, 15, weekday=2)  # day 0 is a Wednesday
    (1, 5, 8, 12)
    """
    step = order.interval_days or WEEK_DAYS
    if order.weekdays:
        offsets = [(WEEKDAYS.index(name) - weekday) % WEEK_DAYS for name in order.weekdays]
    else:
        offsets = [order.offset_day]
    days: list[int] = []
    # Whole weeks are counted from the first day of therapy, so that the weekday stays.
    counted_from = begun if step % WEEK_DAYS else begun - begun % WEEK_DAYS
    for offset in offsets:
        origin = counted_from + offset
        origin += ceil(max(0, first - origin) / step) * step
        days += range(origin, end, step)
    return tuple(sorted(days))


@lru_cache(maxsize=4096)
def steps_from(regimen: Regimen, month: int, before: str) -> tuple[Step, ...]:
    """Return the steps that a month may begin with after the phase ``before``, in table order."""
    table = regimen.tables["phase"]
    state: dict[str, Value] = {"month": float(month), "previous_phase": before}
    return tuple(
        Step(month, rule.id, _condition(rule, state), rule.outcome, rule.then)
        for rule in (table.rules[i] for i in sorted(rules_within(table.proved, state)))
    )


def _condition(rule: Rule, state: Mapping[str, Value]) -> str:
    """Return the conditions of a rule other than those on the state, in words."""
    rest = {name: wanted for name, wanted in rule.conditions.items() if name not in state}
    return ", ".join(f"{name} {wanted.text}" for name, wanted in rest.items()) or "always"


def rules_within(grid: DecisionGrid, fixed: Mapping[str, Value]) -> set[int]:
    """Return the rules that can fire if some inputs have the values ``fixed``."""
    places = []
    for number, axis in enumerate(grid.axes):
        stride = prod(grid.shape[number + 1 :])
        cells = (
            (axis.locate(fixed[axis.name]),) if axis.name in fixed else range(grid.shape[number])
        )
        places.append([stride * cell for cell in cells])
    return {grid.rules[sum(place)] for place in itertools.product(*places)}


def end_of(regimen: Regimen, step: Step) -> str | None:
    """Return how therapy ends with a step; None if it continues."""
    if step.outcome == "insufficient data":
        return "waits for data"
    if step.outcome == "out of scope" or step.phase is None:
        return "leads out of scope"
    if regimen.phase(step.phase).ends_therapy:
        return "therapy complete"
    return "goes on too long" if step.month > regimen.months else None


def states_of(regimen: Regimen) -> dict[tuple[int, str], tuple[Step, ...]]:
    """Return the states (month, previous phase) that therapy can reach, with their steps."""
    found: dict[tuple[int, str], tuple[Step, ...]] = {}
    months: list[tuple[int, str]] = [(1, BEFORE_THERAPY)]
    for month, before in months:  # grows as it is walked
        if (month, before) in found:
            continue
        found[month, before] = steps_from(regimen, month, before)
        months += [
            (month + 1, step.phase)
            for step in found[month, before]
            if step.phase is not None and end_of(regimen, step) is None
        ]
    return found


def count_paths(regimen: Regimen) -> int:
    """Return the number of paths through therapy, without listing them."""
    states = states_of(regimen)
    ways: dict[tuple[int, str], int] = {}
    for state in sorted(states, key=lambda state: -state[0]):
        ways[state] = sum(
            1 if end_of(regimen, step) else ways[step.month + 1, step.phase or ""]
            for step in states[state]
        )
    return ways[1, BEFORE_THERAPY]


def paths_of(regimen: Regimen, most: int = MAX_PATHS) -> tuple[Path, ...]:
    """Return the paths through the months, in the order of the file's rules, at most ``most``."""
    return tuple(itertools.islice(_walk(regimen, 1, BEFORE_THERAPY, ()), most))


def _walk(regimen: Regimen, month: int, before: str, steps: tuple[Step, ...]) -> Iterator[Path]:
    for step in steps_from(regimen, month, before):
        walked = (*steps, step)
        if ends := end_of(regimen, step):
            yield _path(regimen, walked, ends)
        else:
            yield from _walk(regimen, month + 1, step.phase or "", walked)


def _path(regimen: Regimen, steps: tuple[Step, ...], ends: str) -> Path:
    phases = tuple(s.phase for s in steps if s.phase and not regimen.phase(s.phase).ends_therapy)
    return Path(steps, ends, totals_of(regimen, injections_of(regimen, phases)))


def totals_of(regimen: Regimen, injections: Sequence[Injection]) -> Totals:
    """Return the totals of doses; a drug that is not given has total 0."""
    doses = {
        drug: [dose.dose for dose in injections if dose.drug == drug] for drug in regimen.drugs
    }
    return Totals(
        amount={drug: float(sum(given)) for drug, given in doses.items()},
        injections={drug: len(given) for drug, given in doses.items()},
        packs={
            drug: sum(ceil(dose / regimen.drugs[drug].pack) for dose in given)
            for drug, given in doses.items()
        },
    )


def faults_of_paths(regimen: Regimen) -> tuple[str, ...]:
    """Return faults of the course of therapy: dead ends, no end, unreachable phases."""
    states = states_of(regimen)
    faults, reached, completes = [], set(), False
    for (month, before), steps in states.items():
        for step in steps:
            reached.add(step.phase)
            ends = end_of(regimen, step)
            completes = completes or ends == "therapy complete"
            if ends in {"leads out of scope", "goes on too long"}:
                patient = spoken({"month": float(month), "previous_phase": before})
                faults.append(f"therapy of a patient with {patient} ({step.condition}) {ends}")
    if not completes:
        faults.append("no path completes therapy")
    faults += [
        f"no path reaches the phase {phase.name}"
        for phase in regimen.phases
        if phase.name not in reached
    ]
    return tuple(faults)
