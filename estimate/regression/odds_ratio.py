"""One coefficient of a logistic regression as an odds ratio, with its interval and test."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, assemble, wald
from estimate.regression.coefficient_limits import likelihood_ratio, profile_interval
from estimate.regression.logistic_fit import LogisticFit


def from_logistic(
    fit: LogisticFit,
    X: ArrayLike,
    y: ArrayLike,
    column: int,
    estimand: Estimand,
    method: str,
    *,
    n: ArrayLike,
    weights: ArrayLike | None = None,
    profile: bool = True,
) -> Estimate:
    """Return one coefficient as an odds ratio: profile interval, likelihood-ratio p-value.

    ``statistic`` is the signed root of the likelihood ratio.

    Parameters
    ----------
    profile
        False gives Wald's interval and p-value, for a tenth of the work: enough where the
        only the standard error is used, as in pooling over imputations.
    """
    if not profile:
        return wald(
            estimand, method, "odds ratio", fit.coef[..., column],
            np.sqrt(fit.cov[..., column, column]), n, interval="Wald, model-based errors",
            converged=fit.converged,
        )  # fmt: skip
    return from_likelihood(
        estimand, method, fit.coef[..., column], fit.cov[..., column, column], n,
        limits=profile_interval(X, y, fit, column, weights),
        ratio=likelihood_ratio(X, y, fit, column, weights), converged=fit.converged,
    )  # fmt: skip


def from_likelihood(
    estimand: Estimand, method: str, value: Floats, variance: Floats, n: ArrayLike, *,
    limits: tuple[Floats, Floats], ratio: tuple[Floats, Floats], converged: ArrayLike,
    likelihood: str = "likelihood",
) -> Estimate:  # fmt: skip
    """Return an odds ratio from its profile limits, and from a likelihood ratio with its p-value.

    ``likelihood`` says which one, as in "penalised likelihood".
    """
    kind, _, _ = likelihood.rpartition("likelihood")
    return assemble(
        estimand, method, "odds ratio", value=value, std_error=np.sqrt(variance),
        statistic=np.copysign(np.sqrt(ratio[0]), value), p_value=ratio[1],
        low=limits[0], high=limits[1], n=n, interval=f"{kind}profile likelihood",
        converged=converged, test=f"{likelihood} ratio",
    )  # fmt: skip


def from_covariance(
    estimand: Estimand, method: str, fit: LogisticFit, column: int, cov: Floats, n: ArrayLike, *,
    interval: str, df: ArrayLike | None = None,
) -> Estimate:  # fmt: skip
    """Return one coefficient as an odds ratio, with the errors of another covariance."""
    error = np.sqrt(np.maximum(cov[..., column, column], 0.0))
    return wald(
        estimand, method, "odds ratio", fit.coef[..., column], error, n,
        interval=interval, converged=fit.converged, df=df,
    )  # fmt: skip
