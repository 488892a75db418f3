"""Means over trials with their Monte Carlo error, and the true effect on the scale of a method."""

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.performance.measures import Measure
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.trial_results import Outcomes

#: Differences of estimates that are rounding.
_SAME = 1e-12


def mean(values: Floats) -> Measure:
    """Return the mean over replicates; those without an estimate are excluded.

    >>> found = mean(np.array([1.0, 2.0, 3.0, np.nan]))
    >>> float(found.value), round(float(found.mcse), 4), int(found.n)
    (2.0, 0.5774, 3)
    """
    finite = values[np.isfinite(values)]
    n = finite.size
    if n < 2:
        return Measure(np.asarray(np.nan), np.asarray(np.nan), np.asarray(n))
    if np.ptp(finite) == 0:  # known, not drawn: without an error or a minus zero
        return Measure(np.asarray(finite[0] + 0.0), np.asarray(0.0), np.asarray(n))
    return Measure(
        np.asarray(finite.mean()), np.asarray(finite.std(ddof=1) / np.sqrt(n)), np.asarray(n)
    )


def sd_measure(values: Floats) -> Measure:
    """Return a standard deviation over replicates with a Monte Carlo error for any distribution.

    The variance of s is s^2 (k - 1) / (4 n) with the kurtosis k (Kendall M, Stuart A. *The Advanced
    Theory of Statistics*, vol. 1, section 10.6); the usual s / sqrt(2 (n - 1)) holds for k = 3
    alone.

    >>> found = sd_measure(np.array([-1.0, 0.0, 0.0, 1.0]))
    >>> round(float(found.value), 4), round(float(found.mcse), 4)
    (0.8165, 0.2041)
    """
    finite = values[np.isfinite(values)]
    n = finite.size
    if n < 2 or np.ptp(finite) == 0:
        return Measure(np.asarray(0.0 if n > 1 else np.nan), np.asarray(0.0), np.asarray(n))
    sd, away = float(finite.std(ddof=1)), finite - finite.mean()
    kurtosis = float((away**4).mean() / (away**2).mean() ** 2)
    return Measure(np.asarray(sd), np.asarray(sd / 2 * np.sqrt((kurtosis - 1) / n)), np.asarray(n))


def share_below(values: Floats, limit: ArrayLike) -> Measure:
    """Return the proportion of replicates below ``limit``; ties count one half.

    >>> found = share_below(np.array([0.1, 0.2, 0.3, 0.4, np.nan]), 0.2)
    >>> float(found.value), int(found.n)
    (0.375, 4)
    """
    more = np.where(np.isfinite(values), values, np.nan) - np.asarray(limit)
    return mean(np.heaviside(-np.where(np.abs(more) < _SAME, 0.0, more), 0.5))


def truth_on_scale(
    design: DesignFile, target: Measure, control: Measure, treated: Measure, given: Measure | None
) -> Measure:
    """Return the true effect on the scale of the method of the primary endpoint.

    A risk difference is that of the estimand's population. A marginal odds ratio, as a logarithm,
    follows from the two risks. A conditional one is ``given``, as `conditional_effect` finds it,
    or unknown: NaN.
    """
    if design.analysis.conditional:
        return given or Measure(np.asarray(np.nan), np.asarray(np.nan), target.n)
    if design.analysis.method != "logistic":
        return target
    p1, p0 = treated.value, control.value
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.log(p1 / (1 - p1)) - np.log(p0 / (1 - p0))
        # The risks share their participants; without the covariance this is a little too large.
        mcse = np.hypot(treated.mcse / (p1 * (1 - p1)), control.mcse / (p0 * (1 - p0)))
    return Measure(np.asarray(value), np.asarray(mcse), target.n)


def given_measure(outcomes: Outcomes, endpoint: int = 0) -> Measure | None:
    """Return the true conditional effect of an endpoint, or None."""
    true, error = outcomes.given_truth, outcomes.given_truth_mcse
    if true is None or error is None:
        return None
    n = np.asarray(outcomes.replicates)
    return Measure(true[0, endpoint], error[0, endpoint], n)


def bias_of(found: Measure, truth: Measure, design: DesignFile) -> Measure:
    """Return a bias whose error includes that of a separately simulated truth."""
    if not design.analysis.conditional:
        return found
    return Measure(found.value, np.hypot(found.mcse, truth.mcse), found.n)


def quantile_measure(values: Floats, share: float) -> Measure:
    """Return a quantile with its Monte Carlo standard error, from order statistics.

    The rank of the quantile is binomial; the values one standard deviation of the rank to either
    side are about one standard error away.

    >>> found = quantile_measure(np.arange(10_001.0), 0.5)
    >>> float(found.value), float(found.mcse)
    (5000.0, 50.0)
    """
    ranked = np.sort(values)
    n = ranked.size
    reach = np.sqrt(n * share * (1 - share))
    places = np.clip((n - 1) * share + np.array([-reach, 0.0, reach]), 0, n - 1)
    low, middle, high = ranked[np.round(places).astype(int)]
    return Measure(np.asarray(middle), np.asarray((high - low) / 2), np.asarray(n))


def plain_measure(measure: Measure) -> dict[str, float | int | None]:
    """Return a measure as JSON can hold it."""
    value, mcse = (float(x) if np.isfinite(x) else None for x in (measure.value, measure.mcse))
    return {"value": value, "mcse": mcse, "n": int(measure.n)}


def won(outcomes: Outcomes) -> Floats:
    """Return 1 for replicates that reject in favour of treatment, else 0."""
    return np.asarray(outcomes.rejected * (outcomes.z > 0))


def true_effect(design: DesignFile, outcomes: Outcomes) -> Measure:
    """Return the population effect on the scale of the method; logarithms for ratios."""
    o = outcomes
    target, control, treated = (mean(each) for each in (o.target, o.risk_control, o.risk_treated))
    return truth_on_scale(design, target, control, treated, given_measure(o))
