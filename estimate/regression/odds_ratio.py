"""One coefficient of a logistic regression as an odds ratio, with its interval and test."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, assemble, wald
from estimate.regression.logistic_fit import LogisticFit
from estimate.regression.profile import likelihood_ratio, profile_interval


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
    low, high = profile_interval(X, y, fit, column, weights)
    ratio, p_value = likelihood_ratio(X, y, fit, column, weights)
    value = fit.coef[..., column]
    return assemble(
        estimand,
        method,
        "odds ratio",
        value=value,
        std_error=np.sqrt(fit.cov[..., column, column]),
        statistic=np.copysign(np.sqrt(ratio), value),
        p_value=p_value,
        low=low,
        high=high,
        n=n,
        interval="profile likelihood",
        converged=fit.converged,
        test="likelihood ratio",
    )
