"""Distributions of baseline values: three exact quartiles between declared plausible limits.

The logit of a value's position between its limits is a smooth, increasing function of a standard
normal score z: a quantile-parameterised distribution (Keelin and Powley 2011, Decision Analysis
8:206) with the basis 1, z and z²/(1 + z²), on the scale of Johnson's bounded system (Johnson 1949,
Biometrika 36:149). The coefficients follow from the quartiles in closed form; the density is
continuous, and no value lies outside the limits.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from simulate.core.interpolation import Interpolation
from simulate.scenario.sections.enrolment import Z_QUARTILE, Marginal

Floats = NDArray[np.float64]

#: The greatest slope of z²/(1 + z²), at z = 1/√3: what the linear term must exceed.
STEEPEST = 3 * np.sqrt(3) / 8

#: Scores at which the quantile function is tabulated to invert it.
_GRID = np.linspace(-8, 8, 4097)


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Coefficients of the quantile function on the logit scale, and the limits."""

    level: float
    linear: float
    bend: float
    lower: float
    upper: float

    @property
    def increasing(self) -> bool:
        """Whether the function increases everywhere, so that it is a quantile function."""
        return bool(abs(self.bend) * STEEPEST < self.linear)


def coefficients(marginal: Marginal) -> Coefficients:
    """Return the coefficients that put the quartiles of a `Marginal` where it declares them."""
    lower, upper = marginal.lower.value, marginal.upper.value
    low, middle, high = (
        float(logit((value - lower) / (upper - lower))) for value in marginal.quartiles
    )
    return Coefficients(
        level=middle,
        linear=(high - low) / (2 * Z_QUARTILE),
        bend=(high + low - 2 * middle) / 2 / _bend(Z_QUARTILE),
        lower=lower,
        upper=upper,
    )


def value_at(marginal: Marginal, z: Floats) -> Floats:
    """Return the values at normal scores: the quantile function of a `Marginal`.

    Examples
    --------
    >>> from simulate.scenario.sections.parameter import Parameter
    >>> def number(value):
    ...     return Parameter(value=value, unit="a", status="derived", source="example")
    >>> age = Marginal(scale="natural", median=number(31), sd_below=number(4.448),
    ...                sd_above=number(4.448), lower=number(20), upper=number(60))
    >>> value_at(age, np.array([-9, -0.6745, 0, 0.6745, 9])).round(1).tolist()
    [20.1, 28.0, 31.0, 34.0, 59.3]
    """
    return _value_at(coefficients(marginal), z)


def _value_at(at: Coefficients, z: Floats) -> Floats:
    square = z * z
    square /= 1 + square
    square *= at.bend
    square += at.linear * z
    square += at.level
    # the logistic function in place; its argument is bounded by the scores
    np.negative(square, out=square)
    np.exp(square, out=square)
    square += 1
    np.divide(at.upper - at.lower, square, out=square)
    square += at.lower
    return square


def score_of(marginal: Marginal, values: Floats) -> Floats:
    """Return the normal scores of values; -8 and 8 stand for all beyond them."""
    return _inverse(coefficients(marginal)).at(values)


@lru_cache(maxsize=16)
def _inverse(at: Coefficients) -> Interpolation:
    return Interpolation.through(_value_at(at, _GRID), _GRID)


def _bend(z: float) -> float:
    return z * z / (1 + z * z)
