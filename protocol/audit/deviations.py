"""Results of an audit: protocol deviations, data queries and adherence, per patient and cohort."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

from protocol.regimen.paths import Injection

Kind = Literal[
    "eligibility",
    "treatment during a hold",
    "dose",
    "drug",
    "route",
    "timing",
    "missed dose",
    "extra dose",
    "treatment gap",
    "omitted test",
    "test timing",
    "decision against the rule",
    "early surgery",
    "surgery before semen analysis",
    "missing semen analysis",
    "therapy after stop",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Deviations that are listed first, regardless of their day.
FIRST: tuple[Kind, ...] = ("eligibility", "treatment during a hold")

QueryKind = Literal[
    "identical rows",
    "divided dose",
    "implausible date",
    "after the data cut-off",
    "before therapy",
    "second start",
    "revised decision",
    "decision not used",
    "conflicting values",
    "similar patient names",
]
QUERY_KINDS: tuple[QueryKind, ...] = get_args(QueryKind)
Eligibility = Literal["met", "violated", "not judged"]
SCHEMA = "pretese/audit/3"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One protocol deviation: the expectation of the regimen and the entry in the log.

    ``day`` counts from the start of therapy, 0; ``rule`` is the rule, criterion or order that the
    expectation rests on; ``rows`` are the lines of the log that show it, empty when something is
    missing.
    """

    patient: str
    kind: Kind
    day: int
    date: dt.date
    expected: str
    observed: str
    tolerance: str
    rule: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DataQuery:
    """A question to the clinic about its data: the finding, and how the audit handled it.

    A data query is not a protocol deviation. ``patient`` is "" where it concerns several.
    """

    patient: str
    kind: QueryKind
    text: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Adherence:
    """The amount of one drug that was given and that was recommended, over the days assessed.

    ``unit`` is that of both amounts, IU or mg; ``percent`` is given per 100 due, None if none was.
    """

    drug: str
    unit: str
    given_amount: float
    due_amount: float
    given_doses: int
    due_doses: int
    percent: float | None


def adherence_of(
    drug: str, unit: str, given: float, due: float, given_doses: int, due_doses: int
) -> Adherence:
    """Return the adherence to one drug.

    >>> adherence_of("hcg", "IU", 30_000, 32_000, 15, 16).percent
    93.75
    """
    percent = 100 * given / due if due else None
    return Adherence(drug, unit, given, due, given_doses, due_doses, percent)


@dataclass(frozen=True, slots=True)
class PatientAudit:
    """One patient's audit.

    Attributes
    ----------
    start
        The date of day 0; None if the log does not show when therapy began.
    month_starts
        The day on which each month of the regimen begins, and the day on which the last one ends.
    until_day
        The last day that could be assessed, from 0.
    complete
        Whether the log reaches surgery, ICSI or withdrawal; if not, ``note`` states its last day.
    eligibility
        ``not judged`` where facts are missing from the log; ``missing_facts`` names them.
    missed_doses
        Every injection that was due and not given, including those of a treatment gap.
    course, courses
        The number of this course of therapy, from 1, and the number of courses in the log.
    """

    patient: str
    start: dt.date | None
    phases: tuple[str, ...]
    month_starts: tuple[int, ...]
    until_day: int
    complete: bool
    note: str
    eligibility: Eligibility
    missing_facts: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    queries: tuple[DataQuery, ...] = ()
    adherence: tuple[Adherence, ...] = ()
    missed_doses: tuple[Injection, ...] = ()
    course: int = 1
    courses: int = 1

    @property
    def name(self) -> str:
        """The patient, with the course if there are several."""
        return self.patient if self.courses == 1 else f"{self.patient}, course {self.course}"


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of all patients of a log; ``queries`` are those that concern several of them.

    ``patients`` has one entry for each course of therapy of each patient.
    """

    schema: str
    regimen_id: str
    regimen_version: str
    regimen_sha256: str
    patients: tuple[PatientAudit, ...]
    queries: tuple[DataQuery, ...] = ()

    def counts(self) -> dict[Kind, int]:
        """Return the number of deviations of each kind, zeros included."""
        found = Counter(item.kind for patient in self.patients for item in patient.deviations)
        return {kind: found[kind] for kind in KINDS}

    def patients_with(self) -> dict[Kind, int]:
        """Return the number of patients with at least one deviation of each kind."""
        pairs = {(each.patient, d.kind) for each in self.patients for d in each.deviations}
        found = Counter(kind for _, kind in pairs)
        return {kind: found[kind] for kind in KINDS}

    def number_of_patients(self) -> int:
        """Return how many patients the log has."""
        return len({each.patient for each in self.patients})

    def all_queries(self) -> tuple[DataQuery, ...]:
        """Return every data query, those of single patients last."""
        return (*self.queries, *(query for each in self.patients for query in each.queries))

    def adherence(self) -> tuple[Adherence, ...]:
        """Return the amounts given and due of each drug, over all patients."""
        total: dict[tuple[str, str], list[float]] = {}
        for each in (item for patient in self.patients for item in patient.adherence):
            counts = total.setdefault((each.drug, each.unit), [0.0, 0.0, 0, 0])
            counts[0] += each.given_amount
            counts[1] += each.due_amount
            counts[2] += each.given_doses
            counts[3] += each.due_doses
        return tuple(
            adherence_of(drug, unit, given, due, int(given_doses), int(due_doses))
            for (drug, unit), (given, due, given_doses, due_doses) in total.items()
        )
