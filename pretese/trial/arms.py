"""What the men of a planned trial are, what each arm is given, and where and how men join it."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from protocol.documents import Document
from simulate.trial.schemes import SCHEMES, check_scheme

Share = Annotated[float, Field(ge=0, lt=100)]
Open = Annotated[float, Field(gt=0, lt=100)]
Factor = Literal["site", "diagnosis"]


class Risks(Document):
    """Men who differ in nothing but luck, with the risk that a statistician writes down."""

    control_percent: Open
    treated_percent: Open


class Regimen(Document):
    """What an arm is given, and whether semen is checked again before surgery."""

    regimen: str
    semen_check: bool = True


class Arms(Document):
    """The two arms."""

    control: Regimen
    treated: Regimen


class ByArm(Document):
    """A share of the men of each arm, in percent."""

    control_percent: Share = 0.0
    treated_percent: Share = 0.0


class Recruiting(Document):
    """A site: its rate holds from each knot on or, with ``ramp``, is linear between knots."""

    name: str
    at_months: tuple[Annotated[float, Field(ge=0)], ...]
    men_in_12_months: tuple[Annotated[float, Field(ge=0)], ...]
    ramp: bool = False

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if not self.at_months or len(self.at_months) != len(self.men_in_12_months):
            raise ValueError("give one rate per knot, and at least one")
        if (np.diff(self.at_months) <= 0).any():
            raise ValueError("at_months must rise")
        if not any(self.men_in_12_months):
            raise ValueError("the site never opens; give a rate above 0")
        return self


class Randomisation(Document):
    """How men are given their arm.

    ``repeats`` says how often a block holds each part of the allocation; ``by`` names the factors
    of strata or of minimisation.
    """

    method: Annotated[str, AfterValidator(check_scheme)] = "blocks"
    repeats: tuple[Annotated[int, Field(ge=1, le=20)], ...] = Field(default=(2,), min_length=1)
    by: tuple[Factor, ...] = ()
    probability_percent: Annotated[float, Field(gt=50, le=100)] = 80.0

    @model_validator(mode="after")
    def _factors(self) -> Self:
        wants = SCHEMES[self.method].factors
        if wants and not self.by:
            raise ValueError(f"{self.method} has no strata; name factors in `by`")
        if self.by and not wants:
            raise ValueError(f"{self.method} takes no factors; leave `by` out")
        return self
