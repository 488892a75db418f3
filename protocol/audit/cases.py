"""Audit cases: statements on audits, stored with a regimen, which its audits must satisfy.

Each begins with the log of one adherent patient, changes a few of its rows, and states what the
audit finds.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from protocol.audit.deviations import Eligibility, Kind, PatientAudit, QueryKind
from protocol.audit.judge import audit_patient
from protocol.audit.log.adherent import adherent_events
from protocol.audit.log.events import Event
from protocol.errors import InputError
from protocol.reading.documents import Document, is_there, parse_document, read_text
from protocol.reading.fields import CENTURY_DAYS, Fact, Name, Text, Whole
from protocol.regimen.load import SHIPPED, list_regimens
from protocol.regimen.rules import Regimen

#: The audit cases of ``mine.yaml`` are in ``mine.audit.cases.yaml``.
SUFFIX = ".audit.cases.yaml"
#: Day 0 of the patients of cases, a Monday.
DAY_0 = dt.date(2024, 1, 1)

DayNumber = Annotated[Whole, Field(ge=-CENTURY_DAYS, le=CENTURY_DAYS)]


class Patient(Document):
    """The adherent patient whose log the cases change.

    ``baseline`` and ``monthly`` hold results by input name before therapy and at the end of each
    month, ``facts`` the inputs of entry criteria, and ``semen`` the analysis after therapy.
    """

    baseline: dict[Name, Fact] = Field(default_factory=dict)
    monthly: tuple[dict[Name, Fact], ...] = ()
    facts: dict[Name, Fact] = Field(default_factory=dict)
    semen: str | None = None


class RowChange(Document):
    """One row that is changed, removed or added.

    ``event`` and ``day`` name the row; if there are several doses on one day, ``drug`` selects one.
    An added row has all fields given here.
    """

    event: str
    day: DayNumber
    drug: Name | None = None
    how: Literal["move", "change", "remove", "add"] = "change"
    to_day: DayNumber | None = None
    amount: Annotated[float, Field(gt=0, le=1e6)] | None = None
    value: Fact | None = None
    route: Literal["im", "sc", "po"] | None = None


class AuditCase(Document):
    """One statement, the changes to the adherent log, and the expected result of the audit."""

    statement: Text
    changes: tuple[RowChange, ...] = ()
    deviations: tuple[Kind, ...] = ()
    queries: tuple[QueryKind, ...] = ()
    eligibility: Eligibility = "met"

    @property
    def table(self) -> str:
        """The subject of the case; other cases name their table here."""
        return "audit"


class AuditCaseFile(Document):
    """A file of audit cases; it belongs to one regimen."""

    regimen: Name
    patient: Patient
    cases: Annotated[tuple[AuditCase, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class AuditCaseResult:
    """Whether a case passed; ``wrong`` describes the difference and is empty if it passed."""

    case: AuditCase
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the audit satisfies the statement."""
        return not self.wrong


def load_audit_cases(name_or_path: str | Path) -> AuditCaseFile | None:
    """Return the audit cases of a regimen; None if there are none."""
    name = str(name_or_path)
    if name in list_regimens():
        path = SHIPPED / f"{name}{SUFFIX}"
        if not path.is_file():
            return None
        return parse_document(path.read_text(encoding="utf-8"), AuditCaseFile, path.name)
    own = Path(name)
    beside = own.with_name(own.stem + SUFFIX)
    if not is_there(beside):
        return None
    return parse_document(read_text(beside), AuditCaseFile, str(beside))


def run_audit_cases(regimen: Regimen, file: AuditCaseFile) -> tuple[AuditCaseResult, ...]:
    """Run every case; one that changes a row that does not exist fails with that explanation."""
    return tuple(_run(regimen, file.patient, case) for case in file.cases)


def _run(regimen: Regimen, patient: Patient, case: AuditCase) -> AuditCaseResult:
    try:
        events = _events(regimen, patient)
        for change in case.changes:
            events = _changed(events, change)
    except InputError as error:
        return AuditCaseResult(case, tuple(str(fault) for fault in error.faults))
    found = audit_patient("patient", sorted(events, key=lambda event: event.date), regimen)
    return AuditCaseResult(case, tuple(_differences(case, found)))


def _differences(case: AuditCase, found: PatientAudit) -> list[str]:
    came: dict[str, Sequence[str]] = {
        "deviations": [item.kind for item in found.deviations],
        "queries": [query.kind for query in found.queries],
        "eligibility": [found.eligibility],
    }
    wanted: Mapping[str, Sequence[str]] = {
        "deviations": case.deviations,
        "queries": case.queries,
        "eligibility": [case.eligibility],
    }
    return [
        f"{name}: {', '.join(came[name]) or 'none'}, not {', '.join(wanted[name]) or 'none'}"
        for name in wanted
        if list(wanted[name]) != list(came[name])
    ]


def _events(regimen: Regimen, patient: Patient) -> list[Event]:
    """Return the log of the adherent patient."""
    events = adherent_events(
        regimen, DAY_0, patient.monthly, baseline=patient.baseline, semen=patient.semen
    )
    day = DAY_0.toordinal()
    return [*events, *(Event(day, name, value=value) for name, value in patient.facts.items())]


def _changed(events: Sequence[Event], change: RowChange) -> list[Event]:
    date = DAY_0.toordinal() + change.day
    if change.how == "add":
        added = Event(
            date, change.event, change.drug or "", change.amount or 0.0, change.value,
            route=change.route or "",
        )  # fmt: skip
        return [*events, added]
    fits = [
        event
        for event in events
        if (event.name, event.date) == (change.event, date) and change.drug in (None, event.drug)
    ]
    if len(fits) != 1:
        problem = f"{len(fits)} rows of {change.event} are on day {change.day}"
        raise InputError.of("changes", change.event, problem, "name one row of the adherent log")
    others = [event for event in events if event is not fits[0]]
    return others if change.how == "remove" else [*others, _new(fits[0], change)]


def _new(event: Event, change: RowChange) -> Event:
    """Return the changed row."""
    if change.to_day is not None:
        event = replace(event, date=DAY_0.toordinal() + change.to_day)
    if change.amount is not None:
        event = replace(event, dose=change.amount)
    if change.value is not None:
        event = replace(event, value=change.value)
    if change.route is not None:
        event = replace(event, route=change.route)
    return event
