"""Identity, event rates, arms, sites and randomisation of a design file."""

from collections.abc import Iterable
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Day, Identifier, Number, Whole
from simulate.core.coding import BASELINE
from simulate.recruitment.schemes import SCHEMES, check_scheme

#: Smallest distance of a percentage from 0 and 100, so that its odds stay finite.
EDGE = 1e-6


class TrialIdentity(Document):
    """Name and question of a planned trial, and the version of its file."""

    id: Identifier
    title: str
    question: str
    version: str | None = None
    author: str | None = None
    date: Day | None = None


def _off_the_edges(percent: float) -> float:
    if percent and not EDGE <= percent <= 100 - EDGE:
        raise ValueError(f"give a percentage of at least {EDGE:g} and at most 100 - {EDGE:g}")
    return percent


Share = Annotated[Number, Field(ge=0, lt=100), AfterValidator(_off_the_edges)]
Open = Annotated[Number, Field(gt=0, lt=100), AfterValidator(_off_the_edges)]

#: A factor of strata or minimisation: site, diagnosis, or one that the design file defines.
Factor = Annotated[str, Field(min_length=1, max_length=40)]

#: Factors that every design has.
OWN_FACTORS = ("site", "diagnosis")

CutPoint = Annotated[Number, Field(ge=-1e6, le=1e6)]


class BaselineFactor(Document):
    """A factor of strata or minimisation: classes of a baseline value between cut points.

    A value at a cut point belongs to the class below it. Patients whose value is not recorded are a
    class of their own.
    """

    name: Factor
    variable: str
    cut_points: Annotated[tuple[CutPoint, ...], Field(min_length=1, max_length=9)]

    @model_validator(mode="after")
    def _classes(self) -> Self:
        if self.name in OWN_FACTORS:
            raise ValueError(f"{self.name} is a factor of every design; choose another name")
        if self.variable not in BASELINE:
            raise ValueError(
                f"{self.variable!r} is not a baseline value; choose from {', '.join(BASELINE)}"
            )
        if (np.diff(self.cut_points) <= 0).any():
            raise ValueError("cut_points must rise")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in words."""
        lower = ["", *(f"above {cut:g}" for cut in self.cut_points)]
        upper = [*(f"up to {cut:g}" for cut in self.cut_points), ""]
        pairs = zip(lower, upper, strict=True)
        return tuple(" ".join(filter(None, pair)) for pair in pairs)


Factors = Annotated[tuple[BaselineFactor, ...], Field(max_length=10)]


def check_factors(factors: tuple[BaselineFactor, ...], used: Iterable[str], *, plain: bool) -> None:
    """Raise ValueError for a factor that is defined twice or not at all.

    Parameters
    ----------
    used
        Names of the factors of randomisation and analyses.
    plain
        Whether participants have fixed event rates, and so no baseline values.
    """
    names = [each.name for each in factors]
    if len(set(names)) < len(names):
        raise ValueError("two factors have the same name; rename one of them")
    if plain and factors:
        raise ValueError("fixed event rates have no baseline values; name a scenario for factors")
    for name in used:
        if name not in {*OWN_FACTORS, *names}:
            raise ValueError(
                f"there is no factor {name!r}; choose from {', '.join((*OWN_FACTORS, *names))}, or "
                "define it under factors"
            )


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


LogOdds = Annotated[Number, Field(ge=-20, le=20)]


class DropoutCovariate(Document):
    """A baseline value on which dropout depends; missing values count as ``reference``."""

    variable: str
    per_unit_log_odds: LogOdds
    reference: Annotated[Number, Field(ge=-1e6, le=1e6)]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.variable not in BASELINE:
            raise ValueError(
                f"{self.variable!r} is not a baseline value; choose from {', '.join(BASELINE)}"
            )
        return self


class Dropout(ByArm):
    """Dropout by arm, and what it depends on.

    Percentages are those of participants without success in the primary endpoint, whose covariates
    are at their references. Success and covariates add log odds.
    """

    if_success_log_odds: LogOdds = 0.0
    covariates: Annotated[tuple[DropoutCovariate, ...], Field(max_length=10)] = ()

    @property
    def informative(self) -> bool:
        """Whether dropout depends on outcome or covariates."""
        return bool(self.if_success_log_odds or self.covariates)


class Imputation(Document):
    """Multiple imputation of missing outcomes.

    ``reference`` imputes participants of the treated arm as under control. The deltas are log odds
    added to the imputed outcomes of each arm.
    """

    copies: Annotated[Whole, Field(ge=2, le=200)] = 20
    reference: bool = False
    delta_control_log_odds: LogOdds = 0.0
    delta_treated_log_odds: LogOdds = 0.0


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
