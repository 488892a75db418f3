"""Decision rules as a design file states them."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from pretese.trial.bayesian.design.prior_fields import RelativeEffectPrior, RiskPrior
from pretese.trial.design.arms import Open
from pretese.trial.design.interim import AnalysisPercent, Percent
from protocol.reading.documents import Document
from protocol.reading.fields import Number

#: One value for all analyses, or one for each.
Probabilities = Annotated[tuple[Percent, ...], Field(max_length=20)]
Difference = Annotated[Number, Field(gt=-100, lt=100)]
Odds = Annotated[Number, Field(ge=0.01, le=100)]


class EffectLimit(Document):
    """A limit of the effect: a risk difference in percentage points, or an odds ratio.

    By default the limit is a difference of 0.
    """

    risk_difference_percent: Difference | None = None
    odds_ratio: Odds | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.risk_difference_percent is not None and self.odds_ratio is not None:
            raise ValueError("give risk_difference_percent or odds_ratio, one of the two")
        return self


class SuccessRule(EffectLimit):
    """Success: the effect exceeds the limit with a posterior probability above this.

    Instead of ``probability_percent``, one for all analyses or one for each,
    ``max_type_i_error_percent`` asks for the smallest one whose type I error is not larger at the
    planned control risk, or at any of ``at_control_percent``.
    """

    probability_percent: Probabilities = ()
    max_type_i_error_percent: Open | None = None
    at_control_percent: Annotated[tuple[Open, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if bool(self.probability_percent) == (self.max_type_i_error_percent is not None):
            raise ValueError("give probability_percent or max_type_i_error_percent, one of the two")
        if self.at_control_percent and self.max_type_i_error_percent is None:
            raise ValueError("at_control_percent goes with max_type_i_error_percent")
        return self


class HarmRule(EffectLimit):
    """Harm, at every analysis: the effect is below the limit with a probability above this."""

    probability_percent: Annotated[Probabilities, Field(min_length=1)]


class FutilityProbability(EffectLimit):
    """Futility, at interim analyses: too little is left to hope for.

    ``probability_percent``: the effect exceeds the limit with a posterior probability below this;
    ``predictive_percent``: success at the final analysis has a predictive probability below this.
    One value for all interim analyses, or one for each.
    """

    probability_percent: Probabilities = ()
    predictive_percent: Probabilities = ()

    @model_validator(mode="after")
    def _decides(self) -> Self:
        if not (self.probability_percent or self.predictive_percent):
            raise ValueError("give probability_percent, predictive_percent or both")
        return self


class TruthPrior(Document):
    """The prior over which a design is averaged, where it is not that of the analysis."""

    control: RiskPrior
    effect: RelativeEffectPrior


class BayesSection(Document):
    """Priors, analyses and decision rules of a Bayesian trial.

    The analysis has a prior of the control risk, and one either of the risk under treatment
    (independent) or of the effect. Risks without a prior are uniform from 0 to 1.
    """

    analyses_percent: Annotated[tuple[AnalysisPercent, ...], Field(max_length=20)] = (100.0,)
    control: RiskPrior | None = None
    treated: RiskPrior | None = None
    effect: RelativeEffectPrior | None = None
    success: SuccessRule
    harm: HarmRule | None = None
    futility: FutilityProbability | None = None
    design_prior: TruthPrior | None = None

    @model_validator(mode="after")
    def _possible(self) -> Self:
        analyses = (0.0, *self.analyses_percent)
        steps = [b - a for a, b in pairwise(analyses)]
        if not self.analyses_percent or min(steps) < 0.1 or self.analyses_percent[-1] != 100:
            raise ValueError("analyses_percent rise from above 0 to 100, the final analysis")
        if self.treated is not None and self.effect is not None:
            raise ValueError("give a prior of treated or of effect, one of the two")
        count = len(self.analyses_percent)
        self._check_length("success", self.success.probability_percent, count)
        if self.harm:
            self._check_length("harm", self.harm.probability_percent, count)
        if self.futility:
            if count == 1:
                raise ValueError("futility needs an interim analysis")
            for values in (self.futility.probability_percent, self.futility.predictive_percent):
                self._check_length("futility", values, count - 1)
        return self

    def _check_length(self, rule: str, values: tuple[float, ...], count: int) -> None:
        if len(values) not in (0, 1, count):
            raise ValueError(f"{rule}: give one probability, or {count}, one for each analysis")
