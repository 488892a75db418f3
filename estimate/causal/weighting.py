"""Inverse-probability weighting: weights by target population, and valid standard errors.

Robins JM, Hernán MA, Brumback B. *Epidemiology* 2000;11:550-560 (stabilised weights); Li F, Morgan
KL, Zaslavsky AM. *J Am Stat Assoc* 2018;113:390-400 (one formula for all target populations).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from estimate.causal.propensity import PropensityScore, Weights
from estimate.comparison.two_risks import Risks
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.estimand import POPULATIONS, Target
from estimate.core.result import Estimate, wald
from estimate.regression.logistic import fit_logistic
from estimate.regression.odds_ratio import from_logistic
from estimate.regression.sandwich import sandwich, scores, stacked_covariance

Errors = Literal["naive", "HC0", "HC1", "HC3", "survey", "M-estimation"]

#: Further option of `weighted_risks`: M-estimation with leverage-adjusted residuals.
RiskErrors = Errors | Literal["M-estimation HC3"]


def weights(
    data: AnalysisSet,
    score: PropensityScore,
    target: Target = "ate",
    *,
    stabilised: bool = False,
    truncate: tuple[float, float] | None = None,
) -> Weights:
    """Return h(e) / e for treated patients and h(e) / (1 - e) for the others.

    h is 1 (ATE), e (ATT), 1 - e (ATC), e (1 - e) (ATO) or min(e, 1 - e) (ATM).

    Parameters
    ----------
    stabilised
        Multiply by the proportion of patients in the same arm: this does not change the point
        estimate of a marginal comparison, and makes the sums of weights equal the numbers of
        patients.
    truncate
        Quantiles (type 7), for example (0.01, 0.99), beyond which weights are set to them.
        Estimates are then biased towards the unweighted ones.

    Examples
    --------
    One patient in four is treated where x = 0, three in four where x = 1:

    >>> from estimate.core.complete_cases import analysis_set
    >>> from estimate.core.columns import Numeric
    >>> from estimate.causal.propensity import propensity
    >>> therapy, y = [1, 0, 0, 0, 1, 1, 1, 0], [1, 0, 1, 0, 1, 1, 0, 0]
    >>> patients = {"therapy": therapy, "y": y, "x": [0] * 4 + [1] * 4}
    >>> data = analysis_set(patients, treatment="therapy", outcome="y", covariates={"x": Numeric()})
    >>> print(weights(data, propensity(data)).value.round(4))
    [4.     1.3333 1.3333 1.3333 1.3333 1.3333 1.3333 4.    ]
    """
    a = data.treatment
    value, slope = _weigh(score.score, a > 0, target)
    if stabilised:
        share = (a.sum(-1) / np.maximum(1, data.n))[..., None]
        factor = np.where(a > 0, share, 1 - share)
        value, slope = value * factor, slope * factor
    if truncate is not None:
        low, high = _quantiles(np.where(data.include, value, np.nan), truncate)
        slope = np.where((value < low) | (value > high), 0.0, slope)
        value = np.clip(value, low, high)
    # a patient with probability 0 of the observed arm has no weight, and the study no estimate
    value, slope = (np.where(np.isfinite(part), part, np.nan) for part in (value, slope))
    base = 1.0 if data.sampling is None else data.sampling
    value, slope = (np.where(data.include, part * base, 0.0) for part in (value, slope))
    return Weights(value, slope, target, stabilised)


def _quantiles(value: Floats, at: tuple[float, float]) -> tuple[Floats, Floats]:
    known = np.where(np.isnan(value).all(-1, keepdims=True), 0.0, value)
    low, high = np.nanquantile(known, at, axis=-1, keepdims=True)
    return low, high


def _weigh(e: Floats, treated: Bools, target: Target) -> tuple[Floats, Floats]:
    """Return weights and their derivatives in the linear predictor of e."""
    own = np.where(treated, e, 1 - e)
    sign = np.where(treated, -1.0, 1.0)
    with np.errstate(divide="ignore"):
        ratio = (1 - own) / own
        if target == "ate":
            return 1 / own, sign * ratio
    if target == "ato":
        return 1 - own, sign * own * (1 - own)
    if target == "atm":
        return np.minimum(1.0, ratio), np.where(ratio < 1, sign * ratio, 0.0)
    focal = treated if target == "att" else ~treated
    return np.where(focal, 1.0, ratio), np.where(focal, 0.0, sign * ratio)


def weighted_risks(
    data: AnalysisSet, score: PropensityScore, w: Weights, *, errors: RiskErrors = "M-estimation"
) -> Risks:
    """Return the weighted risk of each arm.

    Parameters
    ----------
    errors
        "naive" treats weights as counts of patients, which is invalid; it is included for
        comparison. "HC0", "HC1", "HC3" and "survey" treat weights as known: conservative for ATE,
        since estimating the score removes chance imbalance. "M-estimation" accounts for it
        (Lunceford JK, Davidian M. *Stat Med* 2004;23:2937-2960). If a few patients have extreme
        weights, it underestimates the standard error (by 6 % with 569 patients and some weights of
        16 and more, with interval coverage of 93.6 instead of 95 %); "M-estimation HC3" divides
        both residuals, of treatment and of outcome, by 1 - leverage, which corrects part of it.
    """
    hc3 = errors.endswith("HC3")
    phi = score.influence(data, small_sample=hc3) if errors.startswith("M-estimation") else None
    risks, influence, naive, df = [], [], [], None
    n, p = data.n, 2
    for arm in (data.treatment > 0, data.treatment <= 0):
        inside = np.where(arm & data.include, w.value, 0.0)
        total = inside.sum(-1)
        risk = (inside * data.outcome).sum(-1) / total
        residual = data.outcome - risk[..., None]
        by_patient = inside * residual / total[..., None]
        if hc3:
            by_patient = by_patient / (1 - inside / total[..., None])
        if phi is not None:
            drift = np.where(arm, w.slope * residual, 0.0) / total[..., None]
            gradient = np.einsum("...n,...nq->...q", drift, score.design.X)
            by_patient = by_patient + np.einsum("...nq,...q->...n", phi, gradient)
        risks.append(risk)
        influence.append(by_patient)
        naive.append(risk * (1 - risk) / total)
    sizes = np.stack(w.effective_size(data), axis=-1)
    units = data.by_unit(np.stack(influence, axis=-1))
    stack = units.swapaxes(-1, -2)
    cov = stack @ stack.swapaxes(-1, -2)
    if errors == "naive":
        cov = np.stack(naive, axis=-1)[..., None] * np.eye(2)
    elif errors == "HC1":
        cov = cov * (n / (n - p))[..., None, None]
    elif errors == "survey":
        cov, df = cov * (n / (n - 1))[..., None, None], n - p
    df = data.df if df is None else df
    return Risks(risks[0], risks[1], cov, n, score.fit.converged, df, sizes)


def iptw(
    data: AnalysisSet, score: PropensityScore, w: Weights, *, errors: RiskErrors = "M-estimation"
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio by weighting.

    Parameters
    ----------
    errors
        As for `weighted_risks`.
    """
    estimand = data.question(POPULATIONS[w.target])
    return weighted_risks(data, score, w, errors=errors).compare(
        estimand, f"iptw-{w.target}", data.labelled(f"Wald, {errors}")
    )


