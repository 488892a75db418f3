"""Durations of each patient, from random streams.

All times of a run are whole multiples of 2^-20 of a day (0.08 seconds). Sums of these numbers are
exact in binary, so that thirty days later is the same time of day, and rounding never puts an event
before its cause.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.clinic.setup.time_units import DAYS_PER, Length

Floats = NDArray[np.float64]

#: Number of parts of a day to which times are rounded.
GRAIN = 2**20


def on_grain(days: float) -> float:
    """Return a time in days as the nearest multiple of 1 / `GRAIN`.

    >>> on_grain(1 / 3) * GRAIN
    349525.0
    """
    return round(days * GRAIN) / GRAIN


def rounded_days(days: Floats) -> Floats:
    """Return times in days as the nearest multiples of 1 / `GRAIN`."""
    return np.rint(days * GRAIN) / GRAIN


def days(length: Length | None, uniform: Floats) -> Floats:
    """Return lengths of time in days at uniform numbers on [0, 1); None takes no time.

    >>> from simulate.scenario.sections.parameter import Parameter
    >>> mean = Parameter(value=2, unit="d", status="derived", source="example")
    >>> days(Length(mean=mean, form="exponential"), np.array([0.0, 0.5])).round(3).tolist()
    [0.0, 1.386]
    """
    if length is None:
        return np.zeros_like(uniform)
    mean = length.mean_days
    if length.form == "constant":
        return np.full_like(uniform, on_grain(mean))
    if length.form == "exponential":
        return rounded_days(-mean * np.log1p(-uniform))
    sigma = (length.sd.value * DAYS_PER[length.sd.unit] if length.sd else 0.0) / mean
    log_sd = np.sqrt(np.log1p(sigma**2))
    drawn = mean * np.exp(log_sd * ndtri(uniform) - log_sd**2 / 2)
    return rounded_days(drawn)
