"""Meta-analytic-predictive priors: the effect in a new study, given published studies.

Neuenschwander B et al. *Clin Trials* 2010;7:5-18; made robust by a vague component as in Schmidli H
et al. *Biometrics* 2014;70:1023-32. The variance between studies is integrated over, with a
half-normal prior of its standard deviation (Roever C et al. *Res Synth Methods* 2021;12:448-74).
"""

import numpy as np
from numpy.polynomial.legendre import leggauss

from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.meta_analysis.study_effects import StudyEffects
from protocol.errors import InputError

#: Points over the standard deviation between studies, each a component of the mixture.
_POINTS, _POINT_WEIGHTS = leggauss(60)


def predictive_prior(studies: StudyEffects, tau_scale: float = 0.5) -> NormalMixture:
    """Return the distribution of the true effect of a new study, given published ones.

    Parameters
    ----------
    studies
        Effects and variances; ratios on the log scale.
    tau_scale
        Scale of the half-normal prior of tau, on the scale of the effects; 0.5 is customary for log
        odds ratios. 0 assumes equal effects.

    Returns
    -------
    NormalMixture
        One component per value of tau; the mean effect has a flat prior.

    Examples
    --------
    >>> from estimate.meta_analysis.study_effects import effects_from_intervals
    >>> belief = predictive_prior(effects_from_intervals([1.59, 0.8], [1.02, 0.4], [2.52, 1.6]))
    >>> round(belief.mean, 2), round(belief.sd, 2)
    (0.19, 0.62)
    """
    if not 0 <= tau_scale < np.inf:
        problem = f"{tau_scale} is not allowed"
        raise InputError.of("prior", "tau_scale", problem, "give 0 or more, such as 0.5")
    taus, weight = _tau_points(tau_scale)
    precision = 1 / (studies.variance + taus[:, None] ** 2)
    total = precision.sum(axis=1)
    mean = (precision * studies.effect).sum(axis=1) / total
    residual = (precision * (studies.effect - mean[:, None]) ** 2).sum(axis=1)
    log_likelihood = 0.5 * (np.log(precision).sum(axis=1) - np.log(total) - residual)
    posterior = weight * np.exp(log_likelihood - log_likelihood.max())
    return NormalMixture.of(posterior / posterior.sum(), mean, np.sqrt(1 / total + taus**2))


def robust_prior(
    informative: NormalMixture,
    *,
    null_weight: float = 0.0,
    vague_weight: float = 0.2,
    vague_sd: float = 1.0,
) -> NormalMixture:
    """Mix an informative prior with "no effect" and with a vague component about no effect.

    Parameters
    ----------
    null_weight, vague_weight
        Weights of the two further components; their sum is at most 1.
    vague_sd
        Standard deviation of the vague component, on the scale of the effect.
    """
    if min(null_weight, vague_weight) < 0 or null_weight + vague_weight > 1:
        problem = "weights of the null and the vague component are below 0 or sum to more than 1"
        raise InputError.of("prior", "weights", problem, "give two shares from 0 to 1")
    rest = 1 - null_weight - vague_weight
    return NormalMixture.of(
        np.concatenate([rest * informative.weight, [null_weight, vague_weight]]),
        np.concatenate([informative.mean_of, [0.0, 0.0]]),
        np.concatenate([informative.sd_of, [0.0, vague_sd]]),
    )


def _tau_points(scale: float) -> tuple[Floats, Floats]:
    """Return values of tau, and the weights of a half-normal prior over them."""
    if scale == 0:
        return np.zeros(1), np.ones(1)
    top = 5.5 * scale
    taus = top / 2 * (1 + _POINTS)
    return taus, _POINT_WEIGHTS * np.exp(-0.5 * (taus / scale) ** 2)
