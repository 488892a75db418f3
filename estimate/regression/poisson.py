"""Covariate-adjusted risk ratios: Poisson regression of a 0/1 outcome with robust errors.

Zou G. *Am J Epidemiol* 2004;159:702-6 ("modified Poisson"). A log-linear model of the risk is
fitted as if outcomes were counts, which is consistent; the sandwich corrects the standard errors,
which would be too large otherwise. A fitted risk may exceed 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.matrices import invert_each, solve_each
from estimate.core.result import Estimate, wald

#: Maximum number of Newton steps, including halvings. Regular fits need five to eight; if an arm
#: has no event, every step lowers its coefficient by about one, and the limit is reached.
STEP_LIMIT = 25

#: Squared length of a Newton step, in standard errors, below which it is the last one.
TOLERANCE = 1e-14

#: Linear predictors are clipped here: exp(30) and exp(-30) are not risks.
PREDICTOR_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class PoissonFit:
    """Log-linear fits; ``...`` is the leading shape of the data, ``()`` for one data set.

    Attributes
    ----------
    coef
        (..., p) log rate ratios, for a 0/1 outcome log risk ratios.
    cov
        (..., p, p) inverse information: valid for counts, too large for 0/1.
    robust
        (..., p, p) sandwich (HC0): valid for both.
    converged
        (...) whether a finite maximum was found; if not, all numbers are NaN.
    """

    coef: Floats
    cov: Floats
    robust: Floats
    converged: Bools


def fit_poisson(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> PoissonFit:
    """Fit log E(y) = X b in every data set of a batch, by Newton's method with halved steps.

    Parameters
    ----------
    X
        (..., n, p) design matrix, intercept included; finite also in rows of weight 0.
    y
        (..., n) outcomes of 0 or more.
    weights
        (..., n) non-negative; 0 excludes a row. None is one for everybody.

    Examples
    --------
    >>> fit = fit_poisson([[1, 0], [1, 1]] * 2, [0, 0, 1, 1], weights=[140, 253, 34, 115])
    >>> print(f"{np.exp(fit.coef[1]):.4f}")
    1.5993
    """
    X, y = np.asarray(X, float), np.asarray(y, float)
    w = np.ones(y.shape[-1]) if weights is None else np.asarray(weights, float)
    lead = np.broadcast_shapes(X.shape[:-2], y.shape[:-1], w.shape[:-1])
    n, p = X.shape[-2:]
    X = np.broadcast_to(X, (*lead, n, p)).reshape(-1, n, p)
    y, w = (np.broadcast_to(a, (*lead, n)).reshape(-1, n) for a in (y, w))
    coef, done = _climb(X, y, w)
    mu = _mean(X, coef)
    cov, identified = invert_each(_information(X, w * mu))
    terms = X * (w * (y - mu))[..., None]
    robust = cov @ (terms.swapaxes(-1, -2) @ terms) @ cov
    sound = done & identified
    coef, cov, robust = (np.where(sound.reshape(-1, *[1] * (a.ndim - 1)), a, np.nan)
                         for a in (coef, cov, robust))  # fmt: skip
    return PoissonFit(
        coef.reshape(*lead, p),
        cov.reshape(*lead, p, p),
        robust.reshape(*lead, p, p),
        sound.reshape(lead),
    )


def _climb(X: Floats, y: Floats, w: Floats) -> tuple[Floats, Bools]:
    """Return the maxima (member, p) and whether they exist; finished members do not change.

    A step that decreased the likelihood is halved.
    """
    members = len(X)
    coef, step = np.zeros((2, members, X.shape[-1]))
    best, done = np.full(members, -np.inf), np.zeros(members, bool)
    scale = w.sum(-1) / np.maximum(1, np.count_nonzero(w, axis=-1))
    for _ in range(STEP_LIMIT):
        mu = _mean(X, coef)
        loglik = (w * (y * np.log(mu) - mu)).sum(-1)
        overshot = loglik < best - 1e-10 * np.abs(best)
        score = np.einsum("mnp,mn->mp", X, w * (y - mu))
        newton = solve_each(_information(X, w * mu), score)
        step = np.where(done[:, None], 0.0, np.where(overshot[:, None], -step / 2, newton))
        coef = coef + step
        step = np.where(overshot[:, None], -step, step)
        best = np.where(overshot, best, loglik)
        done = done | (~overshot & (np.einsum("mp,mp->m", newton, score) < TOLERANCE * scale))
        if done.all():
            break
    return coef, done


def _mean(X: Floats, coef: Floats) -> Floats:
    eta = np.matmul(X, coef[..., None])[..., 0]
    return np.asarray(np.exp(eta.clip(-PREDICTOR_LIMIT, PREDICTOR_LIMIT)))


def _scores(X: Floats, y: Floats, coef: Floats, weights: Floats | None) -> Floats:
    """Return each row's term of the score, (..., n, p)."""
    residual = y - _mean(X, np.where(np.isfinite(coef), coef, 0.0))
    weighted = residual if weights is None else residual * weights
    return np.asarray(X * weighted[..., None])


def _information(X: Floats, curvature: Floats) -> Floats:
    return np.asarray((X * curvature[..., None]).swapaxes(-1, -2) @ X)


def modified_poisson(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    population: str = "all patients",
    errors: Literal["HC0", "HC1"] = "HC0",
) -> Estimate:
    """Return the risk ratio of treatment given covariates.

    Unlike an odds ratio it does not change when a covariate that is balanced between the arms is
    added. The standard error is robust.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    errors
        HC1 multiplies the variance by n / (n - p), p the columns of the model.
    """
    design = design_matrix(data, covariates)
    fit = fit_poisson(design.X, data.outcome, data.weights)
    column = design.column(data.treatment_name)
    robust = fit.robust
    if data.robust:
        terms = data.by_unit(_scores(design.X, data.outcome, fit.coef, data.weights))
        robust = fit.cov @ (terms.swapaxes(-1, -2) @ terms) @ fit.cov
    elif errors == "HC1":
        robust = robust * (data.n / (data.n - len(design.names)))[..., None, None]
    return wald(
        data.conditional_question(covariates, population, "risk ratio"),
        "modified-poisson",
        "risk ratio",
        fit.coef[..., column],
        np.sqrt(robust[..., column, column]),
        data.n,
        interval=data.labelled(f"Wald, robust ({errors})"),
        converged=fit.converged,
        df=data.df_of_regression(len(design.names)),
    )
