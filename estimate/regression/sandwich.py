"""Robust covariance of a weighted logistic regression, and of one whose weights were estimated.

White H. *Econometrica* 1980;48:817-838; MacKinnon JG, White H. *J Econom* 1985;29:305-325 (HC1 to
HC3); Stefanski LA, Boos DD. *Am Stat* 2002;56:29-38 (M-estimation).
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from estimate.core.arrays import Floats, Ints
from estimate.core.clusters import sum_by_cluster
from estimate.regression.logistic_fit import LogisticFit

Correction = Literal["HC0", "HC1", "HC2", "HC3", "survey"]


def scores(
    X: ArrayLike, y: ArrayLike, fit: LogisticFit, weights: ArrayLike | None = None
) -> Floats:
    """Return each patient's term of the score, (..., n, p): w (y - mu) x."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    residual = y - expit(_predictor(X, fit))
    if weights is not None:
        residual = residual * np.asarray(weights, float)
    terms: Floats = X * residual[..., None]
    return terms


def sandwich(
    X: ArrayLike,
    y: ArrayLike,
    fit: LogisticFit,
    weights: ArrayLike | None = None,
    *,
    correction: Correction = "HC0",
    clusters: Ints | None = None,
) -> Floats:
    """Return the robust covariance of the coefficients, (..., p, p).

    Parameters
    ----------
    X, y, weights
        As given to `fit_logistic`; a row of weight 0 does not count.
    fit
        Its answer.
    correction
        HC1 multiplies by n / (n - p), HC2 and HC3 divide squared residuals by (1 - h) and
        (1 - h)^2 with h the leverage, "survey" multiplies by n / (n - 1) as a survey design
        with weights and no strata does. With G ``clusters``, HC1 multiplies by
        G / (G - 1) (n - 1) / (n - p).
    clusters
        (..., n) whole numbers from 0; scores of a cluster are summed. Only HC0 and HC1 know
        clusters. Patients of weight 0 may have any value.
    """
    X = np.asarray(X, float)
    terms = scores(X, y, fit, weights)
    used = np.ones(terms.shape[:-1], bool) if weights is None else np.asarray(weights, float) > 0
    used = np.broadcast_to(used, terms.shape[:-1])
    n, p = np.count_nonzero(used, axis=-1), X.shape[-1]
    factor: Floats = np.ones(n.shape)
    count: Ints = n
    if clusters is not None:
        terms = sum_by_cluster(terms, clusters)
        sizes = sum_by_cluster(used[..., None].astype(float), clusters)[..., 0]
        count = np.count_nonzero(sizes, axis=-1)
    if correction in ("HC2", "HC3"):
        power = 0.5 if correction == "HC2" else 1.0
        terms = terms / (1 - leverage(X, fit, weights)[..., None]) ** power
    # too few patients or clusters for a correction: its factor is infinite, and no result finite
    with np.errstate(divide="ignore", invalid="ignore"):
        if correction == "HC1" and clusters is None:
            factor = n / (n - p)
        elif correction == "HC1":
            factor = count / (count - 1) * ((n - 1) / (n - p))
        elif correction == "survey":
            factor = n / (n - 1)
    meat = terms.swapaxes(-1, -2) @ terms
    return factor[..., None, None] * (fit.cov @ meat @ fit.cov)


def leverage(X: ArrayLike, fit: LogisticFit, weights: ArrayLike | None = None) -> Floats:
    """Return the diagonal of the hat matrix, (..., n)."""
    X = np.asarray(X, float)
    mu = expit(_predictor(X, fit))
    curvature = mu * (1 - mu)
    if weights is not None:
        curvature = curvature * np.asarray(weights, float)
    h: Floats = curvature * np.einsum("...np,...np->...n", X @ fit.cov, X)
    return h


def stacked_covariance(
    terms: Floats, inverse: Floats, nuisance: list[tuple[Floats, Floats]]
) -> Floats:
    """Return the M-estimation covariance of parameters whose equations hold estimated nuisance.

    With psi the equations of interest and, for each nuisance, its influence function phi_i and
    the derivative D = d(sum psi)/d(nuisance), a patient's influence is
    inverse (psi_i + D phi_i) (Stefanski and Boos 2002, equation 10, solved block by block).

    Parameters
    ----------
    terms
        (..., n, p) psi of each patient, 0 for patients not analysed.
    inverse
        (..., p, p) minus the inverse of d(sum psi)/d(parameters).
    nuisance
        Pairs of influence (..., n, q) and derivative (..., p, q).
    """
    for influence, derivative in nuisance:
        terms = terms + influence @ derivative.swapaxes(-1, -2)
    each = terms @ inverse.swapaxes(-1, -2)
    covariance: Floats = each.swapaxes(-1, -2) @ each
    return covariance


def _predictor(X: Floats, fit: LogisticFit) -> Floats:
    eta: Floats = np.matmul(X, fit.coef[..., None])[..., 0]
    return eta
