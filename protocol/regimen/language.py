"""What a regimen file may say. `protocol.regimen.load` turns it into a proved `Regimen`."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from protocol.reading.documents import Document
from protocol.reading.fields import CENTURY_DAYS, Number, Whole


def _as_word(value: Any) -> Any:
    """Read a bare number, and bare ``true`` and ``false``, as the word that was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, int | float) else value


def _as_fact(value: Any) -> Any:
    """Read bare ``true`` and ``false`` as words; a number stays one; refuse all else."""
    if isinstance(value, bool):
        return _as_word(value)
    if not isinstance(value, int | float | str):
        raise ValueError("write a number or a name")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
Word = Annotated[str, BeforeValidator(_as_word), StringConstraints(min_length=1)]
#: A number, or a name.
Fact = Annotated[Annotated[float, Field(ge=-1e9, le=1e9)] | str, BeforeValidator(_as_fact)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Status = Literal["published", "derived", "assumed"]
Outcome = Literal["recommendation", "no action required", "insufficient data", "out of scope"]


class Source(Document):
    """Where facts come from: a paper, a registry entry, or the authors of this file."""

    title: Text
    doi: str | None = None
    address: str | None = None


class Parameter(Document):
    """A number that conditions name instead of repeating."""

    value: Annotated[Number, Field(ge=-1e6, le=1e6)]
    unit: Text
    status: Status
    source: Name
    locator: Text
    note: str = ""


Limit = Annotated[Number, Field(ge=-1e6, le=1e6)]


class InputSpec(Document):
    """What a table may look at.

    ``state`` inputs follow from where the man is in therapy; ``measured`` ones may be measured
    anew, so that explanations ask what another value would change. ``plausible`` is closed: a
    number outside is refused as a slip of the pen. A measurement older than ``max_age_days``
    counts as missing.
    """

    kind: Literal["number", "integer", "enum"]
    label: Text
    role: Literal["measured", "state"] = "measured"
    unit: str | None = None
    plausible: tuple[Limit, Limit] | None = None
    values: tuple[Annotated[Word, StringConstraints(pattern=r"^[A-Za-z0-9][\w .+-]*$")], ...] = ()
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    may_be_missing: bool = True


class Drug(Document):
    """A drug, and how much of it one vial holds."""

    label: Text
    vial_iu: Annotated[Number, Field(ge=0.001, le=1e6)]
    status: Status = "published"
    note: str = ""


class Order(Document):
    """One injection that repeats.

    Days count from the first day of the phase: the drug is due on ``offset_day``,
    ``offset_day + interval_days``, and so on. Two orders with the same interval and different
    offsets alternate; three with interval 7 are three injections a week.
    """

    drug: Name
    dose_iu: Annotated[Number, Field(ge=0.001, le=50000)]
    route: Literal["im", "sc"]
    interval_days: Annotated[Whole, Field(ge=1, le=90)]
    offset_day: Annotated[Whole, Field(ge=0, le=89)] = 0


class PhaseSpec(Document):
    """A state of therapy that lasts whole months. Without orders, nothing is injected."""

    label: Text
    orders: tuple[Order, ...] = ()
    ends_therapy: bool = False
    source: Name
    locator: Text


class Reading(Document):
    """A place where the source can be read in more than one way, and the way taken here."""

    quote: Text
    interpretation: Text
    because: Text
    alternatives: tuple[Name, ...] = ()


class RuleSpec(Document):
    """One row of a table: when its conditions hold, the answer is ``then``."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]*$")]
    when: dict[Name, Word] = Field(default_factory=dict)
    outcome: Outcome = "recommendation"
    then: Name | None = None
    because: Text
    source: Name
    locator: Text
    status: Status


class TableSpec(Document):
    """A decision table. ``unique``: exactly one rule fires. ``collect``: any number may."""

    question: Text
    hit: Literal["unique", "collect"] = "unique"
    inputs: Annotated[tuple[Name, ...], Field(min_length=1)]
    rules: Annotated[tuple[RuleSpec, ...], Field(min_length=1)]


class Criterion(Document):
    """One thing that must hold before a man may start."""

    label: Text
    met_when: Annotated[dict[Name, Word], Field(min_length=1)]
    source: Name
    locator: Text
    status: Status


class Visit(Document):
    """When something is measured. ``end of month`` is the last day before the next begins.

    What was measured up to ``max_age_days`` before the visit counts for it; the tolerance of
    visits if it is absent.
    """

    label: Text
    when: Literal["start", "end of each month", "end of therapy"]
    measure: Annotated[tuple[Name, ...], Field(min_length=1)]
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    source: Name
    locator: Text


class Tolerance(Document):
    """How far what was done may lie from what was due before it is a deviation."""

    value: Annotated[Number, Field(ge=0, le=1000)]
    unit: Literal["d", "%"]
    status: Status
    because: Text


class MonthLength(Document):
    """Which months of therapy a clinic may keep: 30 days each, or those of the calendar."""

    length: Literal["30 days", "calendar month"]
    status: Status
    because: Text


class Tolerances(Document):
    """The windows of the audit; both ends of each window are still tolerated.

    ``month`` says which months a log is judged by; 30 days where it is absent.
    """

    injection: Tolerance
    dose: Tolerance
    visit: Tolerance
    gap: Tolerance
    month: MonthLength | None = None


class RegimenFile(Document):
    """A whole regimen file, after ``extends`` has been followed."""

    id: Name
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    title: Text
    about: Text
    extends: Name | None = None
    months: Annotated[Whole, Field(ge=0, le=24)]
    sources: dict[Name, Source]
    readings: dict[Name, Reading] = Field(default_factory=dict)
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    inputs: Annotated[dict[Name, InputSpec], Field(min_length=1)]
    drugs: dict[Name, Drug] = Field(default_factory=dict)
    phases: Annotated[dict[Name, PhaseSpec], Field(min_length=1)]
    visits: dict[Name, Visit] = Field(default_factory=dict)
    actions: dict[Name, Text] = Field(default_factory=dict)
    criteria: dict[Name, Criterion] = Field(default_factory=dict)
    tables: dict[Name, TableSpec]
    tolerances: Tolerances
