"""One patient's record: day 0, events by name, and data queries on entries that are ambiguous.

Day 0 is the `start`; without one the first injection, or else the first decision. Only the course
of therapy with the most injections is judged, so that one date with a wrong year does not change
the calendar. Entries that are set aside or counted once raise a data query; the order of rows does
not matter.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from operator import attrgetter

from protocol.audit.deviations import DataQuery, QueryKind
from protocol.audit.log.courses import doses_in, parts_of
from protocol.audit.log.events import CLOSING, PLAIN_EVENTS, Event
from protocol.audit.months import month_starts, starts_by_visits
from protocol.audit.words import measured
from protocol.bedside.known.timed_rule import sources_of
from protocol.bedside.known.timeline import Observation, Timeline
from protocol.dates import date_of
from protocol.reading.fields import CENTURY_DAYS
from protocol.regimen.rules import Regimen

#: Events later than this after the planned end of therapy do not belong to it.
AFTER_THERAPY_DAYS = 730

_BY_DATE = attrgetter("date")


@dataclass(slots=True)
class Record:
    """One patient's events by name, each list in order of date.

    Attributes
    ----------
    start
        The date of day 0 (proleptic ordinal).
    month_starts
        The day on which each month of therapy begins, followed by the day on which the last month
        ends and the day one month later.
    planned_end
        The day on which the longest therapy of the regimen ends.
    closing
        The event that ends the log (surgery, ICSI or withdrawal); None if the log breaks off.
    until
        The last day that can be assessed.
    timeline
        The results that decisions rest on, each with the day on which it became known.
    second_injections
        Injections of a drug that was already given on the same day.
    course
        The number of the patient's course of therapy, from 1.
    by_visits
        Whether months count from the visits; the orders of a month then end after 30 days.
    """

    patient: str
    start: int
    month_starts: tuple[int, ...]
    planned_end: int
    named: Mapping[str, Sequence[Event]]
    closing: Event | None
    until: int
    timeline: Timeline = field(default_factory=lambda: Timeline(()))
    second_injections: tuple[Event, ...] = ()
    course: int = 1
    by_visits: bool = False
    queries: list[DataQuery] = field(default_factory=list)

    def of(self, name: str) -> Sequence[Event]:
        """Return the events with a name."""
        return self.named.get(name, ())

    def day(self, event: Event) -> int:
        """Return the day of an event, from 0."""
        return event.date - self.start

    @property
    def weekday(self) -> int:
        """The weekday of day 0, from 0 for Monday."""
        return date_of(self.start).weekday()

    def query(self, kind: QueryKind, text: str, events: Iterable[Event]) -> None:
        """Add a data query on some events."""
        self.queries.append(DataQuery(self.patient, kind, text, rows_of(events)))


def rows_of(events: Iterable[Event]) -> tuple[int, ...]:
    """Return the lines of the file on which events are, sorted; events without a file are omitted.

    >>> rows_of([Event(1, "start", row=7), Event(1, "start", row=2), Event(1, "start")])
    (2, 7)
    """
    return tuple(sorted(event.row for event in events if event.row))


def record_of(
    patient: str,
    events: Sequence[Event],
    regimen: Regimen,
    *,
    calendar_months: bool = False,
    visit_months: bool = False,
    cutoff: int | None = None,
) -> Record | None:
    """Return a patient's record; None if the log does not show when therapy began.

    Parameters
    ----------
    events
        In order of date.
    calendar_months
        Whether months of therapy are calendar months instead of 30 days.
    visit_months
        Whether a month of therapy counts from the visit that ends the one before it.
    cutoff
        The last date that the log covers (proleptic ordinal); None: that of its last event.
    """
    late = [event for event in events if cutoff is not None and event.date > cutoff]
    if late:
        events = [event for event in events if cutoff is None or event.date <= cutoff]
    start = _first_day(events, regimen)
    if start is None:
        return None
    starts = month_starts(start, regimen.months + 1, calendar=calendar_months)
    record = Record(patient, start, starts, starts[regimen.months], {}, None, -1)
    if late:
        text = f"{_count(late, 'event')} later than {date_of(cutoff or 0)} not used"
        record.query("after the data cut-off", text, late)
    kept = _plausible(record, events, int(regimen.tolerances.visit.value))
    named: dict[str, list[Event]] = {}
    for event in kept:
        named.setdefault(event.name, []).append(event)
    for name, group in named.items():
        if any(a.date == b.date for a, b in pairwise(group)):
            named[name] = _once(record, group, regimen)
    record.named = named
    if visit_months:
        record.by_visits, record.month_starts = True, starts_by_visits(start, named, regimen)
        record.planned_end = record.month_starts[regimen.months]
    record.timeline = Timeline(_results(named, regimen))
    closing = [event for name in CLOSING for event in named.get(name, ())[:1]]
    record.closing = min(closing, key=_BY_DATE, default=None)
    last = cutoff if cutoff is not None else kept[-1].date
    record.until = (record.closing.date if record.closing else last) - start
    return record


def _results(named: Mapping[str, Sequence[Event]], regimen: Regimen) -> Iterator[Observation]:
    """Yield the results that the phase table uses, and those from which its inputs are computed."""
    inputs = regimen.tables["phase"].inputs
    for name in dict.fromkeys(
        [*inputs, *(n for each in inputs for n in sources_of(regimen, each))]
    ):
        for event in named.get(name, ()):
            if event.value is not None:
                known = event.known or event.date
                yield Observation(
                    name, event.value, event.date, known, event.qualifier, row=event.row
                )


def _first_day(events: Sequence[Event], regimen: Regimen) -> int | None:
    """Return the date of day 0."""
    course = _course([event for event in events if event.name in PLAIN_EVENTS])
    if not regimen.months:  # no therapy: the first event of the course, a measurement included
        measured = {name for visit in regimen.visits.values() for name in visit.measure}
        first = [e.date for e in events if e.name in measured or e.name in PLAIN_EVENTS]
        return next((e.date for e in course if e.name == "start"), min(first, default=None))
    for name in ("start", "injection", "decision"):
        for event in course:
            if event.name == name:
                return event.date
    return None


def _course(events: Sequence[Event]) -> Sequence[Event]:
    """Return the events of the course with most injections: pauses divide courses."""
    return max(parts_of(events), key=doses_in, default=events)


def _plausible(record: Record, events: Sequence[Event], window: int) -> list[Event]:
    """Return the events that can belong to the course; the others raise one query per kind."""
    start, last = record.start, record.start + record.planned_end + AFTER_THERAPY_DAYS
    first = start - CENTURY_DAYS
    odd = [e for e in events if not first <= e.date <= last]
    early = [e for e in events if first <= e.date < start - window and e.name in PLAIN_EVENTS]
    if odd:
        text = f"{_count(odd, 'event')} dated {_dates(odd)}, far from therapy: not used"
        record.query("implausible date", text, odd)
    if early:
        what = ", ".join(sorted({event.name for event in early}))
        text = f"{what} dated {_dates(early)}, before day 0 ({date_of(start)}): not used"
        record.query("before therapy", text, early)
    again = [e for e in events if e.name == "start" and start < e.date <= last]
    if again:
        text = f"start is logged again on {_dates(again)}; day 0 stays {date_of(start)}"
        record.query("second start", text, again)
    omitted = {id(event) for event in (*odd, *early)}
    return [e for e in events if id(e) not in omitted] if omitted else list(events)


def _once(record: Record, group: Sequence[Event], regimen: Regimen) -> list[Event]:
    """Return the distinct events of one name: identical rows and divided doses are one event."""
    kept: list[Event] = []
    second: list[Event] = []
    for _, of_day in groupby(sorted(group, key=_order), key=lambda e: (e.date, e.drug)):
        day = list(of_day)
        if len(day) > 1 and day[0].name == "injection":
            first, *others = _injections_of_day(record, day, regimen)
            kept.append(first)
            second += others
        else:
            kept += _without_repeats(record, day)
    record.second_injections += tuple(second)
    return kept


def _order(event: Event) -> tuple[int, str, str, float, str, str, int]:
    """Return the sort key of events of one name, independent of the order of rows."""
    return (
        event.date, event.drug, str(event.value), event.dose, event.route, event.time, event.row
    )  # fmt: skip


def _without_repeats(record: Record, day: Sequence[Event]) -> list[Event]:
    """Return the events of one day without duplicates; duplicates are queried."""
    kept = []
    for _, same in groupby(day, key=lambda event: _order(event)[:-1]):
        rows = list(same)
        kept.append(rows[0])
        if len(rows) > 1:
            text = (
                f"{len(rows)} identical rows ({_described(rows[0])}) on day {record.day(rows[0])}"
            )
            record.query("identical rows", f"{text}: counted once", rows)
    return kept


def _injections_of_day(record: Record, day: Sequence[Event], regimen: Regimen) -> list[Event]:
    """Return the injections of one drug on one day, the one that was due first.

    Parts that add up to an ordered dose count as that dose. Otherwise identical rows are one
    injection, since a row entered twice is likelier than a dose given twice; the query names both.
    """
    total = sum(event.dose for event in day)
    ordered = {
        order.dose
        for phase in regimen.phases
        for order in phase.orders
        if order.drug == day[0].drug
    }
    if total in ordered:
        parts = " + ".join(f"{event.dose:g}" for event in day)
        where = f"{day[0].drug} on day {record.day(day[0])}"
        record.query("divided dose", f"{parts} {day[0].unit} of {where}: counted as one dose", day)
        return [replace(day[0], dose=total)]
    kept = _without_repeats(record, day)
    return sorted(kept, key=lambda event: event.dose not in ordered)


def _described(event: Event) -> str:
    """Return a short description of an event."""
    if event.name == "injection":
        return f"{event.drug} {event.dose:g} {event.unit}"
    return event.name if event.value is None else measured(event.name, event.value)


def _count(events: Sequence[Event], noun: str) -> str:
    return f"{len(events)} {noun}{'' if len(events) == 1 else 's'}"


def _dates(events: Sequence[Event]) -> str:
    first, last = date_of(events[0].date), date_of(events[-1].date)
    return f"{first}" if first == last else f"{first} to {last}"
