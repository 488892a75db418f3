"""Priors as a design file states them: of a risk, and of an effect."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pretese.trial.design.interim import Percent
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole

#: Events or non-events that a beta distribution stands for.
Parameter = Annotated[Number, Field(ge=0.05, le=100_000)]
Source = Annotated[str, Field(min_length=1, max_length=300)]


class BetaComponent(Document):
    """A beta distribution of a risk, with its weight."""

    weight_percent: Percent = 100.0
    alpha: Parameter
    beta: Parameter


class EarlierStudy(Document):
    """The arm of an earlier study that received the control."""

    events: Annotated[Whole, Field(ge=0, le=1_000_000)]
    participants: Annotated[Whole, Field(ge=1, le=1_000_000)]

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.events > self.participants:
            raise ValueError(f"{self.events} events among {self.participants} participants")
        return self


class RiskPrior(Document):
    """The prior of a risk: a mixture of beta distributions, or what earlier studies predict.

    ``history`` names evidence (a shipped topic, or a file) whose control arms with counts of
    ``endpoint`` give a meta-analytic-predictive prior; ``studies`` gives the counts themselves.
    ``robust_percent`` is the weight of a uniform distribution that is mixed in, so that the prior
    yields where it disagrees with the data. ``between_study_sd_log_odds`` is the scale of the
    half-normal prior of the standard deviation between studies, log odds.
    """

    mixture: Annotated[tuple[BetaComponent, ...], Field(max_length=20)] = ()
    history: Source | None = None
    endpoint: Source = "sperm retrieved"
    studies: Annotated[tuple[EarlierStudy, ...], Field(max_length=500)] = ()
    robust_percent: Percent = 0.0
    between_study_sd_log_odds: Annotated[Number, Field(ge=0.01, le=5)] = 1.0

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [bool(self.mixture), self.history is not None, bool(self.studies)]
        if sum(given) != 1:
            raise ValueError("give mixture, history or studies, one of the three")
        if self.mixture and self.robust_percent:
            raise ValueError("robust_percent goes with history or studies; add a component instead")
        if self.mixture:
            _check_weights([each.weight_percent for each in self.mixture])
        return self


class LogOddsComponent(Document):
    """A normal distribution of the log odds ratio; a standard deviation of 0 is a point."""

    weight_percent: Percent = 100.0
    mean_log_odds: Annotated[Number, Field(ge=-10, le=10)]
    sd_log_odds: Annotated[Number, Field(ge=0, le=10)]


class DifferenceComponent(Document):
    """A normal distribution of the risk difference; a standard deviation of 0 is a point."""

    weight_percent: Percent = 100.0
    mean_percent: Annotated[Number, Field(ge=-100, le=100)]
    sd_percent: Annotated[Number, Field(ge=0, le=100)]


class RelativeEffectPrior(Document):
    """The prior of the effect, given the control risk.

    ``source`` is what `pretese power --prior` takes: ``evidence``, a topic of it, or a prior file.
    The others are mixtures on the log odds ratio or on the risk difference; "no effect" is a
    component with mean and standard deviation 0, harm one with a mean below 0.
    """

    source: Source | None = None
    log_odds: Annotated[tuple[LogOddsComponent, ...], Field(max_length=100)] = ()
    risk_difference: Annotated[tuple[DifferenceComponent, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        given = [self.source is not None, bool(self.log_odds), bool(self.risk_difference)]
        if sum(given) != 1:
            raise ValueError("give source, log_odds or risk_difference, one of the three")
        for each in (self.log_odds, self.risk_difference):
            if each:
                _check_weights([part.weight_percent for part in each])
        return self


def _check_weights(weights: list[float]) -> None:
    if abs(sum(weights) - 100) > 1e-6:
        raise ValueError(f"the weights of the components sum to {sum(weights):g}, not 100")
