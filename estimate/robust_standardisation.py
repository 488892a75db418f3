"""Covariate-adjusted marginal risks in a randomised trial, with a variance that knows the design.

A logistic model of the outcome on arm and covariates is fitted, every man is predicted under both
arms, and the predictions are averaged. Randomisation makes the averages right even if the model is
wrong. Two variances:

``ye``
    Ye T, Bannick M, Yi Y, Shao J. *Stat Theory Relat Fields* 2023;7:159-63: valid for the
    population effect whether or not the model holds, and, given the strata, under stratified
    randomisation.
``ge``
    Ge M, Durham LK, Meyer RD, Xie W, Thomas N. *Drug Inf J* 2011;45:481-93: delta method on the
    coefficients with their sandwich covariance; takes the covariates as fixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from estimate.arrays import Floats
from estimate.estimand import Estimand
from estimate.logistic import LogisticFit, fit_logistic
from estimate.result import Estimate, Scale, wald
from protocol.errors import InputError

VarianceName = Literal["ye", "ge"]


@dataclass(frozen=True, slots=True)
class ArmRisks:
    """Marginal risks of both arms; ``...`` is the leading shape of the trials.

    Attributes
    ----------
    risk
        (..., 2) risk under control and under treatment.
    cov
        (..., 2, 2) covariance of the two.
    converged
        (...) whether the outcome model had a finite fit and both arms have two men or more.
    n
        (...) men analysed.
    fit
        The outcome model: intercept, treatment, covariates.
    """

    risk: Floats
    cov: Floats
    converged: NDArray[np.bool_]
    n: NDArray[np.int64]
    fit: LogisticFit


def standardise(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    *,
    include: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    variance: VarianceName = "ye",
) -> ArmRisks:
    """Return marginal risks of a randomised trial by standardisation over its men.

    Parameters
    ----------
    outcome, treated
        (..., man) 0 or 1.
    covariates
        (..., man, covariate) without intercept; finite for every man.
    include
        (..., man) men analysed, so that trials of different sizes share an array; None is all.
    stratum
        (..., man) whole numbers from 0: strata within which arms were balanced by permuted blocks
        or minimisation. Only ``ye`` uses it.
    variance
        See the module.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> arm, x = np.arange(200) % 2, rng.normal(size=(200, 1))
    >>> y = rng.random(200) < 0.2 + 0.3 * arm + 0.2 * (x[:, 0] > 0)
    >>> standardise(y, arm, x).risk.shape
    (2,)
    """
    y, arm = np.asarray(outcome, float), np.asarray(treated, float)
    x = np.asarray(covariates, float)
    y, arm = np.broadcast_arrays(y, arm)
    if x.shape[-2] != y.shape[-1]:
        problem = f"{x.shape[-2]} rows of covariates came for {y.shape[-1]} men"
        raise InputError.of("standardisation", "covariates", problem, "give one row per man")
    kept = np.ones(y.shape) if include is None else np.broadcast_to(include, y.shape).astype(float)
    lead = (*y.shape, x.shape[-1])
    design = np.concatenate([np.ones((*y.shape, 1)), arm[..., None], np.broadcast_to(x, lead)], -1)
    fit = fit_logistic(design, y, kept)
    predicted = _predict(design, fit.coef)
    men = kept.sum(-1)
    risk = (predicted * kept[..., None]).sum(-2) / men[..., None]
    if variance == "ge":
        cov = _cov_ge(design, y, kept, predicted, fit)
    else:
        cov = _cov_ye(y, arm, kept, predicted, stratum)
    enough = np.minimum((kept * arm).sum(-1), (kept * (1 - arm)).sum(-1)) >= 2
    return ArmRisks(risk, cov, fit.converged & enough, men.astype(np.int64), fit)


def standardised_effects(
    risks: ArmRisks, estimand: Estimand, *, method: str = "standardised", interval: str = "Ye"
) -> tuple[Estimate, Estimate, Estimate]:
    """Return marginal risk difference, risk ratio and odds ratio, by the delta method."""
    p0, p1 = risks.risk[..., 0], risks.risk[..., 1]
    scales: tuple[Scale, Scale, Scale] = ("risk difference", "risk ratio", "odds ratio")
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (p1 - p0, np.log(p1 / p0), np.log(p1 / (1 - p1)) - np.log(p0 / (1 - p0)))
        slopes = (
            (-np.ones_like(p0), np.ones_like(p1)),
            (-1 / p0, 1 / p1),
            (-1 / (p0 * (1 - p0)), 1 / (p1 * (1 - p1))),
        )
        errors = [
            np.sqrt(
                by0**2 * risks.cov[..., 0, 0]
                + by1**2 * risks.cov[..., 1, 1]
                + 2 * by0 * by1 * risks.cov[..., 0, 1]
            )
            for by0, by1 in slopes
        ]
    first, second, third = (
        wald(
            estimand.as_(f"marginal {scale}"),
            method,
            scale,
            value,
            error,
            risks.n,
            interval=f"Wald, {interval}",
            converged=risks.converged,
        )
        for scale, value, error in zip(scales, values, errors, strict=True)
    )
    return first, second, third


def _predict(design: Floats, coef: Floats) -> Floats:
    """Return (..., man, 2) predicted risks with everybody in arm 0 and in arm 1."""
    b = np.nan_to_num(coef)  # a fit that failed is flagged; its numbers must not raise
    base = np.einsum("...np,...p->...n", design, b) - design[..., 1] * b[..., None, 1]
    return np.asarray(expit(np.stack([base, base + b[..., None, 1]], -1)))


def _cov_ye(
    y: Floats, arm: Floats, kept: Floats, predicted: Floats, stratum: ArrayLike | None
) -> Floats:
    """Return the covariance of Ye et al. 2023, equation 3, and less its gain from the strata.

    With s_a the sample of arm a and moments over all men unless marked:
    V_aa = (Var_a Y - 2 Cov_a(Y, m_a) + Var m_a) / pi_a + 2 Cov_a(Y, m_a) - Var m_a,
    V_ab = Cov_a(Y, m_b) + Cov_b(Y, m_a) - Cov(m_a, m_b).
    """
    n = kept.sum(-1)
    members = [kept * (1 - arm), kept * arm]
    share = [member.sum(-1) / n for member in members]
    m = [predicted[..., a] for a in (0, 1)]
    within = [[_cov(y, m[b], members[a]) for b in (0, 1)] for a in (0, 1)]
    among = [[_cov(m[a], m[b], kept) for b in (0, 1)] for a in (0, 1)]
    total = np.empty((*n.shape, 2, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        for a in (0, 1):
            own = _cov(y, y, members[a]) - 2 * within[a][a] + among[a][a]
            total[..., a, a] = own / share[a] + 2 * within[a][a] - among[a][a]
        total[..., 0, 1] = total[..., 1, 0] = within[0][1] + within[1][0] - among[0][1]
        if stratum is not None:
            total = total - _gain(y, m, members, share, np.asarray(stratum), kept)
        return np.asarray(total / n[..., None, None])


def _gain(
    y: Floats,
    m: Sequence[Floats],
    members: Sequence[Floats],
    share: Sequence[Floats],
    stratum: NDArray[np.int64],
    kept: Floats,
) -> Floats:
    """Return the variance that balance within strata removes: E{R (diag pi - pi pi') R}.

    R is diagonal with the mean residual of arm a in the stratum over pi_a. A model with the strata
    among its covariates leaves no mean residual and gains nothing.
    """
    n = kept.sum(-1)
    gain = np.zeros((*n.shape, 2, 2))
    for z in range(int(stratum.max()) + 1):
        here = (stratum == z) * kept
        weight = here.sum(-1) / n
        mean = []
        for a in (0, 1):
            cell = members[a] * here
            size = cell.sum(-1)
            residual = ((y - m[a]) * cell).sum(-1)
            mean.append(np.where(size > 0, residual / np.maximum(size, 1) / share[a], 0.0))
        for a in (0, 1):
            for b in (0, 1):
                spread = share[a] * ((a == b) - share[b])
                gain[..., a, b] += weight * mean[a] * spread * mean[b]
    return gain


def _cov(u: Floats, v: Floats, weight: Floats) -> Floats:
    """Return the (...) sample covariance over the men of weight 1, divisor one less than them."""
    n = weight.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_u, mean_v = (u * weight).sum(-1) / n, (v * weight).sum(-1) / n
        product = (u - mean_u[..., None]) * (v - mean_v[..., None]) * weight
        return np.asarray(product.sum(-1) / (n - 1))


def _cov_ge(design: Floats, y: Floats, kept: Floats, predicted: Floats, fit: LogisticFit) -> Floats:
    """Return J S J' with S the HC0 sandwich of the coefficients."""
    mu = np.where(design[..., 1] > 0, predicted[..., 1], predicted[..., 0])
    scores = design * (kept * (y - mu))[..., None]
    meat = scores.swapaxes(-1, -2) @ scores
    sandwich = fit.cov @ meat @ fit.cov
    rows = []
    for a in (0, 1):
        slope = predicted[..., a] * (1 - predicted[..., a]) * kept
        moved = design.copy()
        moved[..., 1] = a
        rows.append((moved * slope[..., None]).sum(-2) / kept.sum(-1)[..., None])
    jacobian = np.stack(rows, -2)
    return np.asarray(jacobian @ sandwich @ jacobian.swapaxes(-1, -2))
