"""Interim analyses of a design file: timing, boundaries, sample size re-estimation."""

from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, field_validator, model_validator

from estimate.core.arrays import Floats
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import (
    FutilityRule,
    Shape,
)
from estimate.sequential.delayed.decision_analysis import DecisionRule
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import Spending
from pretese.trial.design.arms import Open, Risks
from pretese.trial.design.boundary_notation import (
    FUTILITY_CURE,
    error_spending,
    futility_rule,
    read_shape,
)
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole, as_number

Above = Annotated[Number, Field(ge=0.1, le=1000)]
Percent = Annotated[Number, Field(ge=0, le=100)]
#: Minimum distance of two analyses, in percent of the participants.
MIN_STEP = 0.1
Number1 = Annotated[Whole, Field(ge=1, le=100)]
#: Values outside 0 to 100 are read, so that the message can name them as analyses after the end.
AnalysisPercent = Annotated[Number, Field(ge=-1000, le=1000)]


class Reestimation(Document):
    """Sample size re-estimation from the data of one interim analysis.

    The second stage is chosen so that the final analysis has this conditional power, between
    ``min_percent`` and ``max_percent`` of the participants planned after the interim analysis.
    ``assume`` is the effect under which conditional power is computed: that of the file's risks
    (``planned``), that of the data (``observed``), or other risks. ``naive`` compares the statistic
    of all participants with the planned boundaries, which inflates the type I error; it is included
    to show by how much. ``blinded`` chooses the size from the events of both arms together, with
    the assumed risk difference; arms are not compared before the end, and all participants are
    tested once (`blinded_size`).
    """

    at_analysis: Annotated[Whole, Field(ge=1, le=100)]
    conditional_power_percent: Open = 90.0
    assume: Literal["planned", "observed"] | Risks = "planned"
    min_percent: Above = 100.0
    max_percent: Above
    combination: Literal["inverse normal", "naive"] = "inverse normal"
    blinded: bool = False

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.min_percent > self.max_percent:
            raise ValueError("min_percent exceeds max_percent")
        assumed = self.assume
        if isinstance(assumed, Risks) and assumed.treated_percent <= assumed.control_percent:
            raise ValueError("the assumed risks have no effect; raise treated_percent")
        if self.blinded and assumed == "observed":
            raise ValueError("a blinded re-estimation observes no effect; assume planned, or risks")
        if self.blinded and self.combination == "naive":
            raise ValueError("a blinded re-estimation combines no stages; leave combination out")
        return self

    @property
    def tests_everyone(self) -> bool:
        """Whether all participants are tested together, not the stages."""
        return self.blinded or self.combination == "naive"


