"""Effects on a count: rate ratios by Poisson regression with robust errors (statsmodels' GLM).

Coefficients and HC0 errors equal R's glm and sandwich::vcovHC. The robust error is valid whatever
the dispersion, so that no negative binomial model is needed for inference about the ratio.
"""

from collections.abc import Sequence

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate, wald

#: A log rate ratio beyond this belongs to an arm without events.
SEPARATED = 15.0


def rate_ratio(
    data: AnalysisSet, covariates: Sequence[str] | None = None, *, method: str = "adjusted"
) -> Estimate:
    """Return the ratio of rates given covariates; ``data.exposure`` is the denominator, if any.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    """
    import statsmodels.api as sm  # half a second to load

    design = design_matrix(data, covariates)
    column, lead = design.column(data.treatment_name), data.include.shape[:-1]
    value, error = np.full(lead, np.nan), np.full(lead, np.nan)
    for at in np.ndindex(lead):
        here = data.include[at]
        X, y = design.X[at][here], data.outcome[at][here]
        if np.linalg.matrix_rank(X) < X.shape[1]:
            continue
        offset = None if data.exposure is None else np.log(data.exposure[at][here])
        kind: dict[str, object] = {"cov_type": "HC0"}
        if data.cluster is not None:
            kind = {"cov_type": "cluster", "cov_kwds": {"groups": data.cluster[at][here]}}
        model = sm.GLM(y, X, family=sm.families.Poisson(), offset=offset)
        with np.errstate(all="ignore"):
            fit = model.fit(maxiter=100, tol=1e-12, **kind)
        if fit.converged and abs(fit.params[column]) < SEPARATED:
            value[at], error[at] = fit.params[column], fit.bse[column]
    names = ", ".join(data.kinds if covariates is None else covariates)
    summary = f"rate ratio given {names}" if names else "rate ratio"
    return wald(
        data.question("all patients", summary), method, "rate ratio", value, error, data.n,
        interval=data.labelled("Wald, robust (HC0)"), converged=np.isfinite(value), df=data.df,
    )  # fmt: skip
