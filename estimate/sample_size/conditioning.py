"""Analyses conditional on a post-randomisation event: sperm in the ejaculate.

A latent threshold model. A participant's latent variable U ~ N(0, 1) is shifted by d under
treatment. Above c1 there is sperm in the ejaculate and no operation; between c2 and c1 micro-TESE
finds sperm; below it does not. Excluding the participants who need no operation, or counting them
as failures, hides the treatment, as the closed forms here show. Strategies are those of ICH E9(R1).
"""

from dataclasses import dataclass

from scipy.special import ndtr

from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class EffectsOfOneTreatment:
    """Four risk differences of the same participants and the same treatment.

    Attributes
    ----------
    any_sperm
        Composite: sperm in the ejaculate or at micro-TESE, among all participants.
    among_operated
        Retrieval among the participants operated on in each arm: the groups are not comparable.
    retrieval_all
        Retrieval at micro-TESE, participants with sperm in the ejaculate counted as failures.
    always_operated
        Principal stratum: participants who would be operated under either treatment.
    """

    any_sperm: float
    among_operated: float
    retrieval_all: float
    always_operated: float


def effects_under_thresholds(
    shift: float, retrieval: float, ejaculate: float
) -> EffectsOfOneTreatment:
    """Return four estimands of one treatment under a latent threshold model.

    Parameters
    ----------
    shift
        d, in standard deviations of the potential; from 0.
    retrieval, ejaculate
        Thresholds c2 < c1, in standard deviations.

    Examples
    --------
    A strong treatment without apparent effect at micro-TESE:

    >>> effects = effects_under_thresholds(1.0, 0.2, 0.8)
    >>> f"{effects.any_sperm:.4f} {abs(effects.retrieval_all):.4f}"
    '0.3674 0.0000'
    """
    if not (shift >= 0 and retrieval < ejaculate):
        problem = f"shift {shift}, retrieval {retrieval}, ejaculate {ejaculate} are not allowed"
        cure = "give a shift from 0 and a threshold of retrieval below that of the ejaculate"
        raise InputError.of("thresholds", "", problem, cure)
    control = _arm(0.0, retrieval, ejaculate)
    treated = _arm(shift, retrieval, ejaculate)
    # Operated under treatment means U + d <= c1; such a participant is operated under control too.
    stratum = float(ndtr(ejaculate - shift))
    found = stratum - float(ndtr(retrieval - shift))
    found_control = max(0.0, stratum - float(ndtr(retrieval)))
    return EffectsOfOneTreatment(
        any_sperm=treated[0] - control[0],
        among_operated=treated[1] / treated[2] - control[1] / control[2],
        retrieval_all=treated[1] - control[1],
        always_operated=(found - found_control) / stratum,
    )


def _arm(shift: float, retrieval: float, ejaculate: float) -> tuple[float, float, float]:
    """Return the probabilities of any sperm, of retrieval, and of micro-TESE."""
    below_retrieval, below_ejaculate = (float(ndtr(c - shift)) for c in (retrieval, ejaculate))
    return 1 - below_retrieval, below_ejaculate - below_retrieval, below_ejaculate
