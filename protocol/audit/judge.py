"""Compare a log with its regimen: protocol deviations, data queries and adherence.

The calendar is fixed: day 0 is the start, missed injections are not replaced, and later ones keep
their days. Every month is assessed from the phase that the patient actually received, so that one
wrong decision is one deviation and not three.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from protocol.audit.deviations import SCHEMA, Audit, DataQuery, PatientAudit
from protocol.audit.entry_and_holds import judge_eligibility, judge_holds
from protocol.audit.findings import Findings
from protocol.audit.injections import judge_injections
from protocol.audit.log.courses import courses_of
from protocol.audit.log.events import Event, Log
from protocol.audit.record import Record, record_of
from protocol.audit.therapy_received import Course, course_of
from protocol.audit.visits import judge_surgery, judge_visits
from protocol.dates import date_of
from protocol.regimen.rules import Regimen


def audit(
    log: Log,
    regimen: Regimen,
    *,
    calendar_months: bool | None = None,
    visit_months: bool | None = None,
    cutoff: dt.date | None = None,
) -> Audit:
    """Return the protocol deviations of every patient of a log.

    Parameters
    ----------
    calendar_months
        Whether months of therapy are calendar months; None: as defined in the regimen's tolerances.
    visit_months
        Whether a month counts from the visit before it; None: as defined in the regimen's
        tolerances.
    cutoff
        The last day that the log covers; None: for each patient the day of the last event.
    """
    patients = tuple(
        audited
        for patient, events in log.items()
        for audited in audit_courses(
            patient,
            events,
            regimen,
            calendar_months=calendar_months,
            visit_months=visit_months,
            cutoff=cutoff,
        )
    )
    queries = tuple(_similar_names(log))
    return Audit(SCHEMA, regimen.id, regimen.version, regimen.sha256, patients, queries)


def audit_courses(
    patient: str,
    events: Sequence[Event],
    regimen: Regimen,
    *,
    calendar_months: bool | None = None,
    visit_months: bool | None = None,
    cutoff: dt.date | None = None,
) -> tuple[PatientAudit, ...]:
    """Return the audit of each course of one patient; ``events`` are in order of date."""
    courses = courses_of(events, regimen)
    return tuple(
        replace(
            audit_patient(
                patient,
                course,
                regimen,
                calendar_months=calendar_months,
                visit_months=visit_months,
                cutoff=cutoff,
                course=number,
            ),
            courses=len(courses),
        )
        for number, course in enumerate(courses, 1)
    )


def audit_patient(
    patient: str,
    events: Sequence[Event],
    regimen: Regimen,
    *,
    calendar_months: bool | None = None,
    visit_months: bool | None = None,
    cutoff: dt.date | None = None,
    course: int = 1,
) -> PatientAudit:
    """Return the audit of one course of a patient; ``events`` are in order of date. See `audit`."""
    length = regimen.tolerances.month.length if regimen.tolerances.month else "30 days"
    if visit_months is None:
        visit_months = length == "from visit to visit" and not calendar_months
    if calendar_months is None:
        calendar_months = length == "calendar month" and not visit_months
    record = record_of(
        patient,
        events,
        regimen,
        calendar_months=calendar_months,
        visit_months=visit_months,
        cutoff=cutoff.toordinal() if cutoff else None,
    )
    if record is None:
        note = "no injection, decision or start is logged; nothing can be judged"
        return PatientAudit(patient, None, (), (), -1, False, note, "not judged", (), ())
    record.course = course
    return _judged(record, regimen)


def _judged(record: Record, regimen: Regimen) -> PatientAudit:
    findings = Findings(record)
    eligibility, unknown = judge_eligibility(findings, regimen)
    judge_holds(findings, regimen)
    course = course_of(record, regimen)
    _judge_decisions(findings, course)
    adherence, missed = judge_injections(findings, course, regimen)
    judge_visits(findings, course, regimen)
    judge_surgery(findings, course, regimen)
    return PatientAudit(
        patient=record.patient,
        start=date_of(record.start),
        phases=course.phases,
        month_starts=record.month_starts[:-1],
        until_day=record.until,
        complete=record.closing is not None,
        note="" if record.closing else _how_far(record, regimen),
        eligibility=eligibility,
        missing_facts=unknown,
        deviations=findings.sorted_all(),
        queries=tuple(record.queries),
        adherence=adherence,
        missed_doses=missed,
        course=record.course,
    )


def _judge_decisions(findings: Findings, course: Course) -> None:
    for wrong in course.wrong:
        findings.note(
            "decision against the rule",
            wrong.due,
            str(wrong.rule.then),
            wrong.chosen,
            rule=wrong.rule.id,
            rows=wrong.rows,
        )


def _how_far(record: Record, regimen: Regimen) -> str:
    """Return up to which day a log that breaks off can be assessed."""
    end = f"the log ends on day {record.until} ({date_of(record.start + record.until)})"
    injections = record.until - int(regimen.tolerances.injection.value) - 1
    visits = record.until - int(regimen.tolerances.visit.value) - 1
    if injections < 0:
        return f"{end}; nothing that was due can be assessed yet"
    tests = f"tests due up to day {visits}" if visits >= 0 else "no tests"
    return f"{end}; assessed are doses due up to day {injections} and {tests}"


def _similar_names(log: Mapping[str, Sequence[Event]]) -> list[DataQuery]:
    """Return a query for patients whose names differ only in capitals, blanks or dashes."""
    groups: dict[str, list[str]] = {}
    for patient in log:
        words = re.findall(r"\w+", patient.casefold())
        groups.setdefault("-".join(words) or patient, []).append(patient)
    return [
        DataQuery("", "similar patient names", _same_person(names))
        for names in groups.values()
        if len(names) > 1
    ]


def _same_person(names: Sequence[str]) -> str:
    listed = " and ".join(repr(name) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{listed}{more} may be one patient: audited apart; if they are one, write one name"
