"""Interaction of risks by g-computation, and the bootstrap of RERI.

Measures of `additive` from odds ratios approximate risk ratios only if the outcome is rare; this
module compares risks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.result import Estimate, wald
from estimate.heterogeneity.additive import (
    AdditiveInteraction,
    InteractionMeasure,
    additive_interaction,
    binary_modifier,
    delta_error,
    interaction_coefficients,
    recode,
)
from estimate.heterogeneity.subgroups import interaction_design
from estimate.regression.logistic import fit_logistic


@dataclass(frozen=True, slots=True)
class RiskInteraction:
    """Interaction of marginal risks of the patients analysed.

    Attributes
    ----------
    risks
        (..., 2, 2) if everyone had treatment (first) and modifier (second) 0 or 1.
    contrast
        risk11 - risk10 - risk01 + risk00, as an estimate with its question.
    on_ratios
        RERI, AP and S of risk ratios, which the odds-ratio versions approximate.
    """

    risks: Floats
    contrast: Estimate
    on_ratios: AdditiveInteraction


def risk_interaction(
    data: AnalysisSet, modifier: ArrayLike, covariates: Sequence[str] | None = None
) -> RiskInteraction:
    """Standardise the four risks over the covariates, and compare them by addition.

    The logistic model with product is averaged over the patients analysed; errors are by the delta
    method, given these patients' covariates. Covariates must not be equivalent to the modifier.
    """
    modifier = binary_modifier(modifier)
    X, tested = interaction_design(data, modifier[..., None], covariates)
    fit = fit_logistic(X, data.outcome, data.weights)
    include = data.include.astype(float)
    share = include / include.sum(-1, keepdims=True)
    risks, slopes = [], []
    for a in (0.0, 1.0):
        for s in (0.0, 1.0):
            design = X.copy()
            design[..., 1], design[..., 2], design[..., tested.start] = a, s, a * s
            risk = special.expit(np.einsum("...np,...p->...n", design, fit.coef))
            risks.append((share * risk).sum(-1))
            slopes.append(np.einsum("...n,...np->...p", share * risk * (1 - risk), design))
    risk4, slope4 = np.stack(risks, -1), np.stack(slopes, -2)
    cov4 = np.einsum("...ip,...pq,...jq->...ij", slope4, fit.cov, slope4)
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    question = data.conditional_question(covariates, "all patients analysed")
    contrast = wald(
        question.as_("interaction contrast of marginal risks"),
        "g-computation",
        "risk difference",
        risk4 @ signs,
        delta_error(np.broadcast_to(signs, risk4.shape), cov4),
        data.n,
        interval="Wald, delta",
        converged=fit.converged,
    )
    # Log risk ratios of treatment, modifier and product, from risks in the order 00 01 10 11.
    mix = np.array([[-1.0, 0, 1, 0], [-1, 1, 0, 0], [1, -1, -1, 1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        coef = np.log(risk4) @ mix.T
        inverse = mix / risk4[..., None, :]
    cov = np.einsum("...ij,...jk,...lk->...il", inverse, cov4, inverse)
    return RiskInteraction(
        risk4.reshape(*risk4.shape[:-1], 2, 2), contrast, additive_interaction(coef, cov)
    )


def bootstrap_reri(
    data: AnalysisSet,
    modifier: ArrayLike,
    rng: np.random.Generator,
    covariates: Sequence[str] | None = None,
    *,
    resamples: int = 2000,
    reference: ArrayLike | None = None,
) -> InteractionMeasure:
    """Return RERI of one study with its bootstrap standard error and percentile limits.

    Patients are drawn with replacement and all resamples are fitted at once. The reference group is
    held fixed: if each resample chose its own, the measure would not keep its meaning.
    A resample without a finite fit is excluded; the p-value is twice the smaller share on one
    side of 0.
    """
    modifier = binary_modifier(modifier)
    start = np.array([0.0, 0.0]) if reference is None else np.asarray(reference, float)
    rows = rng.integers(0, data.include.shape[-1], (resamples, data.include.shape[-1]))

    def reri(patients: AnalysisSet, second: Floats) -> Floats:
        coef, cov = interaction_coefficients(patients, second, covariates)
        return additive_interaction(*recode(coef, cov, start)[:2]).reri.estimate

    drawn = reri(_rows(data, rows), modifier[rows])
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    p = 2 * min((drawn > 0).mean(), (drawn < 0).mean())
    return InteractionMeasure(
        reri(data, modifier), np.asarray(drawn.std(ddof=1)), np.asarray(p), low, high
    )


def _rows(
    data: AnalysisSet, rows: "np.ndarray[tuple[int, int], np.dtype[np.int64]]"
) -> AnalysisSet:
    """Return one data set per row of ``rows`` (resample, n), made of these patients."""
    return AnalysisSet(
        treatment=data.treatment[rows],
        outcome=data.outcome[rows],
        covariates={name: column[rows] for name, column in data.covariates.items()},
        kinds=data.kinds,
        include=data.include[rows],
        reasons=data.reasons,
        treatment_name=data.treatment_name,
        outcome_name=data.outcome_name,
    )
