"""The generalised propensity score, and arms weighted by it.

Imbens GW. *Biometrika* 2000;87:706-710; Li F, Li F. *Ann Appl Stat* 2019;13:2389-2415 (overlap
weights of several treatments).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.regression.multinomial import fit_multinomial, multinomial_probabilities

#: Target populations of weights.
SeveralTarget = Literal["ate", "ato"]


@dataclass(frozen=True, slots=True)
class GeneralisedScore:
    """Probability of each treatment given covariates.

    Attributes
    ----------
    score
        (..., n, arm); equal probabilities for patients not analysed.
    influence
        (..., n, parameter) influence of each patient on the coefficients, arm by arm.
    rows
        (..., n, p) columns of the model.
    converged
        (...) whether all coefficients are finite and identified.
    """

    score: Floats
    influence: Floats
    rows: Floats
    converged: Bools


def generalised_score(
    data: AnalysisSet, covariates: Sequence[str] | None = None
) -> GeneralisedScore:
    """Estimate the probabilities of the arms by multinomial logistic regression.

    Examples
    --------
    >>> from estimate.core.columns import Numeric
    >>> from estimate.core.complete_cases import analysis_set
    >>> arms = ["none", "hcg", "both"] * 4
    >>> patients = {"arm": arms, "y": [0, 1] * 6, "x": [0] * 6 + [1] * 6}
    >>> data = analysis_set(patients, treatment="arm", levels=("none", "hcg", "both"),
    ...                     outcome="y", covariates={"x": Numeric()})
    >>> print(generalised_score(data).score[0].round(3))
    [0.333 0.333 0.333]
    """
    X = design_matrix(data, covariates, treatment=False).X
    lead, arms = X.shape[:-2], len(data.levels)
    weights = np.ones(data.include.shape) if data.weights is None else data.weights
    flat = [a.reshape(-1, *a.shape[len(lead) :]) for a in (X, data.treatment, weights)]
    coef, cov = fit_multinomial(flat[0], flat[1].astype(np.int64), flat[2], arms)
    score = multinomial_probabilities(flat[0], coef).reshape(*X.shape[:-1], arms)
    cov = cov.reshape(*lead, *cov.shape[1:])
    chosen = data.treatment[..., None] == np.arange(1, arms)
    residual = np.where(data.include[..., None], chosen - score[..., 1:], 0.0)
    residual = residual * weights[..., None]
    terms = (residual[..., :, None] * X[..., None, :]).reshape(*X.shape[:-1], -1)
    bounded = np.abs(coef).max((-2, -1)) < 50  # an arm that covariates separate has no finite fit
    score = np.where(data.include[..., None], score, 1 / arms)
    return GeneralisedScore(score, terms @ cov, X, np.asarray(bounded.reshape(lead)))


@dataclass(frozen=True, slots=True)
class ArmMeans:
    """Mean outcome (a risk) if everyone in a population had been in each arm.

    Attributes
    ----------
    mean, cov
        (..., arm) and (..., arm, arm).
    size
        (..., arm) effective numbers of patients.
    converged
        (...) whether the models used converged.
    """

    mean: Floats
    cov: Floats
    size: Floats
    converged: Bools


def several_weights(data: AnalysisSet, found: GeneralisedScore, target: SeveralTarget) -> Floats:
    """Return weights (..., n): h / e of the patient's own arm; h is 1, or 1 / sum(1 / e)."""
    own = np.take_along_axis(found.score, data.treatment[..., None].astype(int), -1)[..., 0]
    with np.errstate(divide="ignore"):
        tilt = 1.0 if target == "ate" else 1 / (1 / found.score).sum(-1)
        value = np.where(data.include, tilt / own, 0.0)
    return np.asarray(np.where(np.isfinite(value), value, np.nan))


def weighted_arms(
    data: AnalysisSet, found: GeneralisedScore, target: SeveralTarget = "ate"
) -> ArmMeans:
    """Return weighted means of the arms; errors account for the estimated score."""
    w, arms = several_weights(data, found, target), found.score.shape[-1]
    base = 1.0 if data.sampling is None else data.sampling
    own = (data.treatment[..., None] == np.arange(arms)) * 1.0
    moves = -own[..., 1:] + found.score[..., 1:]
    if target == "ato":
        tilt = 1 / (1 / found.score).sum(-1, keepdims=True)
        moves = tilt / found.score[..., 1:] - own[..., 1:]
    means, influence, sizes = [], [], []
    for arm in range(arms):
        inside = np.where((own[..., arm] > 0) & data.include, w, 0.0) * base
        total = inside.sum(-1)[..., None]
        mean = (inside * data.outcome).sum(-1) / total[..., 0]
        term = inside * (data.outcome - mean[..., None]) / total
        slope = (term[..., None, None] * moves[..., :, None] * found.rows[..., None, :]).sum(-3)
        slope = slope.reshape(*slope.shape[:-2], -1)
        influence.append(term + np.einsum("...nq,...q->...n", found.influence, slope))
        means.append(mean)
        sizes.append(total[..., 0] ** 2 / (inside**2).sum(-1))
    units = data.by_unit(np.stack(influence, -1))
    return ArmMeans(
        np.stack(means, -1), units.swapaxes(-1, -2) @ units, np.stack(sizes, -1),
        found.converged & np.isfinite(w).all(-1),
    )  # fmt: skip
