"""Agreement of predicted risks with observed outcomes.

Steyerberg EW. *Clinical Prediction Models*, 2nd ed., 2019, chapter 15; Vickers AJ, Elkin EB. *Med
Decis Making* 2006;26:565-574 (decision curves).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from estimate.causal.propensity import Discrimination, c_statistic
from estimate.core.arrays import Floats
from estimate.core.result import Z95
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

#: Predicted risks are truncated to this distance from 0 and 1 before taking logits.
EDGE = 1e-9

#: Default thresholds of the decision curve.
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 13))


@dataclass(frozen=True, slots=True)
class WithInterval:
    """A number with its standard error and 95 % interval."""

    value: float
    std_error: float
    low: float
    high: float

    @classmethod
    def wald(cls, value: float, std_error: float) -> "WithInterval":
        """Return a number with Wald's interval."""
        return cls(value, std_error, value - Z95 * std_error, value + Z95 * std_error)


@dataclass(frozen=True, slots=True)
class Validation:
    """Predicted risks against outcomes.

    Attributes
    ----------
    n, events
        Patients, and those with the outcome.
    c_statistic
        With DeLong's interval.
    intercept
        Calibration in the large: log odds by which the outcome exceeds the predictions; 0 is right.
    slope
        Calibration slope: below 1 predictions are too extreme.
    observed_over_expected
        Ratio of events to the sum of predicted risks, interval on the log scale.
    brier
        Mean squared error; ``scaled_brier`` is 1 for perfect predictions, 0 for the average risk.
    groups
        Mean predicted risk, observed risk with its Wilson limits, patients, of ten groups.
    curve
        Threshold, net benefit of the model with its interval, and of treating all.
    """

    n: int
    events: int
    c_statistic: WithInterval
    intercept: WithInterval
    slope: WithInterval
    observed_over_expected: WithInterval
    brier: WithInterval
    scaled_brier: float
    groups: tuple[tuple[float, float, float, float, int], ...]
    curve: tuple[tuple[float, WithInterval, float], ...]


def validate_predictions(
    predicted: ArrayLike,
    outcome: ArrayLike,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    groups: int = 10,
) -> Validation:
    """Validate predicted risks.

    Parameters
    ----------
    predicted
        Risks between 0 and 1, one per patient.
    outcome
        0 or 1.
    thresholds
        Predicted risks at which patients would be treated.
    groups
        Number of groups of equal size for the calibration plot.

    Raises
    ------
    InputError
        If a risk is not between 0 and 1, an outcome not 0 or 1, or all outcomes are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.uniform(0.1, 0.6, 2000)
    >>> found = validate_predictions(risk, rng.random(2000) < risk)
    >>> round(found.slope.value, 1), round(found.c_statistic.value, 2)
    (1.0, 0.68)
    """
    p, y = np.asarray(predicted, float), np.asarray(outcome, float)
    _check(p, y, thresholds)
    n, risk = len(y), float(y.mean())
    lp = logit(np.clip(p, EDGE, 1 - EDGE))
    error = (y - p) ** 2
    ratio = y.sum() / p.sum()
    spread = float(np.sqrt((1 - risk) / y.sum()))
    return Validation(
        n=n,
        events=int(y.sum()),
        c_statistic=_of(c_statistic(p, y)),
        intercept=_coefficient(np.ones((n, 1)), y, lp, 0),
        slope=_coefficient(np.column_stack([np.ones(n), lp]), y, None, 1),
        observed_over_expected=WithInterval(
            ratio, spread, ratio * np.exp(-Z95 * spread), ratio * np.exp(Z95 * spread)
        ),
        brier=_mean(error),
        scaled_brier=float(1 - error.mean() / (risk * (1 - risk))),
        groups=tuple(_groups(p, y, groups)),
        curve=tuple(
            (t, net_benefit(p, y, t), float(risk - (1 - risk) * t / (1 - t))) for t in thresholds
        ),
    )


def net_benefit(predicted: Floats, outcome: Floats, threshold: float) -> WithInterval:
    """Return the net benefit of treating patients whose predicted risk reaches a threshold.

    True positives minus false positives, these weighted by the odds of the threshold, per patient.

    >>> round(net_benefit(np.array([0.1, 0.4, 0.6]), np.array([0, 0, 1.0]), 0.5).value, 3)
    0.333
    """
    odds = threshold / (1 - threshold)
    return _mean(np.where(predicted >= threshold, outcome - (1 - outcome) * odds, 0.0))


def _mean(values: Floats) -> WithInterval:
    return WithInterval.wald(float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))))


def _of(found: Discrimination) -> WithInterval:
    parts = (found.c_statistic, found.std_error, found.conf_low, found.conf_high)
    return WithInterval(*(float(part) for part in parts))


def _coefficient(X: Floats, y: Floats, offset: Floats | None, column: int) -> WithInterval:
    fit = fit_logistic(X, y, None, offset)
    if not fit.converged:
        return WithInterval(*[float("nan")] * 4)
    return WithInterval.wald(float(fit.coef[column]), float(np.sqrt(fit.cov[column, column])))


def _groups(p: Floats, y: Floats, groups: int) -> list[tuple[float, float, float, float, int]]:
    from estimate.comparison.proportion import wilson_interval

    rows = []
    for members in np.array_split(np.argsort(p, kind="stable"), groups):
        if len(members):
            low, high = wilson_interval(y[members].sum(), len(members))
            rows.append(
                (float(p[members].mean()), float(y[members].mean()), float(low), float(high),
                 len(members))
            )  # fmt: skip
    return rows


def _check(p: Floats, y: Floats, thresholds: Sequence[float]) -> None:
    if p.shape != y.shape or p.ndim != 1:
        cure = "give one predicted risk and one outcome per patient"
        raise InputError.of("predictions", "shape", f"{p.shape} and {y.shape} do not fit", cure)
    if not ((p >= 0) & (p <= 1)).all():
        worst = p[~((p >= 0) & (p <= 1))][0]
        raise InputError.of("predictions", "risk", f"{worst:g} is not a risk", "give 0 to 1")
    if not np.isin(y, (0, 1)).all() or len(np.unique(y)) < 2:
        raise InputError.of("predictions", "outcome", "it is not 0 and 1", "both must occur")
    if not all(0 < t < 1 for t in thresholds):
        raise InputError.of("predictions", "thresholds", "one is not between 0 and 1", "give risks")
