"""Days, times of day and durations in clinic files."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Whole
from simulate.scenario.sections.parameter import NotNegative, Parameter, Positive

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip

MINUTES_PER_DAY = 1440
#: Units of durations, and their length in days.
DAYS_PER = {"min": 1 / MINUTES_PER_DAY, "h": 1 / 24, "d": 1.0}


def in_time_units(parameter: Parameter) -> Parameter:
    """Refuse a number whose unit is not a unit of time."""
    if parameter.unit not in DAYS_PER:
        raise ValueError(
            f"unit {parameter.unit!r} is not a time; give one of {', '.join(DAYS_PER)}"
        )
    return parameter


_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError("write a time of day from 00:00 to 23:59, such as '08:30', in quotes")
    return text


Time = Annotated[Parameter, AfterValidator(in_time_units)]
Clock = Annotated[str, AfterValidator(_clock)]
Daily = dict[Weekday, Annotated[Whole, Field(ge=0, le=1000)]]


def day_part(clock: str) -> float:
    """Return a time of day as a fraction of the day.

    >>> day_part("06:00")
    0.25
    """
    hour, minute = clock.split(":")
    return (60 * int(hour) + int(minute)) / MINUTES_PER_DAY


class Length(Document):
    """A duration: the same for all patients, or distributed around a mean.

    For ``lognormal``, mean and ``sd`` are on the scale of time, not of its logarithm.
    """

    mean: Annotated[NotNegative, AfterValidator(in_time_units)]
    form: Literal["constant", "exponential", "lognormal"] = "constant"
    sd: Annotated[Positive, AfterValidator(in_time_units)] | None = None

    @model_validator(mode="after")
    def _sd_where_it_belongs(self) -> "Length":
        if (self.form == "lognormal") != (self.sd is not None):
            raise ValueError("give `sd` with form lognormal, and only with it")
        if self.form == "lognormal" and self.mean.value == 0:
            raise ValueError("a lognormal length has a mean above 0; give one")
        return self

    @property
    def mean_days(self) -> float:
        """The mean in days."""
        return self.mean.value * DAYS_PER[self.mean.unit]
