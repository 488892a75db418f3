"""The format of regimen files. `protocol.regimen.load` compiles them to a proved `Regimen`."""

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from protocol.reading.analyte_table import AnalyteSpec, analyte_of_file
from protocol.reading.documents import Document
from protocol.reading.fields import CENTURY_DAYS, Name, Number, Text, Whole, Word
from protocol.regimen import parts
from protocol.regimen.parts import InputKind, Outcome, Severity, Status, Weekday

#: Allowed times of visits.
VISIT_PATTERN = (
    r"^(start|end of each month|end of therapy|day ([1-9]|1[0-9]|2[0-9]) of each month)$"
)
Amount = Annotated[Number, Field(ge=0.001, le=1e6)]


class SourceSpec(Document):
    """As `protocol.regimen.parts.Source`, within the bounds of a file."""

    title: Text
    doi: str | None = None
    address: str | None = None


class ParameterSpec(Document):
    """As `protocol.regimen.parts.Parameter`, within the bounds of a file."""

    value: Annotated[Number, Field(ge=-1e6, le=1e6)]
    unit: Text
    status: Status
    source: Name
    locator: Text
    note: str = ""


class RangeParametersSpec(Document):
    """As `protocol.regimen.parts.RangeParameters`, within the bounds of a file."""

    low: Name | None = None
    high: Name | None = None


Limit = Annotated[Number, Field(ge=-1e6, le=1e6)]


class ComputedSpec(Document):
    """As `protocol.regimen.parts.Computed`, within the bounds of a file."""

    of: Name
    how: Literal["change since start", "ratio to start", "previous value"]


class InputSpec(Document):
    """As `protocol.regimen.parts.Input`, within the bounds of a file."""

    kind: InputKind
    label: Text
    role: Literal["measured", "state"] = "measured"
    unit: str | None = None
    plausible: tuple[Limit, Limit] | None = None
    values: tuple[Annotated[Word, StringConstraints(pattern=r"^[A-Za-z0-9][\w .+-]*$")], ...] = ()
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    may_be_missing: bool = True
    analyte: Name | None = None
    computed: ComputedSpec | None = None
    not_before: Literal["end of therapy"] | None = None


class ReadingSpec(Document):
    """As `protocol.regimen.parts.Reading`, within the bounds of a file."""

    quote: Text
    interpretation: Text
    rationale: Text
    alternatives: tuple[Name, ...] = ()


class DrugSpec(Document):
    """As `protocol.regimen.parts.Drug`, within the bounds of a file."""

    label: Text
    short: Text | None = None
    vial_iu: Amount | None = None
    vial_mg: Amount | None = None
    tablet_mg: Amount | None = None
    status: Status = "published"
    note: str = ""


class OrderSpec(Document):
    """As `protocol.regimen.parts.Order`, within the bounds of a file."""

    drug: Name
    dose_iu: Amount | None = None
    dose_mg: Amount | None = None
    route: Literal["im", "sc", "po"]
    interval_days: Annotated[Whole, Field(ge=1, le=90)] | None = None
    offset_day: Annotated[Whole, Field(ge=0, le=89)] = 0
    weekdays: tuple[Weekday, ...] = ()


class PhaseSpec(Document):
    """A state of therapy that lasts whole months. Without orders, nothing is given.

    A phase without orders that does not end therapy is a pause.
    """

    label: Text
    orders: tuple[OrderSpec, ...] = ()
    ends_therapy: bool = False
    source: Name
    locator: Text
    status: Status = "assumed"


class VisitSpec(Document):
    """As `protocol.regimen.parts.Visit`, within the bounds of a file."""

    label: Text
    when: Annotated[str, StringConstraints(pattern=VISIT_PATTERN)]
    measure: Annotated[tuple[Name, ...], Field(min_length=1)]
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    source: Name
    locator: Text


