"""True effects in a batch of studies, from both potential outcomes of every patient."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pretese.article.simulated.studies import Studies

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class EffectContrast:
    """A contrast with its two true risks; ``key`` names it in files, ``words`` in text."""

    key: str
    words: str


CONTRASTS = (
    EffectContrast("any_sperm_enrolled", "any sperm, all who started"),
    EffectContrast("retrieved_operated", "retrieved, of those operated on"),
    EffectContrast("retrieved_always_operated", "retrieved, always operated on"),
)


def true_effects(studies: Studies) -> dict[str, Floats]:
    """Return true risks (percent) and effects per study, from both potential outcomes.

    The second contrast conditions on surgery, which therapy makes unnecessary in some patients: an
    ideal trial restricted to operated patients would estimate it, but it is not an effect in a
    fixed population. The first and the third are.
    """
    return dict(_effects(studies))


def _effects(studies: Studies) -> Iterator[tuple[str, Floats]]:
    untreated, treated = studies.cohort.paths
    everyone = np.ones_like(studies.gonadotropin_therapy)
    always = untreated.micro_tese & treated.micro_tese
    pairs = (
        ((untreated.any_sperm, everyone), (treated.any_sperm, everyone)),
        (
            (untreated.sperm_retrieved, untreated.micro_tese),
            (treated.sperm_retrieved, treated.micro_tese),
        ),
        ((untreated.sperm_retrieved, always), (treated.sperm_retrieved, always)),
    )
    for contrast, (without, with_therapy) in zip(CONTRASTS, pairs, strict=True):
        low, high = _risk(*without), _risk(*with_therapy)
        yield f"truth.{contrast.key}.untreated", 100 * low
        yield f"truth.{contrast.key}.treated", 100 * high
        yield f"truth.{contrast.key}.risk_difference", 100 * (high - low)
        with np.errstate(divide="ignore", invalid="ignore"):
            yield f"truth.{contrast.key}.odds_ratio", high * (1 - low) / (low * (1 - high))


def _risk(outcome: Flags, group: Flags) -> Floats:
    with np.errstate(invalid="ignore"):
        risk: Floats = (outcome & group).sum(axis=-1) / group.sum(axis=-1)
    return risk
