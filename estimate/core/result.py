"""The result of every method: an estimate with its estimand, method and uncertainty."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, ndtr, stdtr, stdtrit

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.estimand import Estimand

Scale = Literal[
    "odds ratio", "risk ratio", "risk difference", "mean difference", "hazard ratio", "rate ratio",
    "RMST difference",
]  # fmt: skip

#: Scales whose standard error and statistic are on the log scale.
RATIOS = frozenset({"odds ratio", "risk ratio", "hazard ratio", "rate ratio"})

#: 0.975 quantile of the standard normal; all intervals of this package cover 95 %.
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """One effect in every data set of a batch.

    Numeric fields have the leading shape of the data, ``()`` for one study. Ratios and their limits
    are on the ratio scale; ``std_error`` and ``statistic`` are on the log scale. A data set without
    a finite answer has NaN and ``converged`` False, and is counted.

    Attributes
    ----------
    method
        Name of the estimator in plans.
    statistic
        Wald z (or t) unless ``test`` names another test.
    interval
        Kind of the 95 % interval, for example "profile likelihood" or "Wald, robust (HC0)".
    n
        Patients who contributed.
    test
        Kind of the p-value: "Wald" or "likelihood ratio".
    """

    estimand: Estimand
    method: str
    scale: Scale
    estimate: Floats
    std_error: Floats
    statistic: Floats
    p_value: Floats
    conf_low: Floats
    conf_high: Floats
    interval: str
    n: Ints
    converged: Bools
    test: str = "Wald"

    def records(self) -> list[dict[str, Any]]:
        """Return one plain dictionary per data set, ready for JSON; NaN becomes None."""
        return [self._record(index) for index in np.ndindex(np.shape(self.estimate))]

    def _record(self, index: tuple[int, ...]) -> dict[str, Any]:
        numbers = {name: plain(getattr(self, name)[index]) for name in _NUMBERS}
        return {
            "method": self.method,
            "estimand": str(self.estimand),
            "scale": self.scale,
            **numbers,
            "interval": self.interval,
            "test": self.test,
            "n": int(self.n[index]),
            "converged": bool(self.converged[index]),
        }

    def __iter__(self) -> Iterator["Estimate"]:
        """Yield the estimate of each data set along the first axis."""
        for i in range(np.shape(self.estimate)[0]):
            yield self[i]

    def __getitem__(self, index: Any) -> "Estimate":
        """Return the estimate of some data sets."""
        parts = {name: np.asarray(getattr(self, name))[index] for name in _ARRAYS}
        words = {name: getattr(self, name) for name in _WORDS}
        return Estimate(**words, **parts)


_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
_ARRAYS = (*_NUMBERS, "n", "converged")
_WORDS = ("estimand", "method", "scale", "interval", "test")


def log_of_risk(scale: Scale, risk: ArrayLike) -> Floats:
    """Return the logarithm whose difference between arms is the effect on a ratio scale.

    >>> [round(float(log_of_risk(scale, 0.5)), 4) for scale in ("risk ratio", "odds ratio")]
    [-0.6931, 0.0]
    """
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(risk) if scale == "risk ratio" else logit(risk), float)


def plain(value: Any) -> float | None:
    """Return a number for JSON: None for NaN and infinities."""
    return float(value) if np.isfinite(value) else None


def wald(
    estimand: Estimand,
    method: str,
    scale: Scale,
    value: ArrayLike,
    std_error: ArrayLike,
    n: ArrayLike,
    *,
    interval: str = "Wald",
    converged: ArrayLike = True,
    df: ArrayLike | None = None,
) -> Estimate:
    """Make an estimate with a normal (or t) test and interval.

    Parameters
    ----------
    value
        (...) estimate on the scale of its standard error: the **logarithm** for ratio scales.
    std_error
        (...) its standard error.
    n
        (...) patients who contributed.
    interval
        Kind of standard error, named in the result.
    converged
        (...) False turns the numbers of that data set into NaN.
    df
        (...) degrees of freedom of Student's t; None is the normal distribution.

    Examples
    --------
    >>> question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")
    >>> answer = wald(question, "unadjusted", "odds ratio", np.log(2), 0.25, 100)
    >>> [round(float(x), 3) for x in (answer.estimate, answer.conf_low, answer.conf_high)]
    [2.0, 1.225, 3.265]
    """
    value, std_error = np.broadcast_arrays(np.asarray(value, float), np.asarray(std_error, float))
    sound = np.asarray(converged) & np.isfinite(value) & (std_error > 0) & np.isfinite(std_error)
    value, std_error = np.where(sound, value, np.nan), np.where(sound, std_error, np.nan)
    statistic = _ratio(value, std_error)
    reach = Z95 if df is None else stdtrit(df, 0.975)
    tail = ndtr(-np.abs(statistic)) if df is None else stdtr(df, -np.abs(statistic))
    return assemble(
        estimand,
        method,
        scale,
        value=value,
        std_error=std_error,
        statistic=statistic,
        p_value=2 * tail,
        low=value - reach * std_error,
        high=value + reach * std_error,
        n=n,
        interval=interval,
        converged=sound,
    )


def assemble(
    estimand: Estimand,
    method: str,
    scale: Scale,
    *,
    value: ArrayLike,
    std_error: ArrayLike,
    statistic: ArrayLike,
    p_value: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    n: ArrayLike,
    interval: str,
    converged: ArrayLike,
    test: str = "Wald",
) -> Estimate:
    """Make an estimate from its parts, all on the scale of the standard error (log for ratios).

    Parts are broadcast to one shape; those of a data set that did not converge become NaN.
    """
    if scale not in get_args(Scale):
        raise ValueError(f"the scale {scale!r} is not one of {', '.join(get_args(Scale))}")
    parts = [np.asarray(part, float) for part in (value, std_error, statistic, p_value, low, high)]
    *parts, count, sound = np.broadcast_arrays(*parts, np.asarray(n), np.asarray(converged))
    value, std_error, statistic, p_value, low, high = (np.where(sound, a, np.nan) for a in parts)
    back = np.exp if scale in RATIOS else np.asarray
    return Estimate(
        estimand=estimand,
        method=method,
        scale=scale,
        estimate=back(value),
        std_error=std_error,
        statistic=statistic,
        p_value=p_value,
        conf_low=back(low),
        conf_high=back(high),
        interval=interval,
        n=count.astype(np.int64),
        converged=sound.astype(bool),
        test=test,
    )


def _ratio(value: Floats, std_error: Floats) -> Floats:
    """Return value / std_error; NaN where the standard error is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(std_error > 0, value / std_error, np.nan)
