"""Interim analyses of a design file: timing, boundaries, sample size re-estimation."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator, model_validator

from estimate.core.arrays import Floats
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import HaybittlePeto, Shape, WangTsiatis
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import Spending
from pretese.trial.design.arms import Open, Risks
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole, as_number

Above = Annotated[Number, Field(ge=0.1, le=1000)]
Percent = Annotated[Number, Field(ge=0, le=100)]
#: Percent of the participants between two analyses, at lowest: closer ones are one analysis.
MIN_STEP = 0.1
#: Those beyond 100 are refused as analyses after the end.
AnalysisPercent = Annotated[Number, Field(ge=-1000, le=1000)]


class Reestimation(Document):
    """Sample size re-estimation from the data of one interim analysis.

    The rest is made so large that the last analysis has this conditional power, between ``lowest``
    and ``most`` percent of the participants planned after the analysis. ``assume`` is the effect
    that conditional power reckons with: that of the file's risks (``planned``), that of the data
    (``observed``), or other risks. ``naive`` holds the statistic of all participants against the
    planned boundaries and so breaks the level; it is there to show by how much.
    """

    at_analysis: Annotated[Whole, Field(ge=1, le=100)]
    conditional_power_percent: Open = 90.0
    assume: Literal["planned", "observed"] | Risks = "planned"
    min_percent: Above = 100.0
    max_percent: Above
    combination: Literal["inverse normal", "naive"] = "inverse normal"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min_percent > self.max_percent:
            raise ValueError("min_percent exceeds max_percent")
        assumed = self.assume
        if isinstance(assumed, Risks) and assumed.treated_percent <= assumed.control_percent:
            raise ValueError("the assumed risks have no effect; raise treated_percent")
        return self


class Monitoring(Document):
    """Timing of the analyses, and the boundaries that stop the trial.

    ``efficacy`` and ``futility`` are written ``OF``, ``Pocock``, ``HSD(-4)`` or ``KD(2)`` (error
    spending); efficacy also ``user(0.5,2,5)``, percent of error spent by each analysis, both sides
    together, the last all of it; ``WT(0.25)`` (Wang-Tsiatis) or ``HP(3)`` (Haybittle-Peto).
    """

    analyses_percent: Annotated[tuple[AnalysisPercent, ...], Field(max_length=100)] = (100.0,)
    efficacy: str = "OF"
    futility: str | None = None
    binding: bool = False
    alpha_percent: Annotated[Number, Field(ge=1e-4, lt=50)] = 5.0
    sides: Annotated[Literal[1, 2], BeforeValidator(as_number)] = 2
    power_percent: Open = 80.0
    reestimation: Reestimation | None = None

    @property
    def spends(self) -> bool:
        """Whether the efficacy boundaries come from an error-spending function."""
        return _function(_shape(self.efficacy)) is not None

    @field_validator("analyses_percent")
    @classmethod
    def _rise(cls, analyses: tuple[float, ...]) -> tuple[float, ...]:
        if not analyses or (np.diff(analyses, prepend=0) <= 0).any():
            raise ValueError("give rising percentages above 0, the last of them 100")
        if (np.diff(analyses, prepend=0) < MIN_STEP).any():
            raise ValueError(f"two analyses are closer than {MIN_STEP} percent; remove one")
        if analyses[-1] != 100:
            late = "an analysis is after the end; " if analyses[-1] > 100 else ""
            raise ValueError(f"{late}give 100 as the last")
        return analyses

    @model_validator(mode="after")
    def _interim(self) -> Self:
        rule, last = self.reestimation, len(self.analyses_percent)
        if rule and rule.at_analysis >= last:
            raise ValueError(
                f"no analysis follows re-estimation at analysis {rule.at_analysis} of {last}"
            )
        return self

    def plan(self) -> SequentialDesign:
        """Return the boundaries of the primary endpoint at full alpha."""
        shape, futility = self.shape(), self.beta_spending()
        try:
            return plan_sequential(
                np.asarray(self.analyses_percent) / 100,
                shape,
                alpha=self.alpha_percent / 100,
                sides=self.sides,
                power=self.power_percent / 100,
                futility=futility,
                binding=self.binding,
            )
        except ValueError:  # the search for a root begins where there is none
            problem = (
                f"no boundaries of the shape {self.efficacy} spend {self.alpha_percent:g} percent"
            )
            cure = "space the analyses further apart, or give another family or alpha"
            raise InputError.of("monitoring", "efficacy", problem, cure) from None

    def beta_spending(self) -> Spending | None:
        """Return the beta-spending function for futility, or None."""
        futility = None if self.futility is None else _function(_shape(self.futility, "futility"))
        if self.futility and futility is None:
            problem = f"{self.futility!r} is not an error-spending function"
            raise InputError.of(
                "monitoring", "futility", problem, "give OF, Pocock, HSD(-2) or KD(2)"
            )
        return futility

    def shape(self) -> Shape:
        """Return the family of the efficacy boundaries; a list of errors as fractions."""
        shape = _shape(self.efficacy)
        if not isinstance(shape, Spending) or shape.family != "user":
            return shape
        given = shape.cumulative
        if len(given) != len(self.analyses_percent) or abs(given[-1] - self.alpha_percent) > 1e-9:
            problem = f"{self.efficacy!r} does not spend all of {self.alpha_percent:g} percent"
            cure = (
                f"give {len(self.analyses_percent)} rising numbers, the last {self.alpha_percent:g}"
            )
            raise InputError.of("monitoring", "efficacy", problem, cure)
        spent = [each / 100 / self.sides for each in given[:-1]]
        return replace(shape, cumulative=(*spent, self.alpha_percent / 100 / self.sides))


@lru_cache(maxsize=1024)
def upper_at(
    analyses_percent: tuple[float, ...], efficacy: str, sides: int, level: float
) -> Floats:
    """Return (analysis,) efficacy boundaries of an endpoint that is tested at this alpha.

    Error is spent by the same function at any level: `Spending` families alone. Level 0 has
    infinite boundaries.
    """
    if level <= 0:
        return np.full(len(analyses_percent), np.inf)
    rates = np.asarray(analyses_percent) / 100
    plan = plan_sequential(rates, _shape(efficacy), alpha=level, sides=sides, power=0.9)
    return np.asarray(plan.upper)


def _function(shape: Shape) -> Spending | None:
    """Return the family if it is an error-spending function, else None."""
    return shape if isinstance(shape, Spending) and shape.family != "user" else None


_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


def _shape(words: str, field: str = "efficacy") -> Shape:
    if len(words) > 1000 or re.search(r"\d{16}", words):
        problem = "it is too long"
        raise InputError.of("monitoring", field, problem, "write OF, HSD(-4) or similar")
    listed = re.fullmatch(
        r"user\(([0-9]+(?:\.[0-9]+)?(?:, *[0-9]+(?:\.[0-9]+)?)*)\)", words.strip()
    )
    if listed:
        return Spending("user", cumulative=tuple(float(each) for each in listed[1].split(",")))
    match = re.fullmatch(rf"(OF|Pocock|HSD|KD|WT|HP)(?:\((-?{_NUMBER})\))?", words.strip())
    if match is None:
        cure = "write OF, Pocock, HSD(-4), KD(2), user(0.5,2,5), WT(0.25) or HP(3)"
        if field == "futility":
            cure = "write OF, Pocock, HSD(-2) or KD(2)"
        raise InputError.of("monitoring", field, f"{words!r} is not understood", cure)
    family, number = match[1], None if match[2] is None else float(match[2])
    if family == "WT":
        return WangTsiatis(0.0 if number is None else number)
    if family == "HP":
        return HaybittlePeto(3.0 if number is None else number)
    return Spending(family, number)  # type: ignore[arg-type]  # the pattern holds families alone