class RuleSpec(Document):
    """One row of a table: when its conditions hold, the answer is ``then``.

    ``severity`` and ``blocking`` apply to rules that raise flags: a blocking flag turns every
    recommendation into a hold.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][\w-]*$")]
    when: dict[Name, Word] = Field(default_factory=dict)
    outcome: Outcome = "recommendation"
    then: Name | None = None
    rationale: Text
    source: Name
    locator: Text
    status: Status
    severity: Severity = "warning"
    blocking: bool = False


class TableSpec(Document):
    """A decision table. ``unique``: exactly one rule fires. ``collect``: any number may."""

    question: Text
    hit: Literal["unique", "collect"] = "unique"
    inputs: Annotated[tuple[Name, ...], Field(min_length=1)]
    rules: Annotated[tuple[RuleSpec, ...], Field(min_length=1)]


class Criterion(Document):
    """One entry criterion: a requirement before a patient may start therapy."""

    label: Text
    met_when: Annotated[dict[Name, Word], Field(min_length=1)]
    source: Name
    locator: Text
    status: Status


class ActionSpec(Document):
    """As `protocol.regimen.parts.Action`, within the bounds of a file."""

    label: Text
    requires: dict[Name, Word] = Field(default_factory=dict)


def _as_action(value: Any) -> Any:
    """Read a bare text as the label of an action."""
    return {"label": value} if isinstance(value, str) else value


class ToleranceSpec(Document):
    """As `protocol.regimen.parts.Tolerance`, within the bounds of a file."""

    value: Annotated[Number, Field(ge=0, le=1000)]
    unit: Literal["d", "%"]
    status: Status
    rationale: Text


class MonthLengthSpec(Document):
    """As `protocol.regimen.parts.MonthLength`, within the bounds of a file."""

    length: Literal["30 days", "calendar month"]
    status: Status
    rationale: Text


class TolerancesSpec(Document):
    """As `protocol.regimen.parts.Tolerances`, within the bounds of a file."""

    injection: ToleranceSpec
    dose: ToleranceSpec
    visit: ToleranceSpec
    gap: ToleranceSpec
    month: MonthLengthSpec | None = None


class RegimenFile(Document):
    """A whole regimen file, after ``extends`` has been followed."""

    id: Name
    version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
    title: Text
    about: Text
    extends: Text | None = None
    months: Annotated[Whole, Field(ge=0, le=24)]
    sources: dict[Name, SourceSpec]
    readings: dict[Name, ReadingSpec] = Field(default_factory=dict)
    parameters: dict[Name, ParameterSpec] = Field(default_factory=dict)
    reference_ranges: dict[Name, RangeParametersSpec] = Field(default_factory=dict)
    analytes: dict[Name, AnalyteSpec] = Field(default_factory=dict)
    inputs: Annotated[dict[Name, InputSpec], Field(min_length=1)]
    drugs: dict[Name, DrugSpec] = Field(default_factory=dict)
    phases: Annotated[dict[Name, PhaseSpec], Field(min_length=1)]
    visits: dict[Name, VisitSpec] = Field(default_factory=dict)
    actions: dict[
        Name,
        Annotated[ActionSpec, BeforeValidator(_as_action, json_schema_input_type=ActionSpec | str)],
    ] = Field(default_factory=dict)
    criteria: dict[Name, Criterion] = Field(default_factory=dict)
    tables: dict[Name, TableSpec]
    tolerances: TolerancesSpec


#: The compiled class of each kind of entry.
_PARTS: dict[type[Document], type[Any]] = {
    SourceSpec: parts.Source,
    ParameterSpec: parts.Parameter,
    RangeParametersSpec: parts.RangeParameters,
    ComputedSpec: parts.Computed,
    InputSpec: parts.Input,
    ReadingSpec: parts.Reading,
    DrugSpec: parts.Drug,
    OrderSpec: parts.Order,
    VisitSpec: parts.Visit,
    ActionSpec: parts.Action,
    ToleranceSpec: parts.Tolerance,
    MonthLengthSpec: parts.MonthLength,
    TolerancesSpec: parts.Tolerances,
}


def part_of(entry: Any) -> Any:
    """Return the compiled form of an entry, or of all entries of a section."""
    if isinstance(entry, AnalyteSpec):
        return analyte_of_file(entry)
    if isinstance(entry, Document):
        part = _PARTS[type(entry)]
        return part(**{each.name: part_of(getattr(entry, each.name)) for each in fields(part)})
    if isinstance(entry, dict):
        return {name: part_of(value) for name, value in entry.items()}
    return tuple(part_of(value) for value in entry) if isinstance(entry, tuple) else entry
