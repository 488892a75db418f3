"""A number in a scenario file, with its unit and where it comes from."""

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from protocol.documents import Document

Status = Literal["published", "derived", "calibrated", "assumed"]


class Parameter(Document):
    """One number of the mechanism.

    ``status`` keeps three kinds apart: *published* (or *derived* from published numbers by
    arithmetic), *calibrated* (solved so that published numbers come out; ``value`` is the
    starting point, the certificate holds the solution) and *assumed* (free; ``sweep`` gives the
    closed range within which no source decides).
    """

    value: float
    unit: str
    status: Status
    source: str
    sweep: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _an_assumption_says_how_far_it_may_go(self) -> "Parameter":
        if (self.status == "assumed") != (self.sweep is not None):
            raise ValueError("give `sweep: [low, high]` with status assumed, and only with it")
        if self.sweep and not self.sweep[0] <= self.value <= self.sweep[1]:
            raise ValueError(f"value {self.value:g} lies outside its own sweep {self.sweep}")
        return self


def _probability(parameter: Parameter) -> Parameter:
    if not 0 <= parameter.value <= 1:
        raise ValueError(f"value {parameter.value:g} is no probability; give one from 0 to 1")
    return parameter


def _positive(parameter: Parameter) -> Parameter:
    if parameter.value <= 0:
        raise ValueError(f"value {parameter.value:g} is not positive; give one above 0")
    return parameter


def _not_negative(parameter: Parameter) -> Parameter:
    if parameter.value < 0:
        raise ValueError(f"value {parameter.value:g} is negative; give 0 or more")
    return parameter


def _correlation(parameter: Parameter) -> Parameter:
    if not -1 < parameter.value < 1:
        raise ValueError(f"value {parameter.value:g} is no correlation; give one between -1 and 1")
    return parameter


Probability = Annotated[Parameter, AfterValidator(_probability)]
Positive = Annotated[Parameter, AfterValidator(_positive)]
NotNegative = Annotated[Parameter, AfterValidator(_not_negative)]
Correlation = Annotated[Parameter, AfterValidator(_correlation)]