class Monitoring(Document):
    """Timing of the analyses, and the boundaries that stop the trial.

    ``efficacy`` and ``futility`` are written ``OF``, ``Pocock``, ``HSD(-4)`` or ``KD(2)`` (error
    spending); efficacy also ``user(0.5,2,5)``, cumulative percentage of alpha spent at each
    analysis, both sides together, the last equal to alpha; ``WT(0.25)`` (Wang-Tsiatis) or ``HP(3)``
    (Haybittle-Peto). Futility also by a rule, with one value or one for each interim analysis:
    ``z(0)``, ``effect(20)`` (percent of the planned effect), ``CP(10)`` and ``CPobserved(10)``
    (conditional power in percent under the planned and the observed effect), ``PP(5)`` (predictive
    power, percent), and ``user(2,8,20)``, cumulative percentage of beta spent at each analysis.
    ``efficacy_analyses`` and ``futility_analyses`` list the interim analyses, from 1, at which each
    boundary applies; empty: all. ``decision_analysis`` waits for participants whose endpoint is not
    yet known when a boundary is crossed, and decides with them (`critical_decision`). ``harm`` is a
    spending function of ``harm_alpha_percent``.
    """

    analyses_percent: Annotated[tuple[AnalysisPercent, ...], Field(max_length=100)] = (100.0,)
    efficacy: str = "OF"
    futility: str | None = None
    binding: bool = False
    alpha_percent: Annotated[Number, Field(ge=1e-4, lt=50)] = 5.0
    sides: Annotated[Literal[1, 2], BeforeValidator(as_number)] = 2
    power_percent: Open = 80.0
    reestimation: Reestimation | None = None
    efficacy_analyses: Annotated[tuple[Number1, ...], Field(max_length=100)] = ()
    futility_analyses: Annotated[tuple[Number1, ...], Field(max_length=100)] = ()
    decision_analysis: DecisionRule | None = None
    harm: str | None = None
    harm_alpha_percent: Annotated[Number, Field(ge=1e-4, lt=50)] | None = None

    @property
    def spends(self) -> bool:
        """Whether the efficacy boundaries come from an error-spending function."""
        return error_spending(read_shape(self.efficacy)) is not None

    @field_validator("analyses_percent")
    @classmethod
    def _rise(cls, analyses: tuple[float, ...]) -> tuple[float, ...]:
        if not analyses or (np.diff(analyses, prepend=0) <= 0).any():
            raise ValueError("give percentages above 0 in rising order, the last of them 100")
        if (np.diff(analyses, prepend=0) < MIN_STEP).any():
            raise ValueError(f"two analyses are closer than {MIN_STEP} percent; remove one")
        if analyses[-1] != 100:
            late = "an analysis is after the end; " if analyses[-1] > 100 else ""
            raise ValueError(f"{late}give 100 as the last")
        return analyses

    @model_validator(mode="after")
    def _chosen(self) -> Self:
        last = len(self.analyses_percent)
        for field in ("efficacy_analyses", "futility_analyses"):
            given = getattr(self, field)
            if any(not 1 <= each < last for each in given) or len(set(given)) < len(given):
                raise ValueError(
                    f"{field} numbers interim analyses, from 1 to {last - 1}, once each"
                )
        if self.futility_analyses and not self.futility:
            raise ValueError("futility_analyses needs futility")
        if (self.efficacy_analyses or self.futility_analyses or self.harm) and self.reestimation:
            raise ValueError("re-estimation takes neither chosen analyses nor harm boundaries")
        if self.harm and self.sides == 2:
            raise ValueError("two-sided boundaries already stop for harm; leave harm out")
        self._check_decision()
        if self.harm_alpha_percent and not self.harm:
            raise ValueError("harm_alpha_percent needs harm, such as OF")
        return self

    def _check_decision(self) -> None:
        rule = self.decision_analysis
        if rule is None:
            return
        if len(self.analyses_percent) < 2 or self.reestimation:
            raise ValueError(
                "decision_analysis needs an interim analysis and excludes re-estimation"
            )
        if rule == "balanced" and not (self.futility or self.harm):
            raise ValueError(
                "a balanced decision_analysis needs futility or harm boundaries; add futility, or "
                "choose nominal"
            )

    @property
    def efficacy_at(self) -> tuple[bool, ...] | None:
        """Whether the efficacy boundary applies at each analysis; None: at all."""
        if self.reestimation and self.reestimation.blinded:
            return (False, True)
        return self._at(self.efficacy_analyses)

    @property
    def futility_at(self) -> tuple[bool, ...] | None:
        """Whether the futility boundary applies at each analysis; None: at all."""
        return self._at(self.futility_analyses)

    def _at(self, chosen: tuple[int, ...]) -> tuple[bool, ...] | None:
        last = len(self.analyses_percent)
        return tuple(k in (*chosen, last) for k in range(1, last + 1)) if chosen else None

    def harm_spending(self) -> tuple[Spending, float] | None:
        """Return spending function and one-sided error of the harm boundaries, or None."""
        if self.harm is None:
            return None
        spending = error_spending(read_shape(self.harm, "harm"))
        if spending is None:
            problem = f"{self.harm!r} is not an error-spending function"
            raise InputError.of("monitoring", "harm", problem, "give OF, Pocock, HSD(-4) or KD(2)")
        return spending, (self.harm_alpha_percent or self.alpha_percent) / 100

    @model_validator(mode="after")
    def _interim(self) -> Self:
        rule, last = self.reestimation, len(self.analyses_percent)
        if rule and rule.at_analysis >= last:
            raise ValueError(
                f"no analysis follows re-estimation at analysis {rule.at_analysis} of {last}"
            )
        if rule and rule.blinded and (last > 2 or self.futility):
            raise ValueError(
                "a blinded re-estimation goes with one test at the end: two analyses_percent, the "
                "first for the re-estimation, and no futility"
            )
        return self

    def plan(self) -> SequentialDesign:
        """Return the boundaries of the primary endpoint at full alpha."""
        return _planned(self)

    def _search(self) -> SequentialDesign:
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
                efficacy_at=self.efficacy_at,
                futility_at=self.futility_at,
                harm=self.harm_spending(),
            )
        except ValueError:  # the root search starts from a point without a solution
            problem = (
                f"no boundaries of the shape {self.efficacy} spend {self.alpha_percent:g} percent"
            )
            cure = "space the analyses further apart, or give another family or alpha"
            raise InputError.of("monitoring", "efficacy", problem, cure) from None

    def beta_spending(self) -> Spending | FutilityRule | None:
        """Return the beta-spending function or the rule for futility, or None."""
        if self.futility is None:
            return None
        rule = futility_rule(self.futility, len(self.analyses_percent) - 1)
        if rule is not None:
            return rule
        shape = read_shape(self.futility, "futility")
        if isinstance(shape, Spending) and shape.family == "user":
            return self._user_beta(shape)
        futility = error_spending(shape)
        if futility is None:
            problem = f"{self.futility!r} is not an error-spending function"
            raise InputError.of("monitoring", "futility", problem, FUTILITY_CURE)
        return futility

    def _user_beta(self, shape: Spending) -> Spending:
        given, beta = shape.cumulative, 100 - self.power_percent
        if len(given) != len(self.analyses_percent) or abs(given[-1] - beta) > 1e-9:
            problem = f"{self.futility!r} does not spend all of beta, {beta:g} percent"
            cure = f"give {len(self.analyses_percent)} numbers in rising order, the last {beta:g}"
            raise InputError.of("monitoring", "futility", problem, cure)
        spent = tuple(each / 100 for each in given[:-1])
        return replace(shape, cumulative=(*spent, 1 - self.power_percent / 100))

    def shape(self) -> Shape:
        """Return the family of the efficacy boundaries; cumulative alpha as fractions."""
        shape = read_shape(self.efficacy)
        if not isinstance(shape, Spending) or shape.family != "user":
            return shape
        given = shape.cumulative
        if len(given) != len(self.analyses_percent) or abs(given[-1] - self.alpha_percent) > 1e-9:
            problem = f"{self.efficacy!r} does not spend all of {self.alpha_percent:g} percent"
            cure = (
                f"give {len(self.analyses_percent)} numbers in rising order, the last "
                f"{self.alpha_percent:g}"
            )
            raise InputError.of("monitoring", "efficacy", problem, cure)
        spent = [each / 100 / self.sides for each in given[:-1]]
        return replace(shape, cumulative=(*spent, self.alpha_percent / 100 / self.sides))


@lru_cache(maxsize=1024)
def upper_at(
    analyses_percent: tuple[float, ...], efficacy: str, sides: int, level: float
) -> Floats:
    """Return (analysis,) efficacy boundaries of an endpoint that is tested at this alpha.

    The same spending function is used at any alpha, so only `Spending` families are allowed. Alpha
    0 has infinite boundaries.
    """
    if level <= 0:
        return np.full(len(analyses_percent), np.inf)
    rates = np.asarray(analyses_percent) / 100
    plan = plan_sequential(rates, read_shape(efficacy), alpha=level, sides=sides, power=0.9)
    return np.asarray(plan.upper)


@lru_cache(maxsize=64)
def _planned(monitoring: Monitoring) -> SequentialDesign:
    """Return the boundaries of a plan; cached, because every sample size of a curve needs them."""
    return monitoring._search()
