"""One man's file: what is known of him, on which day, and what tables may see of it today."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import Field

from protocol.bedside.decide import input_value, value_problem
from protocol.bedside.decision import InputValue
from protocol.dates import nearest_day
from protocol.errors import Fault, InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Day
from protocol.reading.numbers import cure_of, shown
from protocol.reading.quantities import analyte_file, quantity
from protocol.regimen import language
from protocol.regimen.conditions import Value
from protocol.regimen.load import Regimen
from protocol.regimen.paths import MONTH_DAYS


class Measurement(Document):
    """A dated finding: a number with its unit, or a name (``no sperm``) without."""

    date: Day
    name: str
    value: language.Fact
    unit: str | None = None
    source: str | None = None


class PatientFile(Document):
    """What a patient file may say.

    ``started`` is day 0 of therapy, absent before it. ``phases`` lists what he was given in each
    month that has begun, in order. ``entry`` holds the facts that entry criteria look at.
    """

    patient: str
    started: Day | None = None
    phases: tuple[str, ...] = ()
    entry: dict[str, language.Fact] = Field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    couple_ready: language.Word | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A measurement turned into the unit and the name of a table's input."""

    input: str
    value: Value
    date: dt.date
    source: str | None
    note: str


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A checked patient file. ``entry`` holds every fact by input name, None where unknown."""

    patient: str
    started: dt.date | None
    phases: tuple[str, ...]
    entry: Mapping[str, Value]
    findings: tuple[Finding, ...]
    couple_ready: str | None

    def last_before(self, name: str, first: dt.date, last: dt.date) -> Finding | None:
        """Return the latest finding of an input from ``first`` to ``last``, both included."""
        dated = [
            finding
            for finding in self.findings
            if finding.input == name and first <= finding.date <= last
        ]
        return max(dated, key=lambda finding: finding.date, default=None)


def patient_record(file: PatientFile, regimen: Regimen, where: str) -> PatientRecord:
    """Check a patient file against a regimen; every fault at once.

    Raises
    ------
    InputError
        For measurements that no table knows, units that cannot be, values outside the plausible
        range, phases that the regimen does not have, and phases without a start.
    """
    faults: list[Fault] = []
    findings = []
    for i, measurement in enumerate(file.measurements):
        field = f"measurements.{i}"
        try:
            findings.append(_finding(measurement, regimen, where, field))
        except InputError as error:
            faults += error.faults
    entry = _entry(file, regimen, where, faults)
    faults += [Fault(where, *fault) for fault in _faults_of_course(file, regimen)]
    if faults:
        raise InputError(faults)
    return PatientRecord(
        file.patient, file.started, file.phases, entry, tuple(findings), file.couple_ready
    )


def _finding(measurement: Measurement, regimen: Regimen, where: str, field: str) -> Finding:
    name, value, note = measurement.name, measurement.value, ""
    if name in analyte_file().analytes:
        if isinstance(value, str):
            cure = cure_of(value, "give the measured number")
            raise InputError.of(where, f"{field}.value", f"{shown(value)} is no number", cure)
        if measurement.unit is None:
            cure = f"give one, for example {analyte_file().analytes[name].unit}"
            raise InputError.of(where, f"{field}.unit", "the unit is missing", cure)
        measured = quantity(name, value, measurement.unit, f"{where}: {field}")
        name, value = measured.input, measured.value
        if measured.given_unit != measured.unit:
            note = f"given as {measured.given_value:.6g} {measured.given_unit}"
    elif name in regimen.inputs and measurement.unit is not None:
        raise InputError.of(where, f"{field}.unit", "this finding has no unit", "remove it")
    if name not in regimen.inputs:
        known = ", ".join([*analyte_file().analytes, *_named(regimen)])
        raise InputError.of(
            where, f"{field}.name", f"{regimen.id} does not look at {name!r}", f"known: {known}"
        )
    if problem_cure := value_problem(regimen.inputs[name], value):
        raise InputError.of(where, f"{field}.value", *problem_cure)
    return Finding(name, value, measurement.date, measurement.source, note)


def _named(regimen: Regimen) -> list[str]:
    return [
        name
        for name, spec in regimen.inputs.items()
        if spec.kind == "enum" and spec.role == "measured"
    ]


def _entry(
    file: PatientFile, regimen: Regimen, where: str, faults: list[Fault]
) -> dict[str, Value]:
    asked = {name for criterion in regimen.criteria for name in criterion.conditions}
    entry: dict[str, Value] = dict.fromkeys(sorted(asked))
    for name, value in file.entry.items():
        if name not in asked:
            cure = f"criteria look at: {', '.join(sorted(asked))}"
            faults.append(Fault(where, f"entry.{name}", "no criterion looks at this", cure))
        elif problem := value_problem(regimen.inputs[name], value):
            faults.append(Fault(where, f"entry.{name}", *problem))
        else:
            entry[name] = value
    return entry


def _faults_of_course(file: PatientFile, regimen: Regimen) -> Iterator[tuple[str, str, str]]:
    names = [phase.name for phase in regimen.phases]
    for i, phase in enumerate(file.phases):
        if phase not in names:
            yield f"phases.{i}", f"there is no phase {phase!r}", f"there are: {', '.join(names)}"
    if file.phases and file.started is None:
        yield "started", "it is missing though phases were given", "give the day of the first dose"
    if file.couple_ready not in (None, "yes", "no"):
        yield "couple_ready", f"{file.couple_ready!r} is not allowed", "write yes or no"


def month_on(started: dt.date | None, on: dt.date) -> int:
    """Return the month of therapy that holds the day ``on``, from 1; 1 before the start.

    >>> month_on(dt.date(2022, 3, 1), dt.date(2022, 3, 30)), month_on(None, dt.date(2022, 3, 1))
    (1, 1)
    >>> month_on(dt.date(2022, 3, 1), dt.date(2022, 3, 31))
    2
    """
    return 1 if started is None else max(0, (on - started).days) // MONTH_DAYS + 1


def seen_at(
    known: PatientRecord, regimen: Regimen, name: str, due: dt.date, on: dt.date
) -> InputValue:
    """Return an input as a table sees it for a decision due on ``due`` and taken on ``on``.

    The latest finding counts that is at most ``max_age_days`` older than ``due`` and not later
    than the visit tolerance after it, nor than ``on``. An older one is missing, and the note says
    so.
    """
    spec = regimen.inputs[name]
    last = min(on, nearest_day(due, int(regimen.tolerances.visit.value)))
    age = spec.max_age_days
    first = dt.date.min if age is None else nearest_day(due, -age)
    if finding := known.last_before(name, first, last):
        return replace(
            input_value(regimen, name, finding.value),
            date=finding.date,
            source=finding.source,
            note=finding.note,
        )
    if stale := known.last_before(name, dt.date.min, last):
        days = (due - stale.date).days
        note = f"the last one, of {stale.date}, is {days} days old; at most {age} are allowed"
        return replace(input_value(regimen, name, None), note=note)
    return input_value(regimen, name, None)
