"""Sample size for the validation of a prediction model.

Riley RD, Debray TPA, Collins GS et al. *Stat Med* 2021;40:4230-4251: precision of the ratio of
observed to expected events, of the calibration slope, and of the C-statistic.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root
from estimate.core.result import Z95
from protocol.errors import InputError

#: Values of the linear predictor over which information is averaged.
NODES = 4001


@dataclass(frozen=True, slots=True)
class ValidationSize:
    """Patients needed for each criterion; ``patients`` is the largest."""

    observed_over_expected: int
    slope: int
    c_statistic: int

    @property
    def patients(self) -> int:
        """The number that meets every criterion."""
        return max(self.observed_over_expected, self.slope, self.c_statistic)


def validation_size(
    risk: float,
    c_statistic: float,
    *,
    ratio_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
) -> ValidationSize:
    """Return the patients that an external validation needs.

    Parameters
    ----------
    risk
        Expected proportion with the outcome.
    c_statistic
        Expected discrimination; the linear predictor is assumed to be normal with the corresponding
        variance, and well calibrated.
    ratio_width, slope_width, c_width
        Widths wanted of the 95 % intervals: of observed over expected (around 1), of the slope, of
        the C-statistic.

    Examples
    --------
    >>> validation_size(0.3, 0.75).patients
    2868
    """
    if not (0 < risk < 1 and 0.5 < c_statistic < 1):
        problem = f"risk {risk:g}, C-statistic {c_statistic:g}"
        raise InputError.of("validation_size", "risk", problem, "give 0 to 1, and 0.5 to 1")
    ratio_error = np.arcsinh(ratio_width / 2) / Z95  # the log interval of this width around 1
    by_ratio = (1 - risk) / (risk * ratio_error**2)
    by_slope = _slope_variance(risk, c_statistic) / (slope_width / (2 * Z95)) ** 2
    by_c = brent_root(lambda n: _c_error(n, risk, c_statistic) - c_width / (2 * Z95), 5, 1e9)
    return ValidationSize(*(int(np.ceil(n - 1e-9)) for n in (by_ratio, by_slope, by_c)))


def linear_predictor(risk: float, c: float) -> Floats:
    """Return equally likely values of a normal linear predictor with this risk and C-statistic."""
    nodes: Floats = ndtri((np.arange(NODES) + 0.5) / NODES)

    def centred(sd: float) -> Floats:
        edge = 10 * sd + abs(float(logit(risk)))
        mean = brent_root(lambda m: float(expit(m + sd * nodes).mean() - risk), -edge - 1, edge + 1)
        return np.asarray(mean + sd * nodes)

    def gap(sd: float) -> float:
        p = expit(centred(sd))
        without_below = np.cumsum(1 - p) - (1 - p) / 2
        return float((p * without_below).sum() / (p.sum() * (1 - p).sum()) - c)

    return centred(brent_root(gap, 1e-3, 20))


def _slope_variance(risk: float, c: float) -> float:
    """Return the variance of the calibration slope times the number of patients."""
    lp = linear_predictor(risk, c)
    weight = expit(lp) * (1 - expit(lp))
    all_, first, second = weight.mean(), (weight * lp).mean(), (weight * lp**2).mean()
    return float(all_ / (all_ * second - first**2))


def _c_error(n: float, risk: float, c: float) -> float:
    """Return the standard error of a C-statistic (Newcombe RG. *Stat Med* 2006;25:559-573)."""
    inner = 1 + (n / 2 - 1) * (1 - c) / (2 - c) + (n / 2 - 1) * c / (1 + c)
    return float(np.sqrt(c * (1 - c) * inner / (n**2 * risk * (1 - risk))))
