"""How strong would an unmeasured confounder have to be to explain an indirect effect away."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.arrays import Floats
from estimate.mediation import Mediation


def without_confounder(
    mediation: Mediation, on_outcome: ArrayLike, imbalance: ArrayLike
) -> tuple[Floats, Floats]:
    """Return indirect and direct effect freed from a mediator-outcome confounder.

    VanderWeele TJ. *Epidemiology* 2010;21:540-51: a binary confounder shifts the direct effect up
    and the indirect effect down by the product of the two arguments. Arrays make a grid.

    Parameters
    ----------
    on_outcome
        Risk difference of the outcome between men with and without the confounder, at the same
        exposure, mediator and covariates.
    imbalance
        Share with the confounder among the exposed minus the unexposed, at the same mediator and
        covariates.
    """
    bias = np.asarray(on_outcome, float) * np.asarray(imbalance, float)
    indirect, direct = (mediation.effects[name].mean for name in ("acme", "ade"))
    return indirect + bias, direct - bias


def mediational_e_value(mediation: Mediation) -> tuple[Floats, Floats]:
    """Return the E-value of the indirect effect, and that of its limit nearer to no effect.

    The risk ratio that an unmeasured confounder would need with both mediator and outcome, beyond
    the covariates, to explain the indirect effect away; 1 if the interval holds 1 already.
    Smith LH, VanderWeele TJ. *Epidemiology* 2019;30:835-7.
    """
    effect = mediation.effects["indirect_ratio"]
    ratio = effect.mean
    limit = np.where(ratio >= 1, effect.conf_low, effect.conf_high)
    crossed = (limit - 1) * (ratio - 1) <= 0
    return e_value_of_ratio(ratio), np.where(crossed, 1.0, e_value_of_ratio(limit))


def e_value_of_ratio(ratio: ArrayLike) -> Floats:
    """Return r + sqrt(r (r - 1)), r the risk ratio or its inverse, whichever is above 1.

    Examples
    --------
    >>> e_value_of_ratio(2.0).round(3), e_value_of_ratio(0.5).round(3)
    (np.float64(3.414), np.float64(3.414))
    """
    ratio = np.asarray(ratio, float)
    with np.errstate(divide="ignore"):
        far = np.where(ratio >= 1, ratio, 1 / ratio)
    return np.asarray(far + np.sqrt(far * (far - 1)))
