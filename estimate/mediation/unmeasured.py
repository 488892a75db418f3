"""Sensitivity of an indirect effect to an unmeasured confounder."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.causal.hidden_bias.evalue import EValue, e_value
from estimate.core.arrays import Floats
from estimate.mediation.effects import Mediation


def without_confounder(
    mediation: Mediation, on_outcome: ArrayLike, imbalance: ArrayLike
) -> tuple[Floats, Floats]:
    """Return indirect and direct effects corrected for a mediator-outcome confounder.

    VanderWeele TJ. *Epidemiology* 2010;21:540-51: a binary confounder shifts the direct effect up
    and the indirect effect down by the product of the two arguments. Arrays make a grid.

    Parameters
    ----------
    on_outcome
        Risk difference of the outcome between patients with and without the confounder, at the same
        exposure, mediator and covariates.
    imbalance
        Share with the confounder among the exposed minus the unexposed, at the same mediator and
        covariates.
    """
    bias = np.asarray(on_outcome, float) * np.asarray(imbalance, float)
    indirect, direct = (mediation.effects[name].mean for name in ("acme", "ade"))
    return indirect + bias, direct - bias


def mediational_e_value(mediation: Mediation) -> EValue:
    """Return the E-values of the indirect effect in the exposed, and of its limit nearer to 1.

    The risk ratio that an unmeasured confounder would need with both mediator and outcome, beyond
    the covariates, to explain the indirect effect away.
    Smith LH, VanderWeele TJ. *Epidemiology* 2019;30:835-7.
    """
    return e_value(mediation.indirect_ratio())
