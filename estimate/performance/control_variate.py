"""Shares of replicates with a control variate: another event whose probability is known.

What the control's share misses of its probability is taken out of the share of interest, in the
proportion that leaves the least variance. Glasserman P. *Monte Carlo Methods in Financial
Engineering*, Springer 2003, section 4.1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.performance.moments import Measure


@dataclass(frozen=True, slots=True)
class Controlled:
    """A share of replicates with a control variate.

    Attributes
    ----------
    measure
        Share, its Monte Carlo standard error and the number of replicates.
    variance_ratio
        Variance of the plain share, divided by that of this one: so many times fewer replicates
        give the same error.
    """

    measure: Measure
    variance_ratio: float


def controlled_share(
    values: Floats, control: Floats, expected: float, moved: ArrayLike = 0.0
) -> Controlled:
    """Return the share of an event, corrected by what a control's share misses of its probability.

    Parameters
    ----------
    values, control
        (replicate,) 0 or 1 of the same replicates.
    expected
        Probability of the control.
    moved
        (replicate,) what each replicate adds to ``expected``, mean 0, if that depends on parameters
        estimated from the same replicates: the gradient of the expectation times the replicate's
        own estimates (less their mean). 0 if it is known.

    Notes
    -----
    Where value and control never differ, the residuals are 0 and so would be their variance, though
    the next replicate may differ. Variances are therefore those of all replicates and two more, one
    that differs in either direction, as Agresti A, Coull BA. *Am Stat* 1998;52:119-26 add events.

    Examples
    --------
    80 of 100 replicates with the event, 75 of them and 5 others with a control of 77 %:

    >>> values = np.repeat([1.0, 0.0], [80, 20])
    >>> control = np.repeat([1.0, 0.0, 1.0, 0.0], [75, 5, 5, 15])
    >>> found = controlled_share(values, control, 0.77)
    >>> print(f"{found.measure.value:.3f}, MCSE {found.measure.mcse:.3f}")
    0.779, MCSE 0.031
    >>> print(f"variance ratio {found.variance_ratio:.1f}")
    variance ratio 1.7
    """
    n = values.size
    apart, own = control - control.mean(), values - values.mean()
    spread = float(apart @ apart)
    slope = float(own @ apart) / spread if spread > 0 else 0.0
    residual = own - slope * (apart - moved)
    mean, other = float(values.mean()), float(control.mean())
    more = np.array([1 - mean + slope * other, -mean - slope * (1 - other)])
    left = float(residual @ residual) + float(more @ more)
    before = float(own @ own) + (1 - mean) ** 2 + mean**2
    error = (left / n / (n + 2)) ** 0.5
    value = mean - slope * (other - expected)
    measure = Measure(np.asarray(value), np.asarray(error), np.asarray(n))
    return Controlled(measure, before / left)
