"""What a man lived through, read from his log: the phase of each month, and who chose it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from protocol.audit.log import CLOSING, Event
from protocol.regimen.conditions import Value
from protocol.regimen.load import Regimen, Rule
from protocol.regimen.paths import BEFORE_THERAPY, MONTH_DAYS, Injection, injections_of


@dataclass(frozen=True, slots=True)
class Record:
    """One man's events by name, each list in order of date.

    ``start`` is the date of day 0. ``closing`` is the event that ends the log (surgery, ICSI or
    withdrawal), None if it breaks off; ``until`` is the last day that can be judged.
    """

    start: int
    named: Mapping[str, Sequence[Event]]
    closing: Event | None
    until: int

    def of(self, name: str) -> Sequence[Event]:
        """Return the events of a name."""
        return self.named.get(name, ())

    def day(self, event: Event) -> int:
        """Return the day of an event, from 0."""
        return event.date - self.start


@dataclass(frozen=True, slots=True)
class Against:
    """A month whose phase was not the one that its table asks for."""

    due: int
    rule: Rule
    chosen: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lived:
    """The phase of each month, the day on which therapy ended (None: not yet), and what was wrong.

    Every month is judged from where he really was: one wrong decision is one, not three.
    """

    phases: tuple[str, ...]
    end: int | None
    against: tuple[Against, ...]


def record_of(events: Sequence[Event], regimen: Regimen) -> Record | None:
    """Return a man's record; None if nothing says when his therapy began."""
    begins = {"start", "injection", "decision"} if regimen.months else {e.name for e in events}
    first = next((event for event in events if event.name in begins), None)
    if first is None:
        return None
    named: dict[str, list[Event]] = {}
    for event in events:
        named.setdefault(event.name, []).append(event)
    closing = next((event for event in events if event.name in CLOSING), None)
    return Record(first.date, named, closing, (closing or events[-1]).date - first.date)


def lived(record: Record, regimen: Regimen) -> Lived:
    """Return what a man lived through, as far as his log goes."""
    phases: list[str] = []
    against: list[Against] = []
    end: int | None = MONTH_DAYS * regimen.months
    for month in range(1, regimen.months + 2):
        due = MONTH_DAYS * (month - 1)
        if due > record.until:
            end = None
            break
        expected = _expected(record, regimen, month, phases, due)
        chosen, rows = _chosen(record, regimen, month, phases, expected)
        if chosen is None:
            end = due if _ends(regimen, expected.then) else None
            break
        if expected.then is not None and chosen != expected.then:
            against.append(Against(due, expected, chosen, rows))
        if _ends(regimen, chosen):
            end = due
            break
        phases.append(chosen)
    return Lived(tuple(phases), end, tuple(against))


def _expected(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], due: int
) -> Rule:
    """Return the rule that fires at the start of a month, for where he was and what was known."""
    table = regimen.tables["phase"]
    state: dict[str, Value] = {
        "month": float(month),
        "previous_phase": phases[-1] if phases else BEFORE_THERAPY,
    }
    values = {
        name: state[name] if name in state else _measured(record, regimen, name, due)
        for name in table.inputs
    }
    return table.rules[table.proved.rule_at(values)]


def _measured(record: Record, regimen: Regimen, name: str, due: int) -> Value:
    """Return the last value that a decision due on a day could use, as in `patient.seen_at`."""
    age = regimen.inputs[name].max_age_days
    last = due + regimen.tolerances.visit.value
    fit = [
        event.value
        for event in record.of(name)
        if record.day(event) <= last and (age is None or due - age <= record.day(event))
    ]
    return fit[-1] if fit else None


def _chosen(
    record: Record, regimen: Regimen, month: int, phases: Sequence[str], expected: Rule
) -> tuple[str | None, tuple[int, ...]]:
    """Return the phase that a month was spent in, None if it was not begun, and its rows.

    A logged decision says it. Without one the injections do: the phase whose calendar they differ
    least from, the expected one in case of a tie.
    """
    due = MONTH_DAYS * (month - 1)
    for event in record.of("decision"):
        if abs(record.day(event) - due) <= regimen.tolerances.visit.value:
            return str(event.value), (event.row,)
    if _ends(regimen, expected.then) or month > regimen.months:
        return None, ()
    last = min(due + MONTH_DAYS - 1, record.until)
    got = Counter(
        event.drug for event in record.of("injection") if due <= record.day(event) <= last
    )
    if not got:
        return expected.then, ()
    candidates = sorted(
        (phase.name for phase in regimen.phases if phase.orders),
        key=lambda name: (name != expected.then, name),
    )

    def far(name: str) -> int:
        wanted = Counter(
            dose.drug for dose in calendar(regimen, (*phases, name)) if due <= dose.day <= last
        )
        return sum(abs(wanted[drug] - got[drug]) for drug in {*wanted, *got})

    return min(candidates, key=far, default=None), ()


def _ends(regimen: Regimen, phase: str | None) -> bool:
    return phase is not None and regimen.phase(phase).ends_therapy


@lru_cache(maxsize=256)
def calendar(regimen: Regimen, phases: tuple[str, ...]) -> tuple[Injection, ...]:
    """Return `injections_of`, remembered: many men share their phases."""
    return injections_of(regimen, phases)
