"""Quantities implied by a printed ratio and its interval, without patient data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from estimate.core.arrays import Floats
from estimate.core.result import Z95


@dataclass(frozen=True, slots=True)
class Implied:
    """Quantities implied by a 95 % interval, with the shape of the input.

    Attributes
    ----------
    std_error
        Of the logarithm, were the interval a Wald one.
    middle
        Geometric mean of the limits; a Wald interval has its estimate there.
    lower_arm, upper_arm
        Logarithmic distances from the estimate to its limits: equal for Wald, robust and sandwich
        intervals; a longer upper arm above 1 speaks for profile likelihood.
    p_value
        Two-sided, from the estimate and ``std_error``.
    """

    std_error: Floats
    middle: Floats
    lower_arm: Floats
    upper_arm: Floats
    p_value: Floats


def implied(ratio: ArrayLike, conf_low: ArrayLike, conf_high: ArrayLike) -> Implied:
    """Return the quantities implied by a printed ratio and its 95 % limits.

    Raises
    ------
    ValueError
        Unless 0 < low < ratio < high.

    Examples
    --------
    >>> weighted = implied(1.59, 1.02, 2.52)
    >>> print(f"SE {weighted.std_error:.3f}, P {weighted.p_value:.3f}")
    SE 0.231, P 0.044
    """
    point, low, high = (np.asarray(each, float) for each in (ratio, conf_low, conf_high))
    if not ((low > 0) & (low < point) & (point < high)).all():
        raise ValueError("a printed interval must hold its ratio, with limits above 0")
    error = np.log(high / low) / (2 * Z95)
    return Implied(
        std_error=np.asarray(error),
        middle=np.asarray(np.sqrt(low * high)),
        lower_arm=np.asarray(np.log(point / low)),
        upper_arm=np.asarray(np.log(high / point)),
        p_value=np.asarray(2 * ndtr(-np.abs(np.log(point)) / error)),
    )


def risk_ratio_of(odds_ratio: ArrayLike, risk_untreated: ArrayLike) -> Floats:
    """Return the risk ratio that an odds ratio is at a risk in (0, 1) without treatment.

    Zhang J, Yu KF. *JAMA* 1998;280:1690-1691. Exact for one two-by-two table. With an adjusted odds
    ratio it is biased, for patients differ in their risk, and its limits are too narrow: use
    `estimate.causal.marginal.g_computation` if patient data are available.

    Examples
    --------
    >>> print(f"{risk_ratio_of(1.59, 34 / 174):.3f}")
    1.426
    """
    risk, ratio = np.asarray(risk_untreated, float), np.asarray(odds_ratio, float)
    if not ((risk > 0) & (risk < 1)).all():
        raise ValueError("the risk without treatment must lie between 0 and 1")
    return np.asarray(ratio / (1 - risk + risk * ratio))
