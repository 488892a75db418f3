"""What a regimen file may say. `protocol.regimen.load` turns it into a proved `Regimen`."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from protocol.reading.documents import Document
from protocol.reading.fields import CENTURY_DAYS, Number, Whole
from protocol.reading.quantities import Analyte, analyte_file
from protocol.regimen.treatment import Drug, PhaseSpec, Visit
from protocol.regimen.words import Name, Outcome, Severity, Status, Text, Word


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


@dataclass(frozen=True, slots=True, order=True)
class NewValue:
    """A number in place of a parameter's, and who set it; ``wording`` says what it is."""

    value: float
    set_by: str = "the user"
    wording: str = ""


class RangeParameters(Document):
    """The parameters that hold the ends of an analyte's normal range; one end may not matter."""

    low: Name | None = None
    high: Name | None = None


Limit = Annotated[Number, Field(ge=-1e6, le=1e6)]


class Computed(Document):
    """A number that is computed from the results of another input, ``of``.

    ``change since start`` is the difference from the last result before therapy, ``ratio to
    start`` the quotient; ``previous value`` is what counted a month earlier.
    """

    of: Name
    how: Literal["change since start", "ratio to start", "previous value"]


class InputSpec(Document):
    """What a table may ask for.

    ``state`` inputs follow from where the patient is in therapy; ``measured`` ones may be measured
    again, so that explanations can vary them. ``plausible`` is closed: a
    number outside is refused as a slip of the pen. A measurement older than ``max_age_days``
    counts as missing. ``analyte`` names what is measured, so that results in other units are
    converted; ``computed`` says how a number follows from the results of another input. A sample
    ``not_before`` the end of therapy does not count when it was taken in an earlier month.
    """

    kind: Literal["number", "integer", "enum"]
    label: Text
    role: Literal["measured", "state"] = "measured"
    unit: str | None = None
    plausible: tuple[Limit, Limit] | None = None
    values: tuple[Annotated[Word, StringConstraints(pattern=r"^[A-Za-z0-9][\w .+-]*$")], ...] = ()
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    may_be_missing: bool = True
    analyte: Name | None = None
    computed: Computed | None = None
    not_before: Literal["end of therapy"] | None = None


def analyte_of(name: str, spec: InputSpec) -> str | None:
    """Return the analyte whose results feed an input: the one it names, or the shipped one."""
    if spec.analyte is not None or spec.kind == "enum" or spec.computed is not None:
        return spec.analyte
    shipped = analyte_file().analytes.items()
    return next((key for key, analyte in shipped if analyte.input == name), None)


class Reading(Document):
    """A place where the source can be read in more than one way, and the way taken here."""

    quote: Text
    interpretation: Text
    rationale: Text
    alternatives: tuple[Name, ...] = ()


class RuleSpec(Document):
    """One row of a table: when its conditions hold, the answer is ``then``.

    ``severity`` and ``blocking`` are of rules that raise flags: a blocking flag turns every
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
    """One thing that must hold before a patient may start."""

    label: Text
    met_when: Annotated[dict[Name, Word], Field(min_length=1)]
    source: Name
    locator: Text
    status: Status


class Action(Document):
    """Something that a table may recommend.

    ``requires`` states what must be so for it to make sense, by input: a rule that recommends it
    otherwise is refused.
    """

    label: Text
    requires: dict[Name, Word] = Field(default_factory=dict)


def _as_action(value: Any) -> Any:
    """Read a bare text as the label of an action."""
    return {"label": value} if isinstance(value, str) else value


class Tolerance(Document):
    """How far what was given may lie from what was recommended before it is a deviation."""

    value: Annotated[Number, Field(ge=0, le=1000)]
    unit: Literal["d", "%"]
    status: Status
    rationale: Text


class MonthLength(Document):
    """Which months of therapy a clinic may keep: 30 days each, or those of the calendar."""

    length: Literal["30 days", "calendar month"]
    status: Status
    rationale: Text


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
    extends: Text | None = None
    months: Annotated[Whole, Field(ge=0, le=24)]
    sources: dict[Name, Source]
    readings: dict[Name, Reading] = Field(default_factory=dict)
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    reference_ranges: dict[Name, RangeParameters] = Field(default_factory=dict)
    analytes: dict[Name, Analyte] = Field(default_factory=dict)
    inputs: Annotated[dict[Name, InputSpec], Field(min_length=1)]
    drugs: dict[Name, Drug] = Field(default_factory=dict)
    phases: Annotated[dict[Name, PhaseSpec], Field(min_length=1)]
    visits: dict[Name, Visit] = Field(default_factory=dict)
    actions: dict[Name, Annotated[Action, BeforeValidator(_as_action)]] = Field(
        default_factory=dict
    )
    criteria: dict[Name, Criterion] = Field(default_factory=dict)
    tables: dict[Name, TableSpec]
    tolerances: Tolerances
