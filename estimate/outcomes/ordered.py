"""Effects on ordered classes: the common odds ratio of a proportional odds model (statsmodels).

Coefficients and errors equal R's MASS::polr to four digits. McCullagh P. *J R Stat Soc B*
1980;42:109-42.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Estimate, wald


def common_odds_ratio(
    data: AnalysisSet, covariates: Sequence[str] | None = None, *, method: str = "adjusted"
) -> Estimate:
    """Return the odds ratio of a higher class, common to all cut-points, given covariates.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    """
    from statsmodels.miscmodels.ordinal_model import OrderedModel
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning

    design = design_matrix(data, covariates)
    column, lead = design.column(data.treatment_name) - 1, data.include.shape[:-1]
    value, error = np.full(lead, np.nan), np.full(lead, np.nan)
    for at in np.ndindex(lead):
        here = data.include[at]
        X, y = design.X[at][here][:, 1:], data.outcome[at][here]
        scale = np.where(X.std(0) > 0, X.std(0), 1.0)
        if np.linalg.matrix_rank(design.X[at][here]) < design.X.shape[-1]:
            continue
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for kind in (ConvergenceWarning, HessianInversionWarning, RuntimeWarning):
                warnings.simplefilter("ignore", kind)
            model = OrderedModel(y.astype(int), X / scale, distr="logit")
            fit = model.fit(method="bfgs", maxiter=500, gtol=1e-8, disp=False)
        if np.isfinite(fit.bse[column]) and abs(fit.params[column]) < 15 * scale[column]:
            value[at] = fit.params[column] / scale[column]
            error[at] = fit.bse[column] / scale[column]
    names = ", ".join(data.kinds if covariates is None else covariates)
    summary = f"common odds ratio given {names}" if names else "common odds ratio"
    return wald(
        data.question("all patients", summary), method, "odds ratio", value, error, data.n,
        interval="Wald, proportional odds", converged=np.isfinite(value),
    )  # fmt: skip
