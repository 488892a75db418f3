"""When a planned trial is looked at, and what stops it."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator, model_validator

from estimate.core.arrays import Floats
from estimate.sequential.boundaries import HaybittlePeto, Shape, WangTsiatis, plan_sequential
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import Spending
from pretese.trial.design.arms import Open, Risks
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole, as_number

Above = Annotated[Number, Field(ge=0.1, le=1000)]
Percent = Annotated[Number, Field(ge=0, le=100)]
#: Percent of the men between two looks, at least: closer ones are one look.
LEAST_STEP = 0.1
#: Those beyond 100 are refused as looks after the end.
Look = Annotated[Number, Field(ge=-1000, le=1000)]


class Reestimation(Document):
    """A new size for the rest of the trial, from the data of one look.

    The rest is made so large that the last look has this conditional power, between ``least`` and
    ``most`` percent of the men planned after the look. ``assume`` is the effect that conditional
    power reckons with: that of the file's risks (``planned``), that of the data (``observed``), or
    other risks. ``naive`` holds the statistic of all men against the planned bounds and so breaks
    the level; it is there to show by how much.
    """

    at_look: Annotated[Whole, Field(ge=1, le=100)]
    conditional_power_percent: Open = 90.0
    assume: Literal["planned", "observed"] | Risks = "planned"
    least_percent: Above = 100.0
    most_percent: Above
    combination: Literal["inverse normal", "naive"] = "inverse normal"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.least_percent > self.most_percent:
            raise ValueError("least_percent exceeds most_percent")
        assumed = self.assume
        if isinstance(assumed, Risks) and assumed.treated_percent <= assumed.control_percent:
            raise ValueError("without an effect to assume, no size has the power; raise treated")
        return self


class Monitoring(Document):
    """When the data are looked at, and what stops the trial.

    ``efficacy`` and ``futility`` are written ``OF``, ``Pocock``, ``HSD(-4)`` or ``KD(2)`` (error
    spending); efficacy also ``user(0.5,2,5)``, percent of error spent by each look, both sides
    together, the last all of it; ``WT(0.25)`` (Wang-Tsiatis) or ``HP(3)`` (Haybittle-Peto).
    """

    looks_percent: Annotated[tuple[Look, ...], Field(max_length=100)] = (100.0,)
    efficacy: str = "OF"
    futility: str | None = None
    binding: bool = False
    alpha_percent: Annotated[Number, Field(ge=1e-4, lt=50)] = 5.0
    sides: Annotated[Literal[1, 2], BeforeValidator(as_number)] = 2
    power_percent: Open = 80.0
    reestimation: Reestimation | None = None

    @property
    def spends(self) -> bool:
        """Whether efficacy bounds come from error spending that any level can follow."""
        return _function(_shape(self.efficacy)) is not None

    @field_validator("looks_percent")
    @classmethod
    def _rise(cls, looks: tuple[float, ...]) -> tuple[float, ...]:
        if not looks or (np.diff(looks, prepend=0) <= 0).any():
            raise ValueError("shares do not rise from above 0; list them in rising order to 100")
        if (np.diff(looks, prepend=0) < LEAST_STEP).any():
            raise ValueError(f"two looks are closer than {LEAST_STEP} percent; leave one out")
        if looks[-1] != 100:
            late = "a look is after the end; " if looks[-1] > 100 else ""
            raise ValueError(f"{late}let the last look be at 100")
        return looks

    @model_validator(mode="after")
    def _interim(self) -> Self:
        rule, last = self.reestimation, len(self.looks_percent)
        if rule and rule.at_look >= last:
            raise ValueError(f"no look follows re-estimation at look {rule.at_look} of {last}")
        return self

    def plan(self) -> SequentialDesign:
        """Return the bounds of the primary endpoint at the whole level."""
        shape, futility = self.shape(), self.beta_spending()
        try:
            return plan_sequential(
                np.asarray(self.looks_percent) / 100,
                shape,
                alpha=self.alpha_percent / 100,
                sides=self.sides,
                power=self.power_percent / 100,
                futility=futility,
                binding=self.binding,
            )
        except ValueError:  # the search for a root begins where there is none
            problem = f"no bounds of the shape {self.efficacy} spend {self.alpha_percent:g} percent"
            cure = "put the looks further apart, or give another shape or level"
            raise InputError.of("monitoring", "efficacy", problem, cure) from None

    def beta_spending(self) -> Spending | None:
        """Return how beta is spent on stopping for futility; None never stops for it."""
        futility = None if self.futility is None else _function(_shape(self.futility))
        if self.futility and futility is None:
            problem = f"{self.futility!r} is no function that spends error"
            raise InputError.of("monitoring", "futility", problem, "give OF, HSD(-2) or such")
        return futility

    def shape(self) -> Shape:
        """Return the bounds that stop for efficacy; a list of errors is turned into shares."""
        shape = _shape(self.efficacy)
        if not isinstance(shape, Spending) or shape.family != "user":
            return shape
        given = shape.cumulative
        if len(given) != len(self.looks_percent) or abs(given[-1] - self.alpha_percent) > 1e-9:
            problem = f"{self.efficacy!r} does not spend all of {self.alpha_percent:g} percent"
            cure = f"give {len(self.looks_percent)} rising numbers, the last {self.alpha_percent:g}"
            raise InputError.of("monitoring", "efficacy", problem, cure)
        spent = [each / 100 / self.sides for each in given[:-1]]
        return replace(shape, cumulative=(*spent, self.alpha_percent / 100 / self.sides))


@lru_cache(maxsize=1024)
def upper_at(looks_percent: tuple[float, ...], efficacy: str, sides: int, level: float) -> Floats:
    """Return (look,) upper bounds at which an endpoint with this share of the level is rejected.

    Error is spent by the same function at any level: `Spending` families alone. Level 0 has
    infinite bounds.
    """
    if level <= 0:
        return np.full(len(looks_percent), np.inf)
    rates = np.asarray(looks_percent) / 100
    plan = plan_sequential(rates, _shape(efficacy), alpha=level, sides=sides, power=0.9)
    return np.asarray(plan.upper)


def _function(shape: Shape) -> Spending | None:
    """Return bounds that come from a function, which spends any error over any looks."""
    return shape if isinstance(shape, Spending) and shape.family != "user" else None


_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


def _shape(words: str) -> Shape:
    if len(words) > 1000 or re.search(r"\d{16}", words):
        problem = "it is too long, or holds a number that is"
        raise InputError.of("monitoring", "efficacy", problem, "write OF, HSD(-4) or such")
    listed = re.fullmatch(
        r"user\(([0-9]+(?:\.[0-9]+)?(?:, *[0-9]+(?:\.[0-9]+)?)*)\)", words.strip()
    )
    if listed:
        return Spending("user", cumulative=tuple(float(each) for each in listed[1].split(",")))
    match = re.fullmatch(rf"(OF|Pocock|HSD|KD|WT|HP)(?:\((-?{_NUMBER})\))?", words.strip())
    if match is None:
        cure = "write OF, Pocock, HSD(-4), KD(2), user(0.5,2,5), WT(0.25) or HP(3)"
        raise InputError.of("monitoring", "efficacy", f"{words!r} is not understood", cure)
    family, number = match[1], None if match[2] is None else float(match[2])
    if family == "WT":
        return WangTsiatis(0.0 if number is None else number)
    if family == "HP":
        return HaybittlePeto(3.0 if number is None else number)
    return Spending(family, number)  # type: ignore[arg-type]  # the pattern holds families alone
