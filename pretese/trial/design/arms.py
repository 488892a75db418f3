"""Event rates, arms, sites and randomisation of a design file."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole
from simulate.recruitment.schemes import SCHEMES, check_scheme

#: Smallest distance of a percentage from 0 and 100, so that its odds stay finite.
EDGE = 1e-6


def _off_the_edges(percent: float) -> float:
    if percent and not EDGE <= percent <= 100 - EDGE:
        raise ValueError(f"give a percentage of at least {EDGE:g} and at most 100 - {EDGE:g}")
    return percent


Share = Annotated[Number, Field(ge=0, lt=100), AfterValidator(_off_the_edges)]
Open = Annotated[Number, Field(gt=0, lt=100), AfterValidator(_off_the_edges)]
Factor = Literal["site", "diagnosis"]


class Risks(Document):
    """Fixed event rates: every participant of an arm has the same risk."""

    control_percent: Open
    treated_percent: Open


class ArmTherapy(Document):
    """The regimen of an arm, and whether semen is analysed again before surgery."""

    regimen: str
    semen_analysis: bool = True


class Arms(Document):
    """The two arms."""

    control: ArmTherapy
    treated: ArmTherapy


class ByArm(Document):
    """A percentage of the participants of each arm."""

    control_percent: Share = 0.0
    treated_percent: Share = 0.0


def _none_or_some(rate: float) -> float:
    if 0 < rate < 0.001:
        raise ValueError("give 0, or at least 0.001 participants in 12 months")
    return rate


Months = Annotated[Number, Field(ge=0, le=1200)]
Rate = Annotated[Number, Field(ge=0, le=1e6), AfterValidator(_none_or_some)]


class Recruiting(Document):
    """A site: a rate applies from its month on; with ``ramp`` rates are interpolated linearly."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    from_month: Annotated[tuple[Months, ...], Field(max_length=200)]
    recruitment_per_year: Annotated[tuple[Rate, ...], Field(max_length=200)]
    ramp: bool = False

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if not self.from_month or len(self.from_month) != len(self.recruitment_per_year):
            raise ValueError("give one rate per knot, and at least one")
        if (np.diff(self.from_month) <= 0).any():
            raise ValueError("from_month must rise")
        if not any(self.recruitment_per_year):
            raise ValueError("the site never opens; give a rate above 0")
        return self


class Randomisation(Document):
    """Randomisation of participants.

    ``block_sizes`` are multiples of the sum of the allocation, by default twice that sum; of
    several, each block has one at random. ``by`` names the factors of the strata or of
    minimisation.
    """

    method: Annotated[str, AfterValidator(check_scheme)] = "blocks"
    block_sizes: tuple[Annotated[Whole, Field(ge=1, le=2_000_000)], ...] = ()
    by: tuple[Factor, ...] = ()
    probability_percent: Annotated[Number, Field(gt=50, le=100)] = 80.0

    @model_validator(mode="after")
    def _factors(self) -> Self:
        wants = SCHEMES[self.method].factors
        if wants and not self.by:
            raise ValueError(f"{self.method} has no strata; name factors in `by`")
        if self.by and not wants:
            raise ValueError(f"{self.method} takes no factors; leave `by` out")
        return self
