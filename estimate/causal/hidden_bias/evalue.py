"""E-values: the strength of unmeasured confounding that would explain a result away.

VanderWeele TJ, Ding P. *Ann Intern Med* 2017;167:268-274. An E-value is the risk ratio that an
unmeasured confounder would need with treatment and with outcome both, given the measured ones. It
does not show whether such a confounder exists (Ioannidis JPA, Tan YJ, Blum MR. *Ann Intern Med*
2019;170:108-111).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.result import Estimate

#: Scales for which an E-value is defined.
E_VALUE_SCALES = ("odds ratio", "risk ratio", "hazard ratio")


@dataclass(frozen=True, slots=True)
class EValue:
    """E-values (...) of an estimate and of its limit nearer to 1; 1 where that crosses 1."""

    point: Floats
    limit: Floats


def e_value(estimate: Estimate, *, rare: bool = False) -> EValue:
    """Return the E-values of a ratio.

    Parameters
    ----------
    estimate
        On a ratio scale.
    rare
        Whether the outcome is rare (below 15 % throughout), so that an odds or hazard ratio is a
        risk ratio. Otherwise an odds ratio is taken as the square of a risk ratio, and a hazard
        ratio as (1 - 0.5 ** sqrt(HR)) / (1 - 0.5 ** sqrt(1 / HR)).

    Raises
    ------
    ValueError
        If the scale is not a ratio.

    Examples
    --------
    >>> from estimate.core.estimand import Estimand
    >>> from estimate.core.result import wald
    >>> question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")
    >>> answer = e_value(wald(question, "iptw", "odds ratio", np.log(1.59), 0.2265, 542))
    >>> print(f"{answer.point:.2f}, limit {answer.limit:.2f}")
    1.83, limit 1.11
    """
    scale = estimate.scale
    if scale not in E_VALUE_SCALES:
        raise ValueError(f"an E-value belongs to a ratio, not to a {scale}")
    point, low, high = (
        _as_risk_ratio(value, scale, rare)
        for value in (estimate.estimate, estimate.conf_low, estimate.conf_high)
    )
    nearer = np.where(point >= 1, low, high)
    crosses = (low <= 1) & (high >= 1)
    return EValue(_strength(point), np.where(crosses, 1.0, _strength(nearer)))


def bias_factor(with_treatment: ArrayLike, with_outcome: ArrayLike) -> Floats:
    """Return the largest bias factor of a confounder with these two risk ratios.

    Ding P, VanderWeele TJ. *Epidemiology* 2016;27:368-377.

    Examples
    --------
    >>> float(bias_factor(2, 2))
    1.3333333333333333
    """
    a, b = np.asarray(with_treatment, float), np.asarray(with_outcome, float)
    factor: Floats = a * b / (a + b - 1)
    return factor


def _as_risk_ratio(value: Floats, scale: str, rare: bool) -> Floats:
    if rare or scale == "risk ratio":
        return value
    if scale == "odds ratio":
        root: Floats = np.sqrt(value)
        return root
    survival: Floats = (1 - 0.5 ** np.sqrt(value)) / (1 - 0.5 ** np.sqrt(1 / value))
    return survival


def _strength(ratio: Floats) -> Floats:
    above = np.maximum(ratio, 1 / ratio)
    strength: Floats = above + np.sqrt(above * (above - 1))
    return strength
