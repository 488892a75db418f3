"""Priors of an effect as files: components with their origin, and how they were made."""

import json
from typing import Annotated, Literal

from pydantic import Field, model_validator

from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.core.result import Scale
from estimate.meta_analysis.predictive_prior import predictive_prior, robust_prior
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


class PriorFile(Document):
    """Prior distribution of the effect of therapy on an endpoint, as a mixture.

    ``status`` is how it was obtained: from published studies of this use (estimated), of another
    population or dose (transported), from experts (elicited), or assumed.
    """

    about: Text
    endpoint: Text
    status: Literal["estimated", "transported", "elicited", "assumed"]
    studies: tuple[Text, ...] = ()
    components: Annotated[tuple[PriorComponent, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _weights(self) -> "PriorFile":
        total = sum(each.weight_percent for each in self.components)
        if abs(total - 100) > 1e-6:
            raise ValueError(f"the weights of the components sum to {total:g}, not 100")
        return self

    def mixture(self) -> NormalMixture:
        """Return the prior as a mixture of normal distributions of the log odds ratio."""
        total = sum(each.weight_percent for each in self.components)  # 100, but for rounding
        return NormalMixture.of(
            [each.weight_percent / total for each in self.components],
            [each.mean_log_odds for each in self.components],
            [each.sd_log_odds for each in self.components],
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
        about=f"robust meta-analytic-predictive prior from {_studies(len(found.rows))}",
        endpoint=found.endpoint,
        status="estimated",
        studies=tuple(row.name for row in found.rows),
        components=components,
    )


def _studies(number: int) -> str:
    return "1 study" if number == 1 else f"{number} studies"
