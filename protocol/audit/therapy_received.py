"""The therapy that a patient received: the phase of each month, and the decision that began it."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from protocol.audit.log.events import Event
from protocol.audit.record import Record, rows_of
from protocol.audit.words import called
from protocol.bedside.known.timed_rule import Moment, possible_values, results_for
from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value, plain
from protocol.regimen.paths import BEFORE_THERAPY, Injection, injections_of
from protocol.regimen.rules import Regimen, Rule


@dataclass(frozen=True, slots=True)
class WrongDecision:
    """A month whose phase differs from the one that the rule requires; ``due`` is its first day."""

    due: int
    rule: Rule
    chosen: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """The phase of each month, the day on which therapy ended (None: not yet), wrong decisions.

    Every month is assessed from the phase actually received: one wrong decision is counted once.
    """

    phases: tuple[str, ...]
    end: int | None
    wrong: tuple[WrongDecision, ...]


def course_of(record: Record, regimen: Regimen) -> Course:
    """Return the therapy that a patient received, as far as the log goes."""
    phases: list[str] = []
    wrong: list[WrongDecision] = []
    end: int | None = record.planned_end
    used: list[Event] = []
    for month in range(1, regimen.months + 2):
        due = record.month_starts[month - 1]
        if due > record.until:
            end = None
            break
        made = _decision(record, regimen, month, phases, used)
        expected = _expected(record, regimen, month, phases, made)
        chosen = str(made.value) if made else _given(record, regimen, month, phases, expected)
        if chosen is None:
            end = due if expected and _ends(regimen, expected.then) else None
            break
        if expected and expected.then is not None and chosen != expected.then:
            wrong.append(WrongDecision(due, expected, chosen, rows_of([made] if made else [])))
        if _ends(regimen, chosen):
            end = due
            break
        phases.append(chosen)
    _query_unused(record, used)
    return Course(tuple(phases), end, tuple(wrong))


def _decision(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], used: list[Event]
) -> Event | None:
    """Return the decision that counts for a month: the last one whose data were available.

    Two different decisions on one day cancel each other, and the phase is read from the injections.
    """
    due, window = record.month_starts[month - 1], regimen.tolerances.visit.value
    made = [e for e in record.of("decision") if abs(record.day(e) - due) <= window]
    used += made
    if len(made) < 2:
        return made[0] if made else None
    known = [e for e in made if _is_based_on_data(record, regimen, month, phases, e)] or made
    last = [event for event in known if event.date == known[-1].date]
    stated = ", ".join(f"{event.value} on day {record.day(event)}" for event in made)
    if len(last) > 1:
        text = f"decisions differ on one day ({stated}): the phase is read from the injections"
        record.query("conflicting values", text, made)
        return None
    text = f"decided more than once ({stated}): {last[0].value} counts"
    record.query("revised decision", text, made)
    return last[0]


def _is_based_on_data(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], made: Event
) -> bool:
    rules = _rules(record, regimen, month, phases, record.day(made))
    return len(rules) == 1 and rules[0].outcome != "insufficient data"


def _query_unused(record: Record, used: Sequence[Event]) -> None:
    """Query decisions that are too far from the beginning of any month."""
    left = [event for event in record.of("decision") if event not in used]
    if left:
        days = ", ".join(str(record.day(event)) for event in left)
        text = f"decision on day {days} is not at the beginning of a month of therapy: not used"
        record.query("decision not used", text, left)


def _expected(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], made: Event | None
) -> Rule | None:
    """Return the rule that fires at the start of a month; None where values of one day conflict.

    What counts is what was known on the day of the decision; without a logged one, on the first day
    that decides. If nothing was known then, a value that arrived within the visit tolerance counts.
    """
    due = record.month_starts[month - 1]
    latest = due + int(regimen.tolerances.visit.value)
    on_its_day = [min(record.day(made), latest)] if made else []
    rules: Sequence[Rule] = ()
    for on in (*on_its_day, *range(due, latest + 1)):
        rules = _rules(record, regimen, month, phases, on)
        if len(rules) == 1 and rules[0].outcome != "insufficient data":
            break
    if len(rules) == 1:
        return rules[0]
    _query_conflict(record, regimen, due, latest)
    return None


def _rules(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], on: int
) -> Sequence[Rule]:
    """Return every rule that fires for the results known on a day: several if results conflict."""
    table = regimen.tables["phase"]
    due = record.month_starts[month - 1]
    values: dict[str, Value] = {
        "month": float(month),
        "previous_phase": phases[-1] if phases else BEFORE_THERAPY,
    }
    many: dict[str, Sequence[Value]] = {}
    for axis in table.proved.axes:
        if axis.name not in values:
            results = results_for(regimen, axis.name, record.timeline, _moment(record, due, on))
            values[axis.name], *others = possible_values(axis, results)
            if others:
                many[axis.name] = [values[axis.name], *others]
    if not many:
        return [table.rules[table.proved.rule_at(values)]]
    fired = dict.fromkeys(
        table.proved.rule_at({**values, **dict(zip(many, chosen, strict=True))})
        for chosen in product(*many.values())
    )
    return [table.rules[at] for at in fired]


def _moment(record: Record, due: int, on: int) -> Moment:
    end = record.start + record.planned_end
    return Moment(record.start + due, record.start + on, record.start, end)


def _query_conflict(record: Record, regimen: Regimen, due: int, on: int) -> None:
    for name in regimen.tables["phase"].inputs:
        if regimen.inputs[name].role != "measured":
            continue
        found = results_for(regimen, name, record.timeline, _moment(record, due, on))
        values = dict.fromkeys(f"{each.qualifier}{plain(each.value)}" for each in found)
        stated = " and ".join(values)
        if len(found) > 1 or any(each.qualifier for each in found):
            days = {each.measured for each in found}
            text = f"{called(name)} on day {min(days) - record.start} is {stated}"
            why = "on both sides of a limit: the decision is not judged"
            events = [event for event in record.of(name) if event.date in days]
            record.query("conflicting values", f"{text}, {why}", events)


def _given(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], expected: Rule | None
) -> str | None:
    """Return the phase that matches the injections of a month; None if the month was not begun.

    The phase with the fewest differences is chosen, and the expected one in case of a tie.
    """
    wanted = expected.then if expected else None
    if _ends(regimen, wanted) or month > regimen.months:
        return None
    due = record.month_starts[month - 1]
    last = min(record.month_starts[month] - 1, record.until)
    got = Counter(
        event.drug for event in record.of("injection") if due <= record.day(event) <= last
    )
    if not got:
        return wanted
    possible = sorted(
        (phase.name for phase in regimen.phases if phase.orders),
        key=lambda name: (name != wanted, name),
    )

    def distance(name: str) -> int:
        doses = calendar_of(
            regimen, (*phases, name), record.month_starts, record.weekday, record.by_visits
        )
        planned = Counter(dose.drug for dose in doses if due <= dose.day <= last)
        return sum(abs(planned[drug] - got[drug]) for drug in {*planned, *got})

    return min(possible, key=distance, default=None)


def _ends(regimen: Regimen, phase: str | None) -> bool:
    return phase is not None and regimen.phase(phase).ends_therapy


@lru_cache(maxsize=256)
def calendar_of(
    regimen: Regimen,
    phases: tuple[str, ...],
    month_starts: tuple[int, ...],
    weekday: int,
    by_visits: bool = False,
) -> tuple[Injection, ...]:
    """Return `injections_of`, cached: many patients share their phases.

    ``weekday`` is that of day 0, from 0 for Monday. With ``by_visits``, the orders of a month
    run for 30 days from its visit.
    """
    monday = dt.date(2024, 1, 1 + weekday)
    if not by_visits:
        return injections_of(regimen, phases, month_starts, monday)
    planned = injections_of(regimen, phases, start=monday)
    return tuple(
        replace(dose, day=month_starts[dose.day // MONTH_DAYS] + dose.day % MONTH_DAYS)
        for dose in planned
    )
