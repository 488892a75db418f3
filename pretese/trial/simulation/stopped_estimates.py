"""Median-unbiased estimates and final intervals of trials that have stopped.

The stagewise ordering gives the drift (`estimate.sequential.stagewise`), on the scale where Z_k has
mean drift * sqrt(t_k) and variance 1, t_k the information rate. The unadjusted estimate of the
drift is z / sqrt(t_k), so that a drift that differs from it by d / sqrt(t_k) is an effect d
standard errors from the unadjusted effect (JT chapter 8; Fairbanks K, Madsen R. *Biometrika*
1982;69:69-74; Tsiatis AA, Rosner GL, Mehta CR. *Biometrics* 1984;40:797-803). Ratios are on the log
scale. Two quantities are those of the method at that analysis, not of the drift:

* the estimate from which the distance is measured. drift * sqrt(t_k) * std_error would measure from
  0; but z may be a score statistic, in units of the standard error under the null hypothesis, and
  the ratio of the two would shrink every estimate: by 9 % for 60 against 20 %;
* the standard error on either side: the distance from the estimate to the method's own 95 % limit,
  divided by 1.96. A score interval has two, and agrees with the score test.

For an ongoing trial of counts (`final_inference`) the score test is inverted at that distance,
which would be too slow for thousands of trials. In trials stopped by an O'Brien-Fleming plan of 360
participants the two differ by 0.00002 in the median and by 0.002 in 1 of 100 (0.009 for 20 against
60 %).

A trial with one analysis therefore has the estimate and interval of its method. In trials of 180
participants per arm with two or three analyses, coverage is nominal and the estimate is
median-unbiased up to the discreteness of the counts.
"""

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import Z95
from estimate.sequential.stagewise import order_stagewise
from pretese.trial.design.design_file import DesignFile

#: Nominal coverage of the intervals of every method, and of the final interval.
LEVEL = 0.95


def final_estimates(
    design: DesignFile,
    analysis: Ints,
    z: Floats,
    *,
    estimate: Floats,
    conf_low: Floats,
    conf_high: Floats,
) -> dict[str, Floats]:
    """Return the arrays ``median_unbiased``, ``final_low`` and ``final_high`` of `Outcomes`.

    The result is empty for designs without a single stagewise ordering: one analysis (no adjustment
    needed), a primary endpoint whose alpha depends on other claims, equivalence (two tests with two
    orderings), and re-estimation. After re-estimation the combined statistic has the planned
    information rates, so that the ordering gives a valid p-value, but its drift is a mean of both
    stages with planned weights and does not correspond to an effect. Nor with decision analyses,
    where a trial ends with more participants than the analysis that stopped it had.

    Parameters
    ----------
    analysis, z
        (replicate,) analysis at the end, from 1, and statistic there; NaN without convergence.
    estimate, conf_low, conf_high
        (replicate,) usual estimate and 95 % interval at that analysis; logarithms for ratios.
    """
    if not can_be_ordered(design):
        return {}
    plan = design.monitoring.plan()
    drifts = order_stagewise(plan, analysis, z, level=LEVEL)
    root = np.sqrt(np.asarray(plan.information_rates)[analysis - 1])
    with np.errstate(invalid="ignore"):  # infinite limits of a trial without convergence
        below, above = (estimate - conf_low) / Z95, (conf_high - estimate) / Z95
        found = {}
        for name in ("median_unbiased", "low", "high"):
            away = getattr(drifts, name) * root - z
            effect = estimate + away * np.where(away < 0, below, above)
            found[name if name == "median_unbiased" else f"final_{name}"] = effect
    return found


def can_be_ordered(design: DesignFile) -> bool:
    """Return whether trials have interim analyses with the boundaries of a single plan."""
    plan, graph = design.monitoring, design.graph()
    whole = graph is None or graph.weights[0] >= 1
    ordered = plan.reestimation is None and plan.decision_analysis is None
    ordered = ordered and len(design.analysis.nulls) == 1
    return len(plan.analyses_percent) > 1 and ordered and whole
