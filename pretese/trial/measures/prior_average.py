"""A group-sequential trial of two proportions, averaged over a prior of the log odds ratio.

Exact by the counts of both arms, or by the normal approximation where they are too many. The prior
is that of `pretese power --prior`: harm and "no effect" are part of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit, logit, ndtr

from estimate.bayesian.sequential_assurance import score_trial, sequential_assurance
from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sequential.design import SequentialDesign

#: Classes of the log odds ratio, a point of the prior lies in the middle of one.
_REACH, _STEP = 6.0, 0.04

#: Pairs of counts at the final analysis up to which they are enumerated.
MOST_COUNTS = 500_000


def effect_classes(prior: NormalMixture) -> tuple[Floats, Floats]:
    """Return log odds ratios and the prior probability of the class about each.

    >>> effects, weights = effect_classes(NormalMixture.of([0.5, 0.5], [0.0, 0.4], [0.0, 0.2]))
    >>> print(f"{weights.sum():.6f} {weights @ effects:.4f}")
    1.000000 0.2000
    """
    number = round(_REACH / _STEP)
    effects = _STEP * np.arange(-number, number + 1)
    edges = _STEP * (np.arange(-number, number + 2) - 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (edges[:, None] - prior.mean_of) / prior.sd_of
        inside = np.where(prior.sd_of > 0, ndtr(z), edges[:, None] >= prior.mean_of)
    weights = np.diff(inside @ prior.weight)
    kept = weights > 1e-9
    return effects[kept], weights[kept] / weights[kept].sum()


def averaged_over_prior(
    plan: SequentialDesign,
    sizes: Sequence[tuple[int, int]],
    control: float,
    prior: NormalMixture,
    *,
    nulls: Sequence[float] = (0.0,),
) -> dict[str, Any]:
    """Return success and expected sample size of a trial under a prior.

    Parameters
    ----------
    sizes
        Participants of the treated and of the control arm at each analysis.
    control
        Event risk of the control.
    nulls
        Limits of the null hypothesis about the risk difference.

    Returns
    -------
    dict
        ``success`` (in favour of treatment), ``expected_participants`` (both arms), ``benefit``
        (prior probability of a positive effect), ``exact``.
    """
    effects, weights = effect_classes(prior)
    treated = expit(logit(control) + effects)
    most = (sizes[-1][0] + 1) * (sizes[-1][1] + 1)
    totals = np.array([sum(size) for size in sizes])
    found: dict[str, Any] = {"benefit": float(weights[effects > 0].sum()), "exact": False}
    if most <= MOST_COUNTS:
        lower = plan.lower if plan.sides == 1 else None
        trial = score_trial(sizes, plan.upper, lower, sides=plan.sides, nulls=nulls)
        here = trial.at_risks(treated, control)
        return found | {
            "success": float(weights @ here.success),
            "expected_participants": float(weights @ here.expected_participants),
            "exact": True,
        }
    n1, n2 = sizes[-1]
    spread = np.sqrt(treated * (1 - treated) / n1 + control * (1 - control) / n2)
    average = sequential_assurance(plan, (treated - control - nulls[0]) / spread, weights)
    return found | {
        "success": average.success,
        "expected_participants": average.expected_rate * float(totals[-1]),
    }
