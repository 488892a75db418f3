"""The fields of a patient's file in YAML, or of an equivalent mapping."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from protocol.bedside.known.range_entry import RangeEntry
from protocol.bedside.patient import Measurement, PatientFacts, Pause
from protocol.reading.documents import Document, read_document, validate
from protocol.reading.fields import Day, Fact, Whole, Word


class MeasurementEntry(Document):
    """As `protocol.bedside.patient.Measurement`."""

    date: Day
    reported: Day | None = None
    name: str
    value: Fact
    unit: str | None = None
    source: str | None = None
    assay: str | None = None


class PauseEntry(Document):
    """As `protocol.bedside.patient.Pause`."""

    first: Day
    last: Day | None = None


class PatientFile(Document):
    """As `protocol.bedside.patient.PatientFacts`."""

    patient: Word
    started: Day | None = None
    phases: tuple[Word, ...] = ()
    pauses: tuple[PauseEntry, ...] = ()
    earlier_courses: Annotated[Whole, Field(ge=0, le=50)] = 0
    entry: dict[str, Fact] = Field(default_factory=dict)
    measurements: tuple[MeasurementEntry, ...] = ()
    reference_ranges: tuple[RangeEntry, ...] = ()
    couple_ready: Word | None = None

    def as_patient(self) -> PatientFacts:
        """Return the facts that the file states."""
        plain = {name: getattr(self, name) for name in PatientFile.model_fields}
        pauses = tuple(Pause(each.first, each.last) for each in self.pauses)
        results = tuple(
            Measurement(**{name: getattr(each, name) for name in MeasurementEntry.model_fields})
            for each in self.measurements
        )
        ranges = tuple(each.as_range() for each in self.reference_ranges)
        own = {"pauses": pauses, "measurements": results, "reference_ranges": ranges}
        return PatientFacts(**{**plain, **own})


def read_patient(path: Path) -> PatientFacts:
    """Return the facts in a patient's file; every fault is reported in one `InputError`."""
    return read_document(path, PatientFile).as_patient()


def patient_from(plain: Mapping[str, Any] | Any, where: str) -> PatientFacts:
    """Return the facts in a mapping with the fields of a patient's file; errors as for a file."""
    given = dict(plain) if isinstance(plain, Mapping) else plain
    return validate(given, PatientFile, where).as_patient()
