"""Marginal risks if all patients, or none, had been treated: g-computation, AIPW and TMLE.

G-computation relies on a model of the outcome, weighting (`causal.weighting`) on a model of
treatment; AIPW and TMLE use both and are consistent if either is correct (doubly robust).

Robins JM. *Math Modelling* 1986;7:1393-1512; Robins JM, Rotnitzky A, Zhao LP. *J Am Stat Assoc*
1994;89:846-866; van der Laan MJ, Rubin D. *Int J Biostat* 2006;2(1):11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from estimate.causal.propensity import PropensityScore
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import DesignMatrix, design_matrix
from estimate.core.estimand import POPULATIONS
from estimate.core.result import Estimate
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from estimate.regression.sandwich import sandwich, scores

Errors = Literal["delta", "robust", "M-estimation"]

#: Label of intervals from influence functions.
INFLUENCE = "Wald, influence function"


@dataclass(frozen=True, slots=True)
class OutcomeModel:
    """A logistic model of the outcome, with every patient's predictions under both treatments.

    Attributes
    ----------
    design, fit
        Columns and coefficients; the second column is treatment.
    predictor
        (2, ..., n) linear predictors, treated first.
    predicted
        (2, ..., n) risks.
    setting
        (2, ..., n, p) columns if everyone, and if no one, had been treated.
    """

    design: DesignMatrix
    fit: LogisticFit
    predictor: Floats
    predicted: Floats
    setting: Floats


def outcome_model(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    interactions: bool | Sequence[str] = False,
) -> OutcomeModel:
    """Fit the outcome on treatment and covariates, and predict for everyone under both treatments.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    interactions
        Covariates by which the effect may differ; True for all, the same as one model per arm.
    """
    design = design_matrix(data, covariates, interactions=interactions)
    fit = fit_logistic(design.X, data.outcome, data.weights)
    setting = np.stack([_set_treatment(design, value) for value in (1.0, 0.0)])
    predictor = np.matmul(setting, fit.coef[..., None])[..., 0]
    return OutcomeModel(design, fit, predictor, expit(predictor), setting)


def _set_treatment(design: DesignMatrix, value: float) -> Floats:
    """Return the columns with treatment set for everyone, including its products."""
    X, name = design.X.copy(), design.names[1]
    X[..., 1] = value
    for index, column in enumerate(design.names):
        if column.startswith(f"{name}:"):
            X[..., index] = value * X[..., design.column(column.removeprefix(f"{name}:"))]
    return X


def g_computation_risks(
    data: AnalysisSet,
    model: OutcomeModel,
    *,
    target: Literal["ate", "att", "atc"] = "ate",
    errors: Errors = "M-estimation",
) -> Risks:
    """Average predictions over a population (g-computation).

    Parameters
    ----------
    target
        The population averaged over: all patients, the treated, or the untreated.
    errors
        "delta" assumes a correct model and fixed patients; "robust" does not assume a correct
        model; "M-estimation" in addition treats the patients as a sample from a population.
    """
    group = _group(data, target)
    counted = group * (1.0 if data.sampling is None else data.sampling)
    share = counted / counted.sum(-1)[..., None]
    risks = (model.predicted * share).sum(-1)
    slope = model.predicted * (1 - model.predicted) * share
    gradient = np.einsum("a...n,a...np->a...p", slope, model.setting)
    if errors == "M-estimation":
        terms = scores(model.design.X, data.outcome, model.fit, data.weights) @ model.fit.cov
        moved = np.einsum("...np,a...p->a...n", terms, gradient)
        cov = _covariance(data, share * (model.predicted - risks[..., None]) + moved)
    else:
        inner = model.fit.cov
        if errors == "robust":
            inner = sandwich(model.design.X, data.outcome, model.fit, data.weights)
        cov = np.einsum("a...p,...pq,b...q->...ab", gradient, inner, gradient)
    return Risks(risks[0], risks[1], cov, data.n, model.fit.converged, data.df)


def g_computation(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    interactions: bool | Sequence[str] = False,
    target: Literal["ate", "att", "atc"] = "ate",
    errors: Errors = "M-estimation",
    model: OutcomeModel | None = None,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio by standardisation.

    Parameters
    ----------
    covariates, interactions
        As for `outcome_model`.
    model
        The outcome model if it is fitted already; several methods can share one.
    target, errors
        As for `g_computation_risks`.
    """
    model = model or outcome_model(data, covariates, interactions=interactions)
    risks = g_computation_risks(data, model, target=target, errors=errors)
    method = "g-computation" if target == "ate" else f"g-computation-{target}"
    label = data.labelled(f"Wald, {errors}")
    return risks.compare(data.question(POPULATIONS[target]), method, label)


