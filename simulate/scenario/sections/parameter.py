"""A number in a scenario file, with its unit and source."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Number
from protocol.shorten import shorten_text

Status = Literal["published", "derived", "transported", "estimated", "calibrated", "assumed"]

#: Statuses of uncertain numbers, which declare a range.
UNCERTAIN = ("assumed", "transported", "estimated")

#: Largest absolute value of a number in any unit ...
MAX = 1e6

#: ... and in these units: larger values are typing errors and could overflow.
LIMITS = {
    "1": 1000.0,
    "%": 100.0,
    "log": 20.0,
    "a": 150.0,
    "d": 36_525.0,
    "h": 876_600.0,
    "1/a": 100.0,
    "1/wk": 10_000.0,
    "h/L": 1000.0,
    "kg/m2": 1000.0,
    "[IU]/L": 1e5,
    "nmol/L": 1e5,
    "pmol/L": 1e5,
    "ng/mL": 1e5,
    "mL": 1e4,
}

#: Largest log odds, per any unit: beyond it, probabilities are 0 or 1.
LOG_ODDS = 100.0

#: Smallest positive number; smaller divisors overflow.
MIN_POSITIVE = 1e-6

Amount = Annotated[Number, Field(ge=-MAX, le=MAX)]


class Parameter(Document):
    """One number of the mechanism.

    ``status`` keeps these kinds apart: *published* (or *derived* from published numbers by
    arithmetic); *transported* (published for another population or dose, which ``from_population``
    and ``from_dose`` name); *estimated* (from a table of patients, which ``source`` names);
    *calibrated* (solved so that published numbers are reproduced; ``value`` is the starting point,
    the calibration record holds the solution); and *assumed* (free). ``sweep`` gives the closed
    range of a transported or assumed number, and the 95 % interval of an estimated one.
    """

    value: Amount
    unit: str
    status: Status
    source: str
    sweep: tuple[Amount, Amount] | None = None
    from_population: str | None = None
    from_dose: str | None = None

    @model_validator(mode="after")
    def _transported_number_has_an_origin(self) -> "Parameter":
        origin = (self.from_population, self.from_dose)
        if (self.status == "transported") != all(origin) or (any(origin) and not all(origin)):
            raise ValueError(
                "give `from_population` and `from_dose` with status transported, and only with it"
            )
        return self

    @model_validator(mode="after")
    def _within_the_limits_of_its_unit(self) -> "Parameter":
        limit = LOG_ODDS if self.unit.startswith("log odds") else LIMITS.get(self.unit, MAX)
        for number in (self.value, *(self.sweep or ())):
            if abs(number) > limit:
                raise ValueError(
                    f"{number:g} {shorten_text(self.unit)} cannot be; "
                    f"give from {-limit:g} to {limit:g}"
                )
        return self

    @model_validator(mode="after")
    def _uncertain_number_has_a_range(self) -> "Parameter":
        if (self.status in UNCERTAIN) != (self.sweep is not None):
            raise ValueError(
                "give `sweep: [low, high]` with status assumed, transported or estimated, and only "
                "with them"
            )
        if self.sweep and not self.sweep[0] <= self.value <= self.sweep[1]:
            raise ValueError(f"value {self.value:g} lies outside its own sweep {self.sweep}")
        return self


def _probability(parameter: Parameter) -> Parameter:
    if not 0 <= parameter.value <= 1:
        raise ValueError(f"value {parameter.value:g} is not a probability; give one from 0 to 1")
    return parameter


def _positive(parameter: Parameter) -> Parameter:
    if parameter.value < MIN_POSITIVE:
        raise ValueError(
            f"value {parameter.value:g} is not positive; give one of at least {MIN_POSITIVE:g}"
        )
    return parameter


def _not_negative(parameter: Parameter) -> Parameter:
    if parameter.value < 0:
        raise ValueError(f"value {parameter.value:g} is negative; give 0 or more")
    return parameter


def _correlation(parameter: Parameter) -> Parameter:
    if not -1 < parameter.value < 1:
        raise ValueError(
            f"value {parameter.value:g} is not a correlation; give one between -1 and 1"
        )
    return parameter


Probability = Annotated[Parameter, AfterValidator(_probability)]
Positive = Annotated[Parameter, AfterValidator(_positive)]
NotNegative = Annotated[Parameter, AfterValidator(_not_negative)]
Correlation = Annotated[Parameter, AfterValidator(_correlation)]
