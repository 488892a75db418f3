"""Generalised estimating equations: odds ratios of clustered rows, exchangeable within clusters.

One fit of statsmodels per data set, with the moment estimate of the correlation as in R's geepack
(no correction for the number of coefficients): coefficients and robust standard errors agree to
six digits. Liang KY, Zeger SL. *Biometrika* 1986;73:13-22.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate, wald
from protocol.errors import InputError

#: Maximum number of updates of coefficients and correlation.
UPDATE_LIMIT = 200

#: A log odds ratio beyond this belongs to an arm without events, or with only events.
SEPARATED = 15.0


def clustered_odds_ratio(data: AnalysisSet, covariates: Sequence[str] | None = None) -> Estimate:
    """Return the odds ratio of treatment by logistic GEE with exchangeable correlation.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.

    Raises
    ------
    InputError
        If the analysis set has no clusters.
    """
    if data.cluster is None:
        raise InputError.of("gee", "cluster", "rows have no cluster", "name a cluster column")
    design = design_matrix(data, covariates)
    column = design.column(data.treatment_name)
    lead = data.include.shape[:-1]
    value, error = np.full(lead, np.nan), np.full(lead, np.nan)
    for at in np.ndindex(lead):
        here = data.include[at]
        X, y = design.X[at][here], data.outcome[at][here]
        value[at], error[at] = _fit(X, y, data.cluster[at][here], column)
    estimand = data.conditional_question(covariates, "all patients")
    return wald(
        estimand, "gee", "odds ratio", value, error, data.n,
        interval=data.labelled("Wald, GEE, exchangeable"), converged=np.isfinite(value),
    )  # fmt: skip


def _fit(X: Floats, y: Floats, groups: Ints, column: int) -> tuple[float, float]:
    """Return coefficient and robust standard error of one column; NaN without convergence."""
    import statsmodels.api as sm  # half a second to load, only for this method
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, IterationLimitWarning

    order = np.argsort(groups, kind="stable")
    model = sm.GEE(
        y[order], X[order], groups=groups[order], family=sm.families.Binomial(),
        cov_struct=sm.cov_struct.Exchangeable(),
    )  # fmt: skip
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for kind in (ConvergenceWarning, IterationLimitWarning, RuntimeWarning, UserWarning):
                warnings.simplefilter("ignore", kind)
            found = model.fit(maxiter=UPDATE_LIMIT, ctol=1e-12, ddof_scale=0)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        return np.nan, np.nan
    coef, error = float(found.params[column]), float(found.bse[column])
    far = not found.converged or not np.isfinite(error) or abs(coef) > SEPARATED
    return (np.nan, np.nan) if far else (coef, error)