def aipw_risks(data: AnalysisSet, model: OutcomeModel, score: PropensityScore) -> Risks:
    """Return g-computation risks corrected for their bias as estimated by weighting."""
    return _doubly_robust(data, model.predicted, score, model.fit.converged)


def aipw(
    data: AnalysisSet,
    score: PropensityScore,
    covariates: Sequence[str] | None = None,
    *,
    interactions: bool | Sequence[str] = False,
    model: OutcomeModel | None = None,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal effects by augmented inverse-probability weighting.

    Parameters
    ----------
    covariates, interactions, model
        As for `g_computation`.
    """
    model = model or outcome_model(data, covariates, interactions=interactions)
    risks = aipw_risks(data, model, score)
    return risks.compare(data.question(POPULATIONS["ate"]), "aipw", data.labelled(INFLUENCE))


def tmle_risks(data: AnalysisSet, model: OutcomeModel, score: PropensityScore) -> Risks:
    """Return risks after a one-step update of the outcome model towards the target.

    The update adds 1 / e for the treated and 1 / (1 - e) for the untreated to the linear
    predictor, each with a coefficient of its own; risks stay in [0, 1], unlike those of AIPW.
    """
    inverse = np.stack([1 / score.score, 1 / (1 - score.score)])
    treated = data.treatment > 0
    clever = np.stack([inverse[0] * treated, inverse[1] * ~treated], axis=-2)
    clever = np.where(data.include[..., None, :], clever, 0.0)
    observed = np.where(treated, model.predictor[0], model.predictor[1])
    update = fit_logistic(clever.swapaxes(-1, -2), data.outcome, data.weights, observed)
    coef = np.moveaxis(update.coef, -1, 0)[..., None]
    predicted = expit(model.predictor + coef * inverse)
    sound = model.fit.converged & update.converged
    return _doubly_robust(data, predicted, score, sound)


def tmle(
    data: AnalysisSet,
    score: PropensityScore,
    covariates: Sequence[str] | None = None,
    *,
    interactions: bool | Sequence[str] = False,
    model: OutcomeModel | None = None,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal effects by targeted maximum likelihood.

    Parameters
    ----------
    covariates, interactions, model
        As for `g_computation`.
    """
    model = model or outcome_model(data, covariates, interactions=interactions)
    risks = tmle_risks(data, model, score)
    return risks.compare(data.question(POPULATIONS["ate"]), "tmle", data.labelled(INFLUENCE))


def _doubly_robust(
    data: AnalysisSet, predicted: Floats, score: PropensityScore, sound: Bools
) -> Risks:
    arm = np.stack([data.treatment > 0, data.treatment <= 0])
    chance = np.stack([score.score, 1 - score.score])
    by_patient = predicted + arm * (data.outcome - predicted) / chance
    by_patient = np.where(data.include, by_patient, 0.0)
    n = data.n[..., None]
    risks = by_patient.sum(-1) / n[..., 0]
    influence = np.where(data.include, by_patient - risks[..., None], 0.0) / n
    cov = _covariance(data, influence)
    if data.cluster is None:
        cov = cov * (data.n / (data.n - 1))[..., None, None]
    return Risks(risks[0], risks[1], cov, data.n, sound & score.fit.converged, data.df)


def _covariance(data: AnalysisSet, influence: Floats) -> Floats:
    """Return the (..., 2, 2) covariance of two averages from influences (2, ..., n)."""
    if not data.robust:
        cov: Floats = np.einsum("a...n,b...n->...ab", influence, influence)
        return cov
    units = data.by_unit(np.moveaxis(influence, 0, -1))
    return np.asarray(units.swapaxes(-1, -2) @ units)


def _group(data: AnalysisSet, target: str) -> Bools:
    who = {
        "ate": np.ones_like(data.include),
        "att": data.treatment > 0,
        "atc": data.treatment <= 0,
    }
    group: Bools = who[target] & data.include
    return group
