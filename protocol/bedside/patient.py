"""One patient: dated results, course of therapy, and conversion of dates to days of therapy."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from protocol.bedside.known.plausible import value_problem
from protocol.bedside.known.reference_range import ReferenceRange
from protocol.bedside.known.results import Reported, observations_of
from protocol.bedside.known.timeline import Observation, Timeline
from protocol.dates import MONTH_DAYS, date_of, day_from
from protocol.errors import Fault, InputError
from protocol.regimen.conditions import Value
from protocol.regimen.rules import Regimen, facts_asked

#: A month of therapy whose phase is not recorded.
UNKNOWN_PHASE = "unknown"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A dated result: a number with its unit (``<0.3`` below a limit of detection), or a name.

    ``date`` is the day of the sample, ``reported`` the day on which the result became known, by
    default the same. FHIR calls them *effective* and *issued*. ``assay`` is needed where
    reference ranges of several assays are given.
    """

    date: dt.date
    name: str
    value: float | str
    unit: str | None = None
    reported: dt.date | None = None
    source: str | None = None
    assay: str | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which therapy was interrupted, both included; ``last`` is None if it still is."""

    first: dt.date
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """The facts given about a patient; `protocol.bedside.patient_file` reads them from a file.

    ``started`` is day 0 of therapy, absent before therapy. ``phases`` lists the phase of each month
    that has begun, in order; ``unknown`` marks a month without a record. ``entry`` holds the facts
    for entry criteria, ``earlier_courses`` the number of earlier courses of this therapy.
    ``reference_ranges`` are those of the patient's laboratory, in place of the regimen's normal
    range.
    """

    patient: str
    started: dt.date | None = None
    phases: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    earlier_courses: int = 0
    entry: Mapping[str, float | str] = field(default_factory=dict)
    measurements: tuple[Measurement, ...] = ()
    reference_ranges: tuple[ReferenceRange, ...] = ()
    couple_ready: str | None = None


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A patient whose facts have been checked.

    ``entry`` holds every fact of the entry criteria by input name, None where unknown. ``pauses``
    are (first, last) ordinals, in order. ``reference_ranges`` are the laboratory's own.
    """

    patient: str
    started: dt.date | None
    phases: tuple[str, ...]
    entry: Mapping[str, Value]
    timeline: Timeline
    couple_ready: str | None = None
    pauses: tuple[tuple[int, int], ...] = ()
    earlier_courses: int = 0
    reference_ranges: tuple[ReferenceRange, ...] = ()

    def assays_on(self, regimen: Regimen, date: dt.date) -> dict[str, str | None]:
        """Return the assay of the last result of each analyte that is known on a date.

        An analyte without a result is absent; a result may name no assay.
        """
        today = date.toordinal()
        found: dict[str, str | None] = {}
        for analyte in regimen.reference_ranges:
            known = [
                item
                for name in regimen.inputs_of(analyte)
                for item in self.timeline.of(name)
                if item.measured <= today and item.known <= today
            ]
            if known:
                found[analyte] = known[-1].assay
        return found

    @property
    def start(self) -> int | None:
        """The ordinal of day 0."""
        return None if self.started is None else self.started.toordinal()

    def day_on(self, date: dt.date) -> int:
        """Return the day of therapy, from 0, without days of pauses; 0 before the start."""
        if self.started is None or date <= self.started:
            return 0
        end = date.toordinal()
        paused = sum(max(0, min(last + 1, end) - first) for first, last in self.pauses)
        return (date - self.started).days - paused

    def month_on(self, date: dt.date) -> int:
        """Return the month of therapy that contains a date, from 1; 1 before the start."""
        return self.day_on(date) // MONTH_DAYS + 1

    def date_on(self, day: int, default: dt.date) -> dt.date:
        """Return the date of a day of therapy; counted from ``default`` before therapy."""
        date = day_from(self.started or default, day, "patient").toordinal()
        for first, last in self.pauses:
            if first <= date:
                date += last + 1 - first
        return date_of(date)

    def phase_of(self, month: int) -> str | None:
        """Return the phase of a month, from 1; None if it is not known."""
        phase = self.phases[month - 1] if 1 <= month <= len(self.phases) else None
        return None if phase == UNKNOWN_PHASE else phase