def iptw_adjusted(
    data: AnalysisSet,
    score: PropensityScore,
    w: Weights,
    covariates: Sequence[str] | None = None,
    *,
    errors: Errors = "naive",
) -> Estimate:
    """Return the odds ratio of a weighted regression that also includes the covariates.

    This is the published analysis: stabilised weights, profile interval and likelihood-ratio p that
    treat the weights as counts ("naive"). Its estimand is conditional, unlike that of `iptw`, and
    its interval is too narrow. The other ``errors`` give valid Wald intervals.
    """
    design = design_matrix(data, covariates)
    fit = fit_logistic(design.X, data.outcome, w.value)
    column = design.column(data.treatment_name)
    method = f"iptw-{w.target}-adjusted"
    estimand = data.conditional_question(covariates, POPULATIONS[w.target])
    if errors == "naive":
        return from_logistic(
            fit, design.X, data.outcome, column, estimand, method, n=data.n, weights=w.value
        )
    if errors == "M-estimation":
        terms = scores(design.X, data.outcome, fit, w.value)
        cov = stacked_covariance(terms, fit.cov, _nuisance_terms(data, score, w, terms))
    else:
        cov = sandwich(design.X, data.outcome, fit, w.value, correction=errors)
    return wald(
        estimand,
        method,
        "odds ratio",
        fit.coef[..., column],
        np.sqrt(cov[..., column, column]),
        data.n,
        interval=f"Wald, {errors}",
        converged=fit.converged & score.fit.converged,
        df=data.n - len(design.names) if errors == "survey" else None,
    )


def _nuisance_terms(
    data: AnalysisSet, score: PropensityScore, w: Weights, terms: Floats
) -> list[tuple[Floats, Floats]]:
    """Return the quantities estimated before the weighted regression: score and arm proportions."""
    with np.errstate(divide="ignore", invalid="ignore"):
        unweighted = np.where(w.value[..., None] > 0, terms / w.value[..., None], 0.0)
    drift = unweighted * w.slope[..., None]
    by_score = drift.swapaxes(-1, -2) @ score.design.X
    found: list[tuple[Floats, Floats]] = [(score.influence(data), by_score)]
    if w.stabilised:
        n = data.n[..., None]
        share = data.treatment.sum(-1)[..., None] / n
        influence = np.where(data.include, (data.treatment - share) / n, 0.0)
        relative = np.where(data.treatment > 0, 1 / share, -1 / (1 - share))
        found.append((influence[..., None], (terms * relative[..., None]).sum(-2)[..., None]))
    return found
