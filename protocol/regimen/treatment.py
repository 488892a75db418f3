"""What a regimen file may say of treatment: drugs, doses that repeat, phases, and visits."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from protocol.reading.documents import Document
from protocol.reading.fields import CENTURY_DAYS, Number, Whole
from protocol.regimen.words import Name, Status, Text

DoseUnit = Literal["IU", "mg"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: When a visit may be.
VISIT_PATTERN = (
    r"^(start|end of each month|end of therapy|day ([1-9]|1[0-9]|2[0-9]) of each month)$"
)
Amount = Annotated[Number, Field(ge=0.001, le=1e6)]


class Drug(Document):
    """A drug, and how much of it one vial or tablet holds, in IU or in mg.

    ``short`` is the name on a plan, such as uFSH.
    """

    label: Text
    short: Text | None = None
    vial_iu: Amount | None = None
    vial_mg: Amount | None = None
    tablet_mg: Amount | None = None
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


class Order(Document):
    """One dose that repeats.

    Either every ``interval_days``, counted from the first day of the phase: the drug is due on
    ``offset_day``, ``offset_day + interval_days``, and so on; or on the ``weekdays``. Two orders
    with the same interval and different offsets alternate. An interval of whole weeks is counted
    from the first day of therapy, so that weekdays stay the same from phase to phase.
    """

    drug: Name
    dose_iu: Amount | None = None
    dose_mg: Amount | None = None
    route: Literal["im", "sc", "po"]
    interval_days: Annotated[Whole, Field(ge=1, le=90)] | None = None
    offset_day: Annotated[Whole, Field(ge=0, le=89)] = 0
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


class PhaseSpec(Document):
    """A state of therapy that lasts whole months. Without orders, nothing is given.

    A phase without orders that does not end therapy is a pause.
    """

    label: Text
    orders: tuple[Order, ...] = ()
    ends_therapy: bool = False
    source: Name
    locator: Text
    status: Status = "assumed"


class Visit(Document):
    """When something is measured.

    The end of a month is the day on which the next begins. ``day 15 of each month`` is a visit
    within a month, its days counted from 0. What was measured up to ``max_age_days`` before the
    visit counts for it; the tolerance of visits if it is absent.
    """

    label: Text
    when: Annotated[str, StringConstraints(pattern=VISIT_PATTERN)]
    measure: Annotated[tuple[Name, ...], Field(min_length=1)]
    max_age_days: Annotated[Whole, Field(ge=0, le=CENTURY_DAYS)] | None = None
    source: Name
    locator: Text

    @property
    def day_of_month(self) -> int | None:
        """The day within each month, counted from 0; None for the other visits."""
        return int(self.when.split()[1]) if self.when.startswith("day ") else None
