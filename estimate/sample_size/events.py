"""Trials with a time to event: required events, and the probability of an event.

``alpha`` is one-sided. Times are months; any unit will do if it is the same throughout.
"""

import numpy as np
from scipy.special import ndtri

from protocol.errors import InputError


def schoenfeld_events(
    hazard_ratio: float, *, alpha: float = 0.025, power: float = 0.8, allocation: float = 1.0
) -> float:
    """Return the events needed by a logrank test (Schoenfeld D. *Biometrika* 1981;68:316-9).

    >>> f"{schoenfeld_events(0.7):.7f}"
    '246.7871045'
    """
    _check_ratio(hazard_ratio)
    share = (1 + allocation) ** 2 / allocation
    return float(share * (ndtri(1 - alpha) + ndtri(power)) ** 2 / np.log(hazard_ratio) ** 2)


def freedman_events(hazard_ratio: float, *, alpha: float = 0.025, power: float = 0.8) -> float:
    """Return the events needed by a logrank test, 1:1 (Freedman LS. *Stat Med* 1982;1:121-9)."""
    _check_ratio(hazard_ratio)
    odds = (1 + hazard_ratio) / (1 - hazard_ratio)
    return float(odds**2 * (ndtri(1 - alpha) + ndtri(power)) ** 2)


def event_probability(
    hazard: float, *, accrual_months: float, until_months: float, dropout_hazard: float = 0.0
) -> float:
    """Return the probability of an event before the analysis and before dropout.

    Participants arrive evenly over the accrual; events and dropout have constant hazards.

    Parameters
    ----------
    hazard, dropout_hazard
        Per month.
    accrual_months
        Length of recruitment, at most ``until_months``.
    until_months
        Calendar time of the analysis.

    Examples
    --------
    >>> half = np.log(2) / 12
    >>> drop = -np.log(0.95) / 12
    >>> f"{event_probability(half, accrual_months=12, until_months=24, dropout_hazard=drop):.6f}"
    '0.619196'
    """
    if not 0 < accrual_months <= until_months:
        problem = f"{accrual_months} is not above 0 and at most {until_months}"
        raise InputError.of("events", "accrual_months", problem, "analyse after the accrual")
    rate = hazard + dropout_hazard
    shortest = until_months - accrual_months
    lasting = np.exp(-rate * shortest) * -np.expm1(-rate * accrual_months) / (rate * accrual_months)
    return float(hazard / rate * (1 - lasting))


def _check_ratio(hazard_ratio: float) -> None:
    if hazard_ratio <= 0 or hazard_ratio == 1:
        problem = f"{hazard_ratio} is not allowed"
        raise InputError.of("events", "hazard_ratio", problem, "give one above 0 other than 1")
