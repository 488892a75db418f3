"""Interval-censored regression of a logistic liability.

The liability of a patient is a linear predictor plus a standard logistic residual. Two thresholds
divide it: 0, and a positive threshold of the patient's group. The observation gives the interval
that contains the liability. With all limits observed this is proportional-odds regression
(McCullagh P. *J R Stat Soc B* 1980;42:109-42).
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit

from estimate.core.arrays import Floats, Ints

#: SD of the normal prior of each coefficient, in log odds, that keeps separated data finite.
PRIOR_SD = 5.0

#: Median and SD of the log-normal prior of each upper limit.
UPPER_MEDIAN, UPPER_LOG_SD = 2.0, 1.0

#: Smallest likelihood of a patient that is distinguished from 0.
_TINY = 1e-300


class Seen(IntEnum):
    """The observed interval of a patient's liability; ``UNKNOWN`` gives no information."""

    UNKNOWN = 0
    BELOW = 1  # at most 0
    BETWEEN = 2  # above 0, at most the upper limit
    ABOVE = 3  # above the upper limit
    POSITIVE = 4  # above 0
    NOT_ABOVE = 5  # at most the upper limit


#: Of each `Seen`: the lower and the upper end (0: minus infinity, 1: zero, 2: limit, 3: infinity).
_ENDS = np.array([[0, 3], [0, 1], [1, 2], [2, 3], [1, 3], [0, 2]])


@dataclass(frozen=True, slots=True)
class LiabilityFit:
    """A fitted liability.

    Attributes
    ----------
    coef
        (p,) log odds per unit of each column.
    upper
        (groups,) upper limit of each group, in log odds, positive.
    converged
        Whether the optimiser reached the maximum of the penalised likelihood.
    """

    coef: Floats
    upper: Floats
    converged: bool


def fit_liability(
    X: ArrayLike, seen: ArrayLike, group: ArrayLike, groups: int, start: Floats | None = None
) -> LiabilityFit:
    """Return the coefficients and upper limits of greatest penalised likelihood.

    Coefficients have a normal prior with mean 0 and SD `PRIOR_SD`; limits a log-normal one with
    median `UPPER_MEDIAN` and SD `UPPER_LOG_SD` of the logarithm, which is all that is known of a
    group in which nobody was seen above or between.

    Parameters
    ----------
    X
        (n, p) design matrix, without missing values.
    seen
        (n,) codes of `Seen`.
    group
        (n,) group of each patient, from 0.
    groups
        Number of groups.
    start
        (p + groups,) coefficients and logarithms of the limits to start from.
    """
    model = _Model(np.asarray(X, float), np.asarray(seen), np.asarray(group), groups)
    origin = np.zeros(model.size) if start is None else start
    found = minimize(model.evaluate, origin, jac=True, method="BFGS", options={"gtol": 1e-6})
    coef, log_upper = model.split(found.x)
    return LiabilityFit(coef, np.exp(log_upper), bool(np.abs(found.jac).max() < 1e-3))


@dataclass(frozen=True, slots=True)
class _Model:
    X: Floats
    seen: Ints
    group: Ints
    groups: int

    @property
    def size(self) -> int:
        return int(self.X.shape[1]) + self.groups

    def split(self, values: Floats) -> tuple[Floats, Floats]:
        """Return coefficients, and the logarithms of the limits within what floats can hold."""
        columns = self.X.shape[1]
        return values[:columns], np.clip(values[columns:], -20.0, 20.0)

    def evaluate(self, values: Floats) -> tuple[float, Floats]:
        """Return minus the penalised log likelihood, and its gradient."""
        coef, log_upper = self.split(values)
        upper = np.exp(log_upper)[self.group]
        predictor = self.X @ coef
        limits = np.stack([np.full_like(upper, -np.inf), 0 * upper, upper, 0 * upper + np.inf])
        low, high = (np.take_along_axis(limits, _ENDS[self.seen, side][None], 0)[0]
                     for side in (0, 1))  # fmt: skip
        below, above = expit(low - predictor), expit(high - predictor)
        chance = np.maximum(above - below, _TINY)
        d_low, d_high = below * (1 - below) / chance, above * (1 - above) / chance
        by_upper = upper * (
            np.where(_ENDS[self.seen, 1] == 2, d_high, 0.0)
            - np.where(_ENDS[self.seen, 0] == 2, d_low, 0.0)
        )
        slopes = np.concatenate([
            -(d_high - d_low) @ self.X, np.bincount(self.group, by_upper, self.groups)
        ])  # fmt: skip
        apart = np.concatenate([coef / PRIOR_SD, (log_upper - np.log(UPPER_MEDIAN)) / UPPER_LOG_SD])
        sds = np.repeat([PRIOR_SD, UPPER_LOG_SD], [len(coef), self.groups])
        return 0.5 * float(apart @ apart) - float(np.log(chance).sum()), apart / sds - slopes
