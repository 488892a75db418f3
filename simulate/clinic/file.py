"""All that a clinic file may say: who comes when, what there is to serve them, how long it takes.

Times of day are written ``"08:30"``. A part that is left out (no ``theatre``, no ``laboratory``)
has no limit and takes no time, so that an empty clinic adds nothing to nature.
"""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from protocol.conditions import Condition, parse_name_condition, parse_number_condition
from protocol.documents import Document, parse_document, read_text
from simulate.nouns import ARMS, DIAGNOSES
from simulate.parameter import NotNegative, Parameter, Positive

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

MINUTES_PER_DAY = 1440
#: Units in which a length of time may be given, with what one of them is in days.
DAYS_PER = {"min": 1 / MINUTES_PER_DAY, "h": 1 / 24, "d": 1.0}

#: What a priority may look at: numbers, and names with their values.
NUMBERS = ("age_years", "partner_age_years", "infertility_duration_years")
NAMES: Mapping[str, tuple[str, ...]] = {"diagnosis": DIAGNOSES, "arm": ARMS}


def _in_time_units(parameter: Parameter) -> Parameter:
    if parameter.unit not in DAYS_PER:
        raise ValueError(f"unit {parameter.unit!r} is no time; give one of {', '.join(DAYS_PER)}")
    return parameter


def _clock(text: str) -> str:
    hour, colon, minute = text.partition(":")
    good = colon and hour.isdigit() and minute.isdigit() and len(minute) == 2
    if not good or int(hour) > 23 or int(minute) > 59:
        raise ValueError("write a time of day from 00:00 to 23:59, such as '08:30', in quotes")
    return text


Time = Annotated[Parameter, AfterValidator(_in_time_units)]
Clock = Annotated[str, AfterValidator(_clock)]
Daily = dict[Weekday, Annotated[int, Field(ge=0)]]


def day_part(clock: str) -> float:
    """Return a time of day as a part of the day.

    >>> day_part("06:00")
    0.25
    """
    hour, minute = clock.split(":")
    return (60 * int(hour) + int(minute)) / MINUTES_PER_DAY


class Length(Document):
    """How long something takes: the same for all, or spread around a mean.

    ``lognormal`` has mean and ``sd`` on the scale of time itself, not of its logarithm.
    """

    mean: Annotated[NotNegative, AfterValidator(_in_time_units)]
    form: Literal["constant", "exponential", "lognormal"] = "constant"
    sd: Annotated[Positive, AfterValidator(_in_time_units)] | None = None

    @model_validator(mode="after")
    def _spread_where_it_belongs(self) -> "Length":
        if (self.form == "lognormal") != (self.sd is not None):
            raise ValueError("give `sd` with form lognormal, and only with it")
        if self.form == "lognormal" and self.mean.value == 0:
            raise ValueError("a lognormal length has a mean above 0; give one")
        return self

    @property
    def mean_days(self) -> float:
        """The mean in days."""
        return self.mean.value * DAYS_PER[self.mean.unit]


def _some(given: Daily, what: str) -> Daily:
    if not any(given.values()):
        raise ValueError(f"there is no {what} on any weekday; give at least one")
    return given


class Referrals(Document):
    """When men come. Without a rate they come on the days on which the scenario enrols them.

    ``by_month`` multiplies the rate in a calendar month. ``waiting_list`` names a CSV file beside
    the clinic file: men who already wait on day 0, columns ``waiting_for`` (``first visit`` or
    ``micro-TESE``) and ``days_waited``.
    """

    men_per_week: Positive | None = None
    by_month: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
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


class Outpatients(Document):
    """Appointments on weekdays, given out in the order in which they are asked for.

    ``follow_up_only`` of each day's slots are kept from first visits.
    """

    slots: Daily
    first_slot: Clock
    minutes: Annotated[float, Field(gt=0)]
    follow_up_only: Annotated[int, Field(ge=0)] = 0

    @field_validator("slots")
    @classmethod
    def _some_slot(cls, given: Daily) -> Daily:
        return _some(given, "slot")

    @model_validator(mode="after")
    def _first_visits_have_a_place(self) -> "Outpatients":
        most = max(self.slots.values())
        if self.follow_up_only >= most:
            raise ValueError(
                f"follow_up_only {self.follow_up_only} leaves no slot for first visits; "
                f"keep it below {most}"
            )
        if day_part(self.first_slot) + most * self.minutes / MINUTES_PER_DAY > 1:
            raise ValueError("the day's last slot ends after midnight; give fewer or shorter slots")
        return self


class Bench(Document):
    """A laboratory bench: analysers side by side, day and night; then the turnaround.

    Transport, nights and batches belong to the turnaround. Without ``analysers`` nobody waits.
    """

    analysers: Annotated[int, Field(ge=1)] | None = None
    work: Length | None = None
    turnaround: Length | None = None

    @model_validator(mode="after")
    def _analysers_have_work(self) -> "Bench":
        if (self.analysers is None) != (self.work is None):
            raise ValueError("give `analysers` and `work` together, or neither")
        return self


