"""The format of clinic files: referrals, capacities and durations.

Times of day are written ``"08:30"``. An omitted part (no ``theatre``, no ``laboratory``)
has no limit and takes no time, so that an empty clinic does not change the potential courses.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from protocol.dates import FIRST_YEAR, LAST_YEAR
from protocol.reading.documents import Document, parse_document, read_text
from protocol.reading.fields import Day, Identifier, Number, Whole
from protocol.regimen.conditions import Condition, parse_name_condition, parse_number_condition
from simulate.clinic.setup.equipment import Embryology, LaboratoryBenches, Outpatients, Theatre
from simulate.clinic.setup.opening_days import Calendar
from simulate.clinic.setup.time_units import (
    MONTH_NAMES,
    Clock,
    Length,
    Weekday,
    day_part,
    in_time_units,
)
from simulate.core.coding import ARMS, DIAGNOSES
from simulate.scenario.sections.parameter import Positive

#: Variables of a priority: numbers, and categories with their values.
NUMBERS = ("age_years", "partner_age_years", "infertility_duration_years")
NAMES: Mapping[str, tuple[str, ...]] = {"diagnosis": DIAGNOSES, "arm": ARMS}

#: About 270 years, in days.
LONGEST_HORIZON = 100_000


#: Maximum number of patients of a run: tables of a few gigabytes.
MAX_PATIENTS = 10_000_000


class OfficeHours(Document):
    """When referrals are received: on weekdays other than holidays, between two times of day."""

    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _open_for_a_while(self) -> "OfficeHours":
        if day_part(self.opens) >= day_part(self.closes):
            raise ValueError(f"{self.closes} does not come after {self.opens}; give a later time")
        return self


class Referrals(Document):
    """Referrals. Without a rate, patients are referred on their days of enrolment.

    ``by_month`` multiplies the rate in a calendar month. ``waiting_list`` names a CSV file in the
    folder of the clinic file: patients who already wait on day 0, columns ``waiting_for`` (``first
    visit`` or ``micro-TESE``) and ``days_waited``. With ``office_hours`` referrals at a rate are
    received on weekdays, within these hours; without, at any time.
    """

    patients_per_week: Positive | None = None
    office_hours: OfficeHours | None = None
    by_month: dict[str, Annotated[Number, Field(ge=0, le=1000)]] = Field(default_factory=dict)
    waiting_list: str | None = None

    @field_validator("by_month")
    @classmethod
    def _all_months(cls, given: dict[str, float]) -> dict[str, float]:
        if given and set(given) != set(MONTH_NAMES):
            wrong = min(set(given) ^ set(MONTH_NAMES))
            raise ValueError(f"give all twelve months by name, or none ({wrong!r} is not matched)")
        if given and not any(given.values()):
            raise ValueError("every month has factor 0; give one above 0")
        return given


class Intervals(Document):
    """Durations of steps without queues; if omitted, they take no time."""

    between_semen_samples: Length | None = None
    time_to_choose: Length | None = None
    to_stimulation: Length | None = None
    stimulation: Length | None = None
    retrieval_to_transfer: Length | None = None
    transfer_to_test: Length | None = None
    between_transfers: Length | None = None
    test_to_delivery: Length | None = None
    test_to_loss: Length | None = None


class Priority(Document):
    """Priority on the theatre list: the lowest rank of the conditions that a patient meets.

    A patient who meets none has rank 100; within a rank, the order is that of joining.
    """

    when: dict[str, str] = Field(min_length=1)
    rank: Annotated[Whole, Field(ge=0, lt=100)]
    why: str

    @field_validator("when")
    @classmethod
    def _readable(cls, given: dict[str, str]) -> dict[str, str]:
        read_conditions(given)
        return given


def read_conditions(when: Mapping[str, str]) -> dict[str, Condition]:
    """Return the parsed conditions of a priority; ValueError names what was not understood."""
    found = {}
    for name, text in when.items():
        if name in NUMBERS:
            found[name] = parse_number_condition(text, {})
        elif name in NAMES:
            found[name] = parse_name_condition(text, NAMES[name])
        else:
            raise ValueError(f"{name!r} cannot be looked at; take {', '.join((*NUMBERS, *NAMES))}")
    return found


class Patience(Document):
    """Maximum waiting time of a patient before leaving; if omitted, patients stay.

    A first visit offered later than the patience is declined; on the theatre list the patient
    leaves when patience ends.
    """

    first_visit: Length | None = None
    theatre: Length | None = None


class Biology(Document):
    """Effects of waiting on patient and partner: assumptions, inactive unless given.

    ``effect_half_life``: half-life of the effect of therapy on retrieval between the end of therapy
    and surgery. ``partner_ages``: embryo transfers take the partner's age at oocyte retrieval, in
    whole quarters of a year after referral.
    """

    effect_half_life: Annotated[Positive, AfterValidator(in_time_units)] | None = None
    partner_ages: bool = False


class Clinic(Document):
    """A clinic. Day 0 is the date on which it ``opens``.

    Patients are referred up to ``horizon_days``; waits count for those who begin to wait from
    ``warm_up_days`` on. Both are needed with a referral rate.
    """

    id: Identifier
    title: str
    opens: Annotated[Day, Field(ge=dt.date(FIRST_YEAR, 1, 1), le=dt.date(LAST_YEAR, 12, 31))]
    warm_up_days: Annotated[Whole, Field(ge=0, le=LONGEST_HORIZON)] = 0
    horizon_days: Annotated[Whole, Field(ge=1, le=LONGEST_HORIZON)] | None = None
    holidays: Annotated[tuple[Day, ...], Field(max_length=10_000)] = ()
    referrals: Referrals = Referrals()
    outpatients: Outpatients | None = None
    laboratory: LaboratoryBenches = LaboratoryBenches()
    theatre: Theatre | None = None
    embryology: Embryology | None = None
    intervals: Intervals = Intervals()
    priorities: Annotated[tuple[Priority, ...], Field(max_length=100)] = ()
    patience: Patience = Patience()
    biology: Biology = Biology()
    notes: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _horizon_holds_all(self) -> "Clinic":
        if self.horizon_days is None:
            if self.holidays or self.warm_up_days:
                raise ValueError("holidays and warm_up_days need `horizon_days`; give it")
            return self
        if self.warm_up_days >= self.horizon_days:
            raise ValueError(
                f"warm_up_days {self.warm_up_days} leaves nothing to measure; "
                f"keep it below horizon_days {self.horizon_days}"
            )
        last = self.opens + dt.timedelta(days=self.horizon_days)
        for day in self.holidays:
            if not self.opens <= day <= last:
                raise ValueError(
                    f"the holiday {day} lies outside the horizon; give dates from {self.opens} "
                    f"to {last}"
                )
        return self

    @model_validator(mode="after")
    def _a_run_can_be_held(self) -> "Clinic":
        rate, days = self.referrals.patients_per_week, self.horizon_days
        if rate is None or days is None:
            return self
        most = max(self.referrals.by_month.values(), default=1)
        if (expected := rate.value / 7 * days * most) > MAX_PATIENTS:
            raise ValueError(
                f"about {expected:.2g} patients would be referred within horizon_days; keep "
                f"patients_per_week times the weeks below {MAX_PATIENTS:,}"
            )
        return self

    @model_validator(mode="after")
    def _everything_is_held_within_the_horizon(self) -> "Clinic":
        if self.horizon_days is None:
            return self
        calendar = Calendar(self.opens, self.holidays)
        for what, is_held in self._places():
            if not any(
                calendar.is_open(day) and is_held(calendar.weekday(day), calendar.week(day))
                for day in range(self.horizon_days + 1)
            ):
                raise ValueError(
                    f"no day within horizon_days {self.horizon_days} has {what} apart from "
                    "holidays; no patient would ever be served: lengthen the horizon or add a day"
                )
        return self

    def _places(self) -> Iterator[tuple[str, Callable[[Weekday, int], bool]]]:
        """Yield the sessions required at least once, and whether each is held on a weekday."""
        if out := self.outpatients:
            yield (
                "an outpatient slot for a first visit",
                lambda day, _: out.slots.get(day, 0) > out.follow_up_only,
            )
        if theatre := self.theatre:
            yield (
                "a theatre list",
                lambda day, week: any(each.is_held(day, week) for each in theatre.lists),
            )
        if lab := self.embryology:
            yield "an oocyte retrieval", lambda day, _: lab.oocyte_retrievals.get(day, 0) > 0
            yield "an embryo transfer", lambda day, _: lab.transfers.get(day, 0) > 0


def read_clinic(path: Path) -> Clinic:
    """Read a clinic file; all its faults come in one `InputError`."""
    return parse_document(read_text(path), Clinic, where=str(path))
