"""Influence of single studies on a pooled effect, and small-study effects.

Egger M et al. *BMJ* 1997;315:629-34; the mixed-effects version: Sterne JAC, Egger M, chapter 6 of
*Publication Bias in Meta-Analysis*, Wiley 2005.
"""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats
from estimate.meta_analysis.between_study_variance import TauMethod
from estimate.meta_analysis.pooling import MetaAnalysis, PoolingTest, pool_effects
from estimate.meta_analysis.study_effects import StudyEffects
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class FunnelAsymmetry:
    """Egger's regression of effects on their standard errors.

    Attributes
    ----------
    slope, statistic, p_value
        Change of the effect per unit of standard error, and its test.
    limit_effect, limit_low, limit_high
        Effect that the regression gives a study of unlimited size, with its 95 % interval.
    """

    slope: float
    statistic: float
    p_value: float
    limit_effect: float
    limit_low: float
    limit_high: float


def egger_test(
    studies: StudyEffects, method: TauMethod = "REML", test: PoolingTest = "normal"
) -> FunnelAsymmetry:
    """Test a funnel plot for asymmetry by Egger's regression with random effects.

    Fewer than ten studies have little power to show asymmetry (Sterne JAC et al. *BMJ*
    2011;343:d4002): state this with a large p-value.
    """
    if len(studies) < 3:
        problem = f"a regression on standard errors needs three studies; there are {len(studies)}"
        raise InputError.of("funnel plot", "studies", problem, "add studies, or omit the test")
    errors = np.sqrt(studies.variance)[:, None]
    fit = pool_effects(studies, method, test, errors, ("standard error",))
    return FunnelAsymmetry(
        slope=float(fit.coefficient[1]),
        statistic=float(fit.statistic[1]),
        p_value=float(fit.p_value[1]),
        limit_effect=float(fit.coefficient[0]),
        limit_low=float(fit.conf_low[0]),
        limit_high=float(fit.conf_high[0]),
    )


def leave_one_out(
    studies: StudyEffects, method: TauMethod = "REML", test: PoolingTest = "normal"
) -> list[MetaAnalysis]:
    """Pool again without each study in turn, in the order of the studies."""
    if len(studies) < 2:
        problem = "there is one study: nothing is left without it"
        raise InputError.of("leave-one-out", "studies", problem, "add studies")
    return [pool_effects(studies.without(i), method, test) for i in range(len(studies))]


def bias_adjusted(studies: StudyEffects, shift: Floats, variance: Floats) -> StudyEffects:
    """Subtract an assumed bias from the effects, and add its variance to their variances.

    Parameters
    ----------
    shift
        (study,) assumed bias on the scale of the effects: positive favours the experimental arm.
    variance
        (study,) variance of that bias, at least 0.

    Notes
    -----
    The normal model of Turner RM et al. *J R Stat Soc A* 2009;172:21-47 for additive biases. Shifts
    and variances are assumptions: state their source and vary them.
    """
    extra = np.broadcast_to(np.asarray(variance, float), studies.variance.shape)
    if (extra < 0).any():
        problem = "a variance of bias is below 0"
        raise InputError.of("bias", "variance", problem, "give 0 or more for each study")
    return StudyEffects(studies.scale, studies.effect - shift, studies.variance + extra)
