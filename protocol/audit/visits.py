"""Compare tests and surgery with the visits that the regimen requires."""

from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from protocol.audit.findings import Findings
from protocol.audit.log.events import Event
from protocol.audit.record import Record
from protocol.audit.therapy_received import Course
from protocol.audit.words import called
from protocol.dates import MONTH_DAYS, date_of
from protocol.regimen.conditions import plain
from protocol.regimen.parts import Visit
from protocol.regimen.rules import Regimen


def judge_visits(findings: Findings, course: Course, regimen: Regimen) -> None:
    """Record tests of the visits before and during therapy that were omitted or not on time."""
    record, window = findings.record, int(regimen.tolerances.visit.value)
    closed = record.day(record.closing) if record.closing else None
    if record.by_visits:
        _judge_late_visits(findings, len(course.phases), window)
    for name, visit in regimen.visits.items():
        for due in _days_of(visit, len(course.phases), record):
            if (closed is not None and due <= closed) or due + window < record.until:
                _judge_visit(findings, name, visit, due, window)


def _judge_late_visits(findings: Findings, months: int, window: int) -> None:
    """Record visits that began a month later than is tolerated."""
    starts = findings.record.month_starts[: months + 1]
    for before, first in pairwise(starts):
        due = before + MONTH_DAYS
        if first - due > window:
            wanted, seen = f"a visit on day {due}", f"on day {first}"
            findings.note(
                "test timing", due, wanted, seen, tolerance=f"{window} d", rule="monthly visit"
            )


def _days_of(visit: Visit, months: int, record: Record) -> Sequence[int]:
    if visit.day_of_month is not None:
        return [first + visit.day_of_month for first in record.month_starts[:months]]
    if visit.when == "start":
        return (0,)
    return record.month_starts[1 : months + 1] if visit.when == "end of each month" else ()


def _judge_visit(findings: Findings, name: str, visit: Visit, due: int, window: int) -> None:
    record = findings.record
    earliest = due - (window if visit.max_age_days is None else visit.max_age_days)
    omitted: list[str] = []
    untimely: list[tuple[int, str, Event]] = []
    for test in visit.measure:
        done = record.of(test)
        if any(earliest <= record.day(event) <= due + window for event in done):
            continue
        first = visit.when == "start"  # a test from long before therapy is an old one
        near = [e for e in done if abs(record.day(e) - due) < MONTH_DAYS // 2 or first]
        near = [e for e in near if record.day(e) - due < MONTH_DAYS // 2]
        if not near:
            omitted.append(test)
            continue
        event = min(near, key=lambda event: abs(record.day(event) - due))
        untimely.append((record.day(event), test, event))
    limit = f"{window} d" if visit.max_age_days is None else f"{visit.max_age_days} d before"
    for day, found in groupby(sorted(untimely, key=lambda u: u[0]), key=lambda u: u[0]):
        late = list(found)
        wanted = f"{', '.join(called(test) for _, test, _ in late)} on day {due}"
        events = [event for *_, event in late]
        old = f"on {date_of(record.start + day)}, {-day} days before therapy"
        seen = f"on day {day}" if day >= 0 else old
        findings.note("test timing", due, wanted, seen, tolerance=limit, rule=name, events=events)
    if omitted:
        wanted = f"{', '.join(map(called, omitted))} on day {due}"
        findings.note("omitted test", due, wanted, "nothing", tolerance=f"{window} d", rule=name)


def judge_surgery(findings: Findings, course: Course, regimen: Regimen) -> None:
    """Record deviations of surgery or ICSI: its time, the semen analysis, the decision."""
    record = findings.record
    closing = record.closing
    if closing is None or closing.name == "withdrawn":
        return
    day = record.day(closing)
    window = int(regimen.tolerances.visit.value)
    operated = closing.name == "micro-tese"
    planned = course.end if course.end is not None else record.planned_end
    if operated and day < planned - window:
        findings.note(
            "early surgery",
            day,
            f"not before day {planned}",
            f"on day {day}",
            tolerance=f"{window} d",
            rule="end of therapy",
            events=[closing],
        )
    if operated and any("semen" in visit.measure for visit in regimen.visits.values()):
        _judge_semen(findings, day, min(planned, day), regimen)
    _judge_end(findings, closing, regimen)


def _judge_end(findings: Findings, closing: Event, regimen: Regimen) -> None:
    """Record a choice between surgery and ICSI that the last semen analysis does not support."""
    record = findings.record
    before = [event for event in record.of("semen") if event.date <= closing.date and event.value]
    if not before:
        return
    last = [event for event in before if event.date == before[-1].date]
    table = regimen.tables["end-of-therapy"]
    rules = {table.proved.rule_at({"semen": event.value}) for event in last}
    if len(rules) > 1:
        stated = " and ".join(plain(event.value) for event in last)
        text = f"semen on day {record.day(last[0])} is {stated}: the decision is not judged"
        record.query("conflicting values", text, last)
        return
    rule = table.rules[rules.pop()]
    operated = closing.name == "micro-tese"
    chosen = "micro-tese" if operated else f"icsi-{closing.value or 'ejaculated'}"
    if rule.then is not None and chosen not in (rule.then, "icsi-testicular"):
        day = record.day(closing)
        findings.note(
            "decision against the rule", day, rule.then, chosen, rule=rule.id, events=[closing]
        )


def _judge_semen(findings: Findings, day: int, due: int, regimen: Regimen) -> None:
    """Record a semen analysis before surgery that is missing, too early, or too old."""
    record, window = findings.record, int(regimen.tolerances.visit.value)
    semen = record.of("semen")
    days = {record.day(event): event for event in semen if record.day(event) <= day}
    oldest = regimen.inputs["semen"].max_age_days if "semen" in regimen.inputs else None
    first = max(due - window, day - oldest if oldest is not None else due - window)
    if any(checked >= first for checked in days):
        return
    wanted = f"semen analysis from day {first} and before surgery on day {day}"
    limits: Mapping[bool, str] = {True: f"{window} d", False: f"{oldest} d before surgery"}
    limit = limits[first == due - window]
    later = [event for event in semen if record.day(event) > day]
    if later:
        seen = later[0]
        findings.note(
            "surgery before semen analysis",
            day,
            wanted,
            f"on day {record.day(seen)}",
            tolerance=limit,
            rule="semen",
            events=[seen],
        )
    elif days:
        last = max(days)
        seen_on = f"on day {last}"
        findings.note(
            "test timing", due, wanted, seen_on, tolerance=limit, rule="semen", events=[days[last]]
        )
    else:
        findings.note(
            "missing semen analysis", day, wanted, "nothing", tolerance=limit, rule="semen"
        )
