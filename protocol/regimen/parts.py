"""The parts of a regimen other than tables: sources, inputs, drugs, doses, visits, tolerances.

`language` defines their form in files; `compile` builds the classes of this module.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from protocol.reading.quantities import analyte_file

Status = Literal["published", "derived", "assumed"]
#: Urgency of a flag.
Severity = Literal["information", "warning", "critical"]
Outcome = Literal["recommendation", "no action required", "insufficient data", "out of scope"]
InputKind = Literal["number", "integer", "enum"]
DoseUnit = Literal["IU", "mg"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@dataclass(frozen=True, slots=True)
class Source:
    """A source of facts: a paper, a registry entry, or the authors of this file."""

    title: str
    doi: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number used in conditions."""

    value: float
    unit: str
    status: Status
    source: str
    locator: str
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class NewValue:
    """A number that replaces a parameter, with who set it; ``wording`` describes it."""

    value: float
    set_by: str = "the user"
    wording: str = ""


@dataclass(frozen=True, slots=True)
class RangeParameters:
    """The parameters that give the ends of an analyte's normal range; one end may be absent."""

    low: str | None = None
    high: str | None = None


@dataclass(frozen=True, slots=True)
class Computed:
    """A number that is computed from the results of another input, ``of``.

    ``change since start`` is the difference from the last result before therapy, ``ratio to
    start`` the quotient; ``previous value`` is the result used a month earlier.
    """

    of: str
    how: Literal["change since start", "ratio to start", "previous value"]


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a table.

    ``state`` inputs follow from the course of therapy; ``measured`` inputs can be measured again,
    so that explanations vary them. ``plausible`` is closed: a number outside is refused as a typing
    error. A measurement older than ``max_age_days`` counts as missing. ``analyte`` names the
    analyte, so that results in other units are converted; ``computed`` defines how a number is
    computed from the results of another input. A sample ``not_before`` the end of therapy does not
    count when it was taken in an earlier month.
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
    """Return the analyte whose results an input uses: the one it names, or the shipped one."""
    if spec.analyte is not None or spec.kind == "enum" or spec.computed is not None:
        return spec.analyte
    shipped = analyte_file().analytes.items()
    return next((key for key, analyte in shipped if analyte.input == name), None)


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage of the source with more than one interpretation, and the one adopted here."""

    quote: str
    interpretation: str
    rationale: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """An action that a table may recommend.

    ``requires`` states its preconditions by input: a rule that recommends it without them is
    refused.
    """

    label: str
    requires: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The largest difference from the recommendation that is not a deviation."""

    value: float
    unit: Literal["d", "%"]
    status: Status
    rationale: str


@dataclass(frozen=True, slots=True)
class MonthLength:
    """The definition of a month of therapy: 30 days, calendar months, or from visit to visit."""

    length: Literal["30 days", "calendar month", "from visit to visit"]
    status: Status
    rationale: str


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The tolerance windows of the audit, ends included.

    ``month`` defines the months of a log; 30 days if absent.
    """

    injection: Tolerance
    dose: Tolerance
    visit: Tolerance
    gap: Tolerance
    month: MonthLength | None = None


@dataclass(frozen=True, slots=True)
class Drug:
    """A drug, and the content of one vial or tablet, in IU or in mg.

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
        """The content of one vial or tablet."""
        return self.vial_iu or self.vial_mg or self.tablet_mg or 1.0

    @property
    def pack_name(self) -> str:
        """The pack: vial or tablet."""
        return "vial" if self.tablet_mg is None else "tablet"

    @property
    def name(self) -> str:
        """The name on a plan."""
        return self.short or self.label


@dataclass(frozen=True, slots=True)
class Order:
    """One repeated dose.

    It is due every ``interval_days``, counted from the first day of the phase, on ``offset_day``,
    ``offset_day + interval_days``, and so on; or on the ``weekdays``. Two orders with the same
    interval and different offsets alternate. An interval of whole weeks is counted from the first
    day of therapy, so that weekdays stay the same from phase to phase.
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
        """The rhythm of the doses, in words."""
        if self.weekdays:
            return "on " + ", ".join(day.capitalize() for day in self.weekdays)
        return "every day" if self.interval_days == 1 else f"every {self.interval_days} days"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit with measurements.

    The end of a month is the day on which the next begins. ``day 15 of each month`` is a visit
    within a month, its days counted from 0. Results up to ``max_age_days`` before the visit count
    for it; if absent, the tolerance of visits applies.
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
