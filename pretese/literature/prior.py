"""Priors of an effect as files: components with their origin, and how they were made."""

import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.core.result import Scale
from estimate.meta_analysis.elicited_prior import prior_from_quantiles
from estimate.meta_analysis.predictive_prior import predictive_prior, robust_prior
from pretese.literature.evidence_view import number_of_studies
from pretese.literature.pooled_evidence import PooledEvidence
from protocol.errors import InputError
from protocol.reading.documents import Document
from protocol.reading.fields import Number

Text = Annotated[str, Field(min_length=1, max_length=600)]


class PriorComponent(Document):
    """A normal distribution of the log odds ratio; a standard deviation of 0 is a point."""

    weight_percent: Annotated[Number, Field(ge=0, le=100)]
    mean_log_odds: Annotated[Number, Field(ge=-10, le=10)]
    sd_log_odds: Annotated[Number, Field(ge=0, le=10)]
    origin: Text


class StatedQuantile(Document):
    """The odds ratio below which the true one lies with a probability in percent."""

    percent: Annotated[Number, Field(gt=0, lt=100)]
    odds_ratio: Annotated[Number, Field(gt=0, le=1e4)]


#: Stands for a component that cannot be computed, while the faults of a file are collected.
NOTHING = PriorComponent(weight_percent=100, mean_log_odds=0, sd_log_odds=0, origin="experts")


class PriorFile(Document):
    """Prior distribution of the effect of therapy on an endpoint, as a mixture.

    ``status`` is how it was obtained: from published studies of this use (estimated), of another
    population or dose (transported), from experts (elicited), or assumed. ``quantiles`` are those
    that experts state (SHELF: O'Hagan A et al. *Uncertain Judgements*, Wiley 2006): a normal
    distribution of the log odds ratio is fitted to them, and is the component of the prior.
    """

    about: Text
    endpoint: Text
    status: Literal["estimated", "transported", "elicited", "assumed"]
    studies: tuple[Text, ...] = ()
    quantiles: Annotated[tuple[StatedQuantile, ...], Field(max_length=20)] = ()
    components: Annotated[tuple[PriorComponent, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="before")
    @classmethod
    def _fitted(cls, data: Any) -> Any:
        """Add the component that is fitted to quantiles, unless components are there to check."""
        if not isinstance(data, dict) or not data.get("quantiles") or data.get("components"):
            return data
        try:
            stated = [StatedQuantile.model_validate(each) for each in data["quantiles"]]
        except (TypeError, ValidationError):
            return {**data, "components": [NOTHING]}  # the fields report what is wrong
        return {**data, "components": [_component(stated)]}

    @model_validator(mode="after")
    def _elicited(self) -> "PriorFile":
        if not self.quantiles:
            return self
        if self.status != "elicited":
            raise ValueError("quantiles are stated by experts: the status must be elicited")
        if not _agree(_component(self.quantiles), self.components):
            raise ValueError("components differ from the quantiles: give one of them")
        return self

    @model_validator(mode="after")
    def _weights(self) -> "PriorFile":
        total = sum(each.weight_percent for each in self.components)
        if abs(total - 100) > 1e-6:
            raise ValueError(f"the weights of the components sum to {total:g}, not 100")
        return self

    @model_serializer(mode="wrap")
    def _without_nothing(self, inner: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit quantiles that were not stated: stored priors are compared as text."""
        fields: dict[str, Any] = inner(self)
        if not self.quantiles:
            fields.pop("quantiles", None)
        return fields

    def mixture(self) -> NormalMixture:
        """Return the prior as a mixture of normal distributions of the log odds ratio."""
        total = sum(each.weight_percent for each in self.components)  # 100, but for rounding
        return NormalMixture.of(
            [each.weight_percent / total for each in self.components],
            [each.mean_log_odds for each in self.components],
            [each.sd_log_odds for each in self.components],
        )


#: A normal distribution that misses a stated probability by more than this is refused, in percent.
LARGEST_GAP_PERCENT = 5


def _component(quantiles: Sequence[StatedQuantile]) -> PriorComponent:
    """Return the normal distribution of the log odds ratio that is fitted to quantiles.

    Raises
    ------
    ValueError
        The quantiles do not rise, or no normal distribution is near them.
    """
    stated = {each.percent / 100: math.log(each.odds_ratio) for each in quantiles}
    if len(stated) < len(quantiles):
        raise ValueError("quantiles: two have the same percent")
    try:
        found = prior_from_quantiles(stated)
    except InputError as error:
        raise ValueError(f"quantiles: {error.faults[0].problem}") from error
    if 100 * found.largest_gap > LARGEST_GAP_PERCENT:
        raise ValueError(
            f"quantiles: the nearest normal distribution of the log odds ratio misses a stated "
            f"probability by {100 * found.largest_gap:.0f} percentage points; give components"
        )
    return PriorComponent(
        weight_percent=100, mean_log_odds=found.prior.mean, sd_log_odds=found.prior.sd,
        origin="experts",
    )  # fmt: skip


def _agree(fitted: PriorComponent, given: tuple[PriorComponent, ...]) -> bool:
    """Return whether the components are the fitted one, but for rounding."""
    only = given[0]
    return len(given) == 1 and all(
        math.isclose(getattr(fitted, name), getattr(only, name), rel_tol=1e-5, abs_tol=1e-6)
        for name in ("weight_percent", "mean_log_odds", "sd_log_odds")
    )


def prior_text(prior: PriorFile) -> str:
    """Return a prior as the text of its file (JSON, which YAML 1.2 reads)."""
    fields = prior.model_dump(mode="json")
    return json.dumps(fields, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def prior_of(
    found: PooledEvidence,
    *,
    tau_scale: float = 0.5,
    null_weight: float = 0.2,
    vague_weight: float = 0.2,
    vague_sd: float = 1.0,
) -> PriorFile:
    """Make a robust meta-analytic-predictive prior from pooled evidence.

    Parameters
    ----------
    found
        Pooled odds ratios.
    tau_scale
        Scale of the half-normal prior of the standard deviation between studies.
    null_weight, vague_weight, vague_sd
        Weights of "no effect" and of a vague component about no effect, and its width; both are
        assumptions in the prior that are not from published studies.

    Raises
    ------
    InputError
        The evidence was pooled on another scale than the odds ratio.
    """
    wanted: Scale = "odds ratio"
    if found.scale != wanted:
        problem = f"the evidence was pooled on the {found.scale}"
        raise InputError.of("prior", "scale", problem, "pool odds ratios")
    informative = predictive_prior(found.effects, tau_scale)
    mixed = robust_prior(
        informative, null_weight=null_weight, vague_weight=vague_weight, vague_sd=vague_sd
    )
    origins = ["published studies"] * informative.weight.size + ["no effect", "vague"]
    parts = zip(mixed.weight, mixed.mean_of, mixed.sd_of, origins, strict=True)
    components = tuple(
        PriorComponent(
            weight_percent=100 * float(weight),
            mean_log_odds=float(mean),
            sd_log_odds=float(sd),
            origin=origin,
        )
        for weight, mean, sd, origin in parts
        if weight > 0
    )
    return PriorFile(
        about=f"robust meta-analytic-predictive prior from {number_of_studies(len(found.chosen))}",
        endpoint=found.endpoint,
        status="estimated",
        studies=tuple(each.study.name for each in found.published),
        components=components,
    )
