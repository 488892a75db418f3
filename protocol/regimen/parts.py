"""What a regimen is made of beside its tables: sources, inputs, drugs, doses, visits, tolerances.

`language` says what a file may write of them; `compile` turns that into what stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from protocol.reading.quantities import analyte_file

Status = Literal["published", "derived", "assumed"]
#: How urgent a flag is.
Severity = Literal["information", "warning", "critical"]
Outcome = Literal["recommendation", "no action required", "insufficient data", "out of scope"]
InputKind = Literal["number", "integer", "enum"]
DoseUnit = Literal["IU", "mg"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from: a paper, a registry entry, or the authors of this file."""

    title: str
    doi: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that conditions name instead of repeating."""

    value: float
    unit: str
    status: Status
    source: str
    locator: str
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class NewValue:
    """A number in place of a parameter's, and who set it; ``wording`` says what it is."""

    value: float
    set_by: str = "the user"
    wording: str = ""


@dataclass(frozen=True, slots=True)
class RangeParameters:
    """The parameters that hold the ends of an analyte's normal range; one end may not matter."""

    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """A number that is computed from the results of another input, ``of``.

    ``change since start`` is the difference from the last result before therapy, ``ratio to
    start`` the quotient; ``previous value`` is what counted a month earlier.
    """

    of: str
    how: Literal["change since start", "ratio to start", "previous value"]


@dataclass(frozen=True, slots=True)
class Input:
    """What a table may ask for.

    ``state`` inputs follow from where the patient is in therapy; ``measured`` ones may be measured
    again, so that explanations can vary them. ``plausible`` is closed: a
    number outside is refused as a slip of the pen. A measurement older than ``max_age_days``
    counts as missing. ``analyte`` names what is measured, so that results in other units are
    converted; ``computed`` says how a number follows from the results of another input. A sample
    ``not_before`` the end of therapy does not count when it was taken in an earlier month.
    """

    kind: InputKind
    label: str
    role: Literal["measured", "state"] = "measured"
    unit: str | None = None
    plausible: tuple[float, float] | None = None
    values: tuple[str, ...] = ()
    max_age_days: int | None = None
    may_be_missing: bool = True
    analyte: str | None = None
    computed: Computed | None = None
    not_before: Literal["end of therapy"] | None = None


def analyte_of(name: str, spec: Input) -> str | None:
    """Return the analyte whose results feed an input: the one it names, or the shipped one."""
    if spec.analyte is not None or spec.kind == "enum" or spec.computed is not None:
        return spec.analyte
    shipped = analyte_file().analytes.items()
    return next((key for key, analyte in shipped if analyte.input == name), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """A place where the source can be read in more than one way, and the way taken here."""

    quote: str
    interpretation: str
    rationale: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a table may recommend.

    ``requires`` states what must be so for it to make sense, by input: a rule that recommends it
    otherwise is refused.
    """

    label: str
    requires: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far what was given may lie from what was recommended before it is a deviation."""

    value: float
    unit: Literal["d", "%"]
    status: Status
    rationale: str


@dataclass(frozen=True, slots=True)
class MonthLength:
    """Which months of therapy a clinic may keep: 30 days each, or those of the calendar."""

    length: Literal["30 days", "calendar month", "from visit to visit"]
    status: Status
    rationale: str


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The windows of the audit; both ends of each window are still tolerated.

    ``month`` says which months a log is judged by; 30 days where it is absent.
    """

    injection: Tolerance
    dose: Tolerance
    visit: Tolerance
    gap: Tolerance
    month: MonthLength | None = None


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug, and how much of it one vial or tablet holds, in IU or in mg.

    ``short`` is the name on a plan, such as uFSH.
    """

    label: str
    short: str | None = None
    vial_iu: float | None = None
    vial_mg: float | None = None
    tablet_mg: float | None = None
    status: Status = "published"
    note: str = ""

    @property
    def unit(self) -> DoseUnit:
        """The unit of its doses."""
        return "IU" if self.vial_iu is not None else "mg"

    @property
    def pack(self) -> float:
        """How much one vial or tablet holds."""
        return self.vial_iu or self.vial_mg or self.tablet_mg or 1.0

    @property
    def pack_name(self) -> str:
        """What it comes in."""
        return "vial" if self.tablet_mg is None else "tablet"

    @property
    def name(self) -> str:
        """The name on a plan."""
        return self.short or self.label


@dataclass(frozen=True, slots=True)
class Order:
    """One dose that repeats.

    Either every ``interval_days``, counted from the first day of the phase: the drug is due on
    ``offset_day``, ``offset_day + interval_days``, and so on; or on the ``weekdays``. Two orders
    with the same interval and different offsets alternate. An interval of whole weeks is counted
    from the first day of therapy, so that weekdays stay the same from phase to phase.
    """

    drug: str
    dose_iu: float | None
    dose_mg: float | None
    route: Literal["im", "sc", "po"]
    interval_days: int | None = None
    offset_day: int = 0
    weekdays: tuple[Weekday, ...] = ()

    @property
    def dose(self) -> float:
        """The dose, in IU or mg."""
        return self.dose_iu or self.dose_mg or 0.0

    @property
    def unit(self) -> DoseUnit:
        """The unit of the dose."""
        return "IU" if self.dose_iu is not None else "mg"

    @property
    def rhythm(self) -> str:
        """How it repeats, in words."""
        if self.weekdays:
            return "on " + ", ".join(day.capitalize() for day in self.weekdays)
        return "every day" if self.interval_days == 1 else f"every {self.interval_days} days"


@dataclass(frozen=True, slots=True)
class Visit:
    """When something is measured.

    The end of a month is the day on which the next begins. ``day 15 of each month`` is a visit
    within a month, its days counted from 0. What was measured up to ``max_age_days`` before the
    visit counts for it; the tolerance of visits if it is absent.
    """

    label: str
    when: str
    measure: tuple[str, ...]
    max_age_days: int | None
    source: str
    locator: str

    @property
    def day_of_month(self) -> int | None:
        """The day within each month, counted from 0; None for the other visits."""
        return int(self.when.split()[1]) if self.when.startswith("day ") else None
