"""Resources of a clinic: slots, benches, theatre lists, embryology."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole
from simulate.clinic.setup.time_units import (
    MINUTES_PER_DAY,
    Clock,
    Daily,
    Length,
    Weekday,
    day_part,
)

Minutes = Annotated[Number, Field(ge=0.1, le=MINUTES_PER_DAY)]


def _some(given: Daily, what: str) -> Daily:
    if not any(given.values()):
        raise ValueError(f"there is no {what} on any weekday; give at least one")
    return given


class Outpatients(Document):
    """Appointments on weekdays, allocated in order of request.

    ``follow_up_only`` of each day's slots are reserved for follow-ups.
    """

    slots: Daily
    first_slot: Clock
    minutes: Minutes
    follow_up_only: Annotated[Whole, Field(ge=0, le=1000)] = 0

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
    """A laboratory bench: parallel analysers, day and night, followed by the turnaround.

    Transport, nights and batches are part of the turnaround. Without ``analysers`` there is no
    queue.
    """

    analysers: Annotated[Whole, Field(ge=1, le=10_000)] | None = None
    work: Length | None = None
    turnaround: Length | None = None

    @model_validator(mode="after")
    def _analysers_have_work(self) -> "Bench":
        if (self.analysers is None) != (self.work is None):
            raise ValueError("give `analysers` and `work` together, or neither")
        return self


class LaboratoryBenches(Document):
    """The hormone bench and the semen bench."""

    hormones: Bench = Bench()
    semen: Bench = Bench()


class TheatreList(Document):
    """One operating list: a weekday every ``every_weeks`` weeks, with minutes of one surgeon."""

    weekday: Weekday
    start: Clock
    minutes: Minutes
    surgeon: Annotated[str, Field(min_length=1, max_length=100)]
    every_weeks: Annotated[Whole, Field(ge=1, le=52)] = 1
    first_week: Annotated[Whole, Field(ge=0, le=51)] = 0

    @model_validator(mode="after")
    def _within_a_day(self) -> "TheatreList":
        if day_part(self.start) + self.minutes / MINUTES_PER_DAY > 1:
            raise ValueError("the list ends after midnight; give fewer minutes")
        if self.first_week >= self.every_weeks:
            raise ValueError(f"first_week counts from 0; keep it below {self.every_weeks}")
        return self

    def is_held(self, weekday: Weekday, week: int) -> bool:
        """Return whether there is a list on a weekday of a week, weeks counted from 0."""
        return weekday == self.weekday and week % self.every_weeks == self.first_week


class Theatre(Document):
    """Operating lists and the duration of operations.

    A case begins if its mean duration still fits. Without ``operation``, durations are those of the
    scenario's surgery.
    """

    lists: tuple[TheatreList, ...] = Field(min_length=1, max_length=100)
    operation: Length | None = None
    turnover_minutes: Annotated[Number, Field(ge=0, le=MINUTES_PER_DAY)] = 0

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
    """Return whether two lists of one surgeon overlap in some week."""
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
    first_slot: Clock = "09:00"
    minutes: Minutes = 30

    @field_validator("oocyte_retrievals", "transfers")
    @classmethod
    def _some_place(cls, given: Daily) -> Daily:
        return _some(given, "place")

    @model_validator(mode="after")
    def _within_the_day(self) -> "Embryology":
        most = max(*self.oocyte_retrievals.values(), *self.transfers.values())
        if day_part(self.first_slot) + most * self.minutes / MINUTES_PER_DAY > 1:
            raise ValueError("the day's last slot ends after midnight; give fewer or shorter slots")
        return self
