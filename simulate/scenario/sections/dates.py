"""Dates: start of the study, opening hours, and deviations from the planned days."""

from typing import Annotated

from pydantic import Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Day, Whole
from simulate.scenario.sections.parameter import NotNegative, Positive, Probability

#: An hour of the day, or 24 for its end.
Hour = Annotated[Whole, Field(ge=0, le=24)]


class Dates(Document):
    """The calendar of the recorded data; it does not change patients or outcomes.

    The study ``begins`` on a date. The clinic is open from Monday to Friday between two hours.
    Visits are up to ``visit_late_days`` late, by the absolute value of a normal variable with SD
    ``visit_sd_days``, and a month of therapy counts from the previous visit. A proportion of
    injections is given a day late (``injection_late_share``). Surgery and, with ejaculated or
    frozen sperm, ICSI follow after log-normal waits of these medians; fresh testicular sperm is
    used on the day of surgery. Embryo transfers follow each other after ``transfer_interval_days``,
    and a live birth its transfer after ``transfer_to_birth_days``: endpoints that are times.
    """

    begins: Day
    opens_hour: Hour
    closes_hour: Hour
    visit_sd_days: NotNegative
    visit_late_days: NotNegative
    injection_late_share: Probability
    surgery_wait_days: Positive
    icsi_wait_days: Positive
    wait_log_sd: NotNegative
    transfer_interval_days: Positive
    transfer_to_birth_days: Positive

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> "Dates":
        if self.opens_hour >= self.closes_hour:
            raise ValueError(
                f"the clinic opens at {self.opens_hour} and closes at {self.closes_hour}; "
                "give an earlier `opens_hour`"
            )
        return self