class Laboratory(Document):
    """The hormone bench and the semen bench."""

    hormones: Bench = Bench()
    semen: Bench = Bench()


class TheatreList(Document):
    """One operating list: every so many weeks on a weekday, some minutes of one surgeon."""

    weekday: Weekday
    start: Clock
    minutes: Annotated[float, Field(gt=0)]
    surgeon: Annotated[str, Field(min_length=1)]
    every_weeks: Annotated[int, Field(ge=1)] = 1
    first_week: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _within_a_day(self) -> "TheatreList":
        if day_part(self.start) + self.minutes / MINUTES_PER_DAY > 1:
            raise ValueError("the list ends after midnight; give fewer minutes")
        if self.first_week >= self.every_weeks:
            raise ValueError(f"first_week counts from 0; keep it below {self.every_weeks}")
        return self


class Theatre(Document):
    """Lists, and what an operation takes. A case begins if its mean length still fits.

    Without ``operation`` each man's takes the minutes that the scenario's surgery gives him.
    """

    lists: tuple[TheatreList, ...] = Field(min_length=1)
    operation: Length | None = None
    turnover_minutes: Annotated[float, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_list_at_a_time(self) -> "Theatre":
        for number, each in enumerate(self.lists):
            for other in self.lists[:number]:
                if _clash(each, other):
                    raise ValueError(
                        f"surgeon {each.surgeon!r} has two lists at once on {each.weekday}; "
                        "move one, or name another surgeon"
                    )
        return self


def _clash(one: TheatreList, other: TheatreList) -> bool:
    """Say whether two lists of one surgeon overlap in some week."""
    if one.surgeon != other.surgeon or one.weekday != other.weekday:
        return False
    begin, also = day_part(one.start), day_part(other.start)
    apart = begin + one.minutes / MINUTES_PER_DAY <= also
    apart |= also + other.minutes / MINUTES_PER_DAY <= begin
    weeks = range(one.every_weeks * other.every_weeks)
    meet = any(
        week % one.every_weeks == one.first_week and week % other.every_weeks == other.first_week
        for week in weeks
    )
    return meet and not apart


class Embryology(Document):
    """Oocyte retrievals and embryo transfers that can be done on each weekday."""

    oocyte_retrievals: Daily
    transfers: Daily

    @field_validator("oocyte_retrievals", "transfers")
    @classmethod
    def _some_place(cls, given: Daily) -> Daily:
        return _some(given, "place")


class Intervals(Document):
    """How long steps take that wait for nobody; left out, they take no time."""

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
    """Who goes first on the theatre list: the lowest rank of the conditions a man meets.

    A man who meets none has rank 100; within a rank, who joined first goes first.
    """

    when: dict[str, str] = Field(min_length=1)
    rank: Annotated[int, Field(ge=0, lt=100)]
    why: str

    @field_validator("when")
    @classmethod
    def _readable(cls, given: dict[str, str]) -> dict[str, str]:
        read_conditions(given)
        return given


def read_conditions(when: Mapping[str, str]) -> dict[str, Condition]:
    """Return the conditions of a priority, read; ValueError says what was not understood."""
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
    """How long a man waits before he leaves; left out, he stays.

    A first visit offered later than his patience is declined; on the theatre list he leaves when
    his patience ends.
    """

    first_visit: Length | None = None
    theatre: Length | None = None


class Biology(Document):
    """What waiting does to a man and his partner: assumptions, off unless they are given.

    ``effect_half_life``: the effect of therapy on retrieval halves with every such time between
    the end of therapy and surgery. ``partner_ages``: embryo transfers take the partner's age at
    oocyte retrieval, in whole quarters of a year after referral.
    """

    effect_half_life: Annotated[Positive, AfterValidator(_in_time_units)] | None = None
    partner_ages: bool = False


class Clinic(Document):
    """A clinic. Day 0 is the date on which it ``opens``.

    Men are referred up to ``horizon_days``; waits count for those who begin to wait from
    ``warm_up_days`` on. Both are needed where men come at a rate.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    opens: dt.date
    warm_up_days: Annotated[int, Field(ge=0)] = 0
    horizon_days: Annotated[int, Field(gt=0)] | None = None
    holidays: tuple[dt.date, ...] = ()
    referrals: Referrals = Referrals()
    outpatients: Outpatients | None = None
    laboratory: Laboratory = Laboratory()
    theatre: Theatre | None = None
    embryology: Embryology | None = None
    intervals: Intervals = Intervals()
    priorities: tuple[Priority, ...] = ()
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


def read_clinic(path: Path) -> Clinic:
    """Read a clinic file; all its faults come in one `InputError`."""
    return parse_document(read_text(path), Clinic, where=str(path))
