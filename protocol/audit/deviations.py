"""Deviations: their kinds, and the audit of a man and of a cohort that holds them."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "dose",
    "drug",
    "route",
    "timing",
    "missed injection",
    "extra injection",
    "treatment gap",
    "omitted test",
    "test timing",
    "decision against the rule",
    "early surgery",
    "surgery before the semen check",
    "missing semen check",
    "therapy after stop",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
SCHEMA = "pretese/audit/2"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference between what was due and what was done.

    ``day`` counts from the start of therapy; ``rule`` is the rule or order that made it due;
    ``rows`` are the lines of the log that show it, empty when something was left out.
    """

    patient: str
    kind: Kind
    day: int
    date: dt.date
    expected: str
    done: str
    tolerance: str
    rule: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientAudit:
    """One man's audit. ``until_day`` is the last day that could be judged.

    ``complete`` is False when the log ends before surgery, ICSI or withdrawal; ``note`` says so.
    """

    patient: str
    start: dt.date | None
    phases: tuple[str, ...]
    until_day: int
    complete: bool
    note: str
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """A cohort's audit: each man, and how often each kind of deviation was found."""

    schema: str
    regimen_id: str
    regimen_version: str
    regimen_sha256: str
    patients: tuple[PatientAudit, ...]

    def counts(self) -> dict[Kind, int]:
        """Return the number of deviations of each kind, zeros included."""
        found = Counter(deviation.kind for man in self.patients for deviation in man.deviations)
        return {kind: found[kind] for kind in KINDS}

    def patients_with(self) -> dict[Kind, int]:
        """Return the number of men with at least one deviation of each kind."""
        found = Counter(kind for man in self.patients for kind in {d.kind for d in man.deviations})
        return {kind: found[kind] for kind in KINDS}