def patient_record(given: PatientFacts, regimen: Regimen, where: str) -> PatientRecord:
    """Check the facts of a patient against a regimen; all faults are reported together.

    Raises
    ------
    InputError
        For results that the regimen does not use, incompatible units, values outside the
        plausible range, phases that the regimen does not have, and phases without a start.
    """
    faults: list[Fault] = []
    observations: list[Observation] = []
    for i, measurement in enumerate(given.measurements):
        try:
            observations += observations_of(_reported(measurement, where, i), regimen)
        except InputError as error:
            faults += error.faults
    entry = _entry(given, regimen, where, faults)
    faults += [Fault(where, *fault) for fault in _faults_of_course(given, regimen)]
    if faults:
        raise InputError(faults)
    return PatientRecord(
        patient=given.patient,
        started=given.started,
        phases=given.phases,
        entry=entry,
        timeline=Timeline(observations),
        couple_ready=given.couple_ready,
        pauses=tuple(_pauses(given)),
        earlier_courses=given.earlier_courses,
        reference_ranges=given.reference_ranges,
    )


def _reported(measurement: Measurement, where: str, number: int) -> Reported:
    field = f"measurements.{number}"
    measured = measurement.date.toordinal()
    known = (measurement.reported or measurement.date).toordinal()
    if known < measured:
        problem = f"{measurement.reported} is before the sample of {measurement.date}"
        raise InputError.of(where, f"{field}.reported", problem, "give the day of the result")
    return Reported(
        measurement.name,
        measurement.value,
        measurement.unit,
        measured,
        known,
        where,
        field,
        measurement.source,
        assay=measurement.assay,
    )


def _pauses(given: PatientFacts) -> Iterator[tuple[int, int]]:
    """Yield pauses as ordinals; one that is still open lasts to the end of the calendar."""
    for pause in sorted(given.pauses, key=lambda pause: pause.first):
        last = dt.date.max if pause.last is None else pause.last
        yield pause.first.toordinal(), last.toordinal()


def _entry(
    given: PatientFacts, regimen: Regimen, where: str, faults: list[Fault]
) -> dict[str, Value]:
    asked = facts_asked(regimen)
    entry: dict[str, Value] = dict.fromkeys(sorted(asked))
    for name, value in given.entry.items():
        if name not in asked:
            cure = f"entry criteria ask for: {', '.join(sorted(asked))}"
            faults.append(Fault(where, f"entry.{name}", "no criterion asks for this", cure))
        elif problem := value_problem(regimen.inputs[name], value):
            faults.append(Fault(where, f"entry.{name}", *problem))
        else:
            entry[name] = value
    return entry


def _faults_of_course(given: PatientFacts, regimen: Regimen) -> Iterator[tuple[str, str, str]]:
    names = [*(phase.name for phase in regimen.phases), UNKNOWN_PHASE]
    for i, phase in enumerate(given.phases):
        if phase not in names:
            yield f"phases.{i}", f"there is no phase {phase!r}", f"there are: {', '.join(names)}"
    if (given.phases or given.pauses) and given.started is None:
        named = "phases" if given.phases else "pauses"
        yield (
            "started",
            f"it is missing though {named} were given",
            "give the day of the first dose",
        )
    if given.couple_ready not in (None, "yes", "no"):
        yield "couple_ready", f"{given.couple_ready!r} is not allowed", "write yes or no"
    yield from _faults_of_pauses(given.pauses, given.started)


def _faults_of_pauses(
    pauses: Iterable[Pause], started: dt.date | None
) -> Iterator[tuple[str, str, str]]:
    """Yield faults of pauses that run backwards, overlap, or begin before therapy."""
    end = started
    for i, pause in enumerate(sorted(pauses, key=lambda pause: pause.first)):
        if pause.last is not None and pause.last < pause.first:
            yield f"pauses.{i}.last", f"{pause.last} is before {pause.first}", "give a later day"
        if end is not None and pause.first <= end:
            problem = f"{pause.first} is not after {end}"
            yield f"pauses.{i}.first", problem, "let pauses follow the start and one another"
        end = pause.last or dt.date.max
