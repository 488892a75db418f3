"""The arms of every trial compared by proportions with a variance clustered by site."""

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from estimate.comparison.clusters.cluster_robust import clustered_difference
from estimate.core.result import Estimate, assemble
from pretese.trial.conduct.recorded_data import Data

#: P-values below this are not told apart.
MIN_P = 1e-300


def site_robust_difference(data: Data) -> Estimate:
    """Return the risk difference with its CR2 variance over sites.

    The statistic is the normal quantile of the p-value of the t distribution, so that boundaries of
    interim analyses apply to it.
    """
    design = data.design
    found = clustered_difference(data.outcome, data.arm, data.include, data.site, len(design.sites))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = found.difference / found.std_error
        p = 2 * stdtr(found.df, -np.abs(t))
        z = np.sign(t) * -ndtri(np.maximum(p, MIN_P) / 2)
        reach = stdtrit(found.df, 0.975) * found.std_error
    return assemble(
        design.estimand, design.analysis.method, "risk difference", value=found.difference,
        std_error=found.std_error, statistic=z, p_value=p, low=found.difference - reach,
        high=found.difference + reach, n=data.include.sum(1),
        interval="t, clustered by site (CR2)",
        converged=(found.std_error > 0) & np.isfinite(z),
    )  # fmt: skip
