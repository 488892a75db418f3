"""Eligibility and safety: may therapy begin, and must it stop? Both are checked first."""

from collections.abc import Mapping, Sequence

from protocol.audit.deviations import Eligibility
from protocol.audit.findings import Findings
from protocol.audit.log.events import Event
from protocol.audit.record import Record
from protocol.audit.words import called, measured
from protocol.bedside.entry import verdict
from protocol.dates import date_of
from protocol.regimen.conditions import Condition, Value, plain
from protocol.regimen.rules import Regimen, Rule, StartCriterion


def judge_eligibility(findings: Findings, regimen: Regimen) -> tuple[Eligibility, tuple[str, ...]]:
    """Record every entry criterion that is not met; return the verdict and the unknown facts.

    A fact counts as of day 0. One that became known later counts as well, and the deviation lies
    on its day.
    """
    missing: dict[str, None] = {}
    violated = _note_earlier_course(findings, regimen)
    for criterion in regimen.criteria:
        facts = {name: _fact(findings.record, name) for name in criterion.conditions}
        values = {name: event.value for name, event in facts.items() if event}
        found = verdict(criterion.conditions, values)
        if found == "failed":
            violated = True
            _note_violation(findings, criterion, [event for event in facts.values() if event])
        elif found == "unknown":
            missing |= dict.fromkeys(name for name, event in facts.items() if event is None)
    if violated:
        return "violated", tuple(missing)
    return ("not judged" if missing else "met"), tuple(missing)


def _note_earlier_course(findings: Findings, regimen: Regimen) -> bool:
    """Record a second course that the regimen does not cover; return whether there is one.

    The phase table is evaluated for month 1 after a therapy that has ended.
    """
    record, table = findings.record, regimen.tables["phase"]
    if record.course == 1:
        return False
    ended = next(phase.name for phase in regimen.phases if phase.ends_therapy)
    state: dict[str, Value] = {"month": 1.0, "previous_phase": ended}
    values = {axis.name: state.get(axis.name) for axis in table.proved.axes}
    rule = table.rules[table.proved.rule_at(values)]
    if rule.outcome != "out of scope":
        return False
    observed = f"course {record.course} begins on {date_of(record.start)}"
    findings.note("eligibility", 0, rule.rationale, observed, rule=rule.id)
    return True


def _fact(record: Record, name: str) -> Event | None:
    """Return the last result up to day 0, else the first one after; None if several conflict."""
    known = [event for event in record.of(name) if event.value is not None]
    before = [event for event in known if event.date <= record.start]
    if not known:
        return None
    chosen = before[-1] if before else known[0]
    of_day = [event for event in known if event.date == chosen.date]
    if len({event.value for event in of_day}) > 1:
        stated = " and ".join(plain(event.value) for event in of_day)
        text = f"{called(name)} of {date_of(chosen.date)} is {stated}: it is not used"
        record.query("conflicting values", text, of_day)
        return None
    return chosen


def _note_violation(findings: Findings, criterion: StartCriterion, events: Sequence[Event]) -> None:
    stated = ", ".join(f"{measured(e.name, e.value)} ({date_of(e.date)})" for e in events)
    day = max(0, *(findings.record.day(event) for event in events))
    findings.note("eligibility", day, criterion.label, stated, rule=criterion.name, events=events)


def judge_holds(findings: Findings, regimen: Regimen) -> None:
    """Record injections given while a safety limit required therapy to be held."""
    record = findings.record
    for rule in _holding_rules(regimen):
        results = sorted(
            (event for name in rule.conditions for event in record.of(name)),
            key=lambda event: event.date,
        )
        held: Event | None = None
        for event in results:
            now = _alarms(record, rule.conditions, event.date)
            if held is not None and not now:
                _note_held(findings, rule, held, event.date, regimen)
            held = (held or event) if now else None
        if held is not None:
            _note_held(findings, rule, held, None, regimen)


def _holding_rules(regimen: Regimen) -> list[Rule]:
    """Return the rules of the table of flags on which therapy is held."""
    if "flags" not in regimen.tables:
        return []
    return [rule for rule in regimen.tables["flags"].rules if rule.blocking]


def _alarms(record: Record, conditions: Mapping[str, Condition], date: int) -> bool:
    """Return whether the conditions are met by values that were known on a date."""
    values: dict[str, Value] = {}
    for name, condition in conditions.items():
        known = [e for e in record.of(name) if e.date <= date and e.value is not None]
        last = [e.value for e in known if e.date == known[-1].date]
        alarming = [value for value in last if condition.holds(value)]
        values[name] = (alarming or last or [None])[0]
    return verdict(conditions, values) == "met"


def _note_held(
    findings: Findings, rule: Rule, held: Event, until: int | None, regimen: Regimen
) -> None:
    """Record the injections after the result ``held``, up to the result that ended the hold."""
    record = findings.record
    given = [
        event
        for event in record.of("injection")
        if held.date < event.date and (until is None or event.date <= until)
    ]
    if not given:
        return
    first, last = record.day(given[0]), record.day(given[-1])
    limits = ", ".join(f"{called(name)} {wanted.text}" for name, wanted in rule.conditions.items())
    result = measured(held.name, held.value)
    count = f"{len(given)} dose{'' if len(given) == 1 else 's'}"
    days = f"on day {first}" if first == last else f"from day {first} to day {last}"
    findings.note(
        "treatment during a hold",
        record.day(held),
        f"nothing after {result} on day {record.day(held)} ({limits})",
        f"{count} {days}",
        rule=rule.id,
        events=[held, *given],
    )
