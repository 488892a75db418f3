"""Means over trials with their Monte Carlo error, and the true effect on the scale of a method."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from estimate.core.arrays import Floats
from estimate.core.result import RATIOS, log_of_risk
from estimate.performance.measures import Measure, proportion_mcse
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.trial_results import Outcomes

#: Differences of estimates that are due to rounding.
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
    if np.ptp(finite) == 0:  # known, not simulated: no error and no minus zero
        return Measure(np.asarray(finite[0] + 0.0), np.asarray(0.0), np.asarray(n))
    return Measure(
        np.asarray(finite.mean()), np.asarray(finite.std(ddof=1) / np.sqrt(n)), np.asarray(n)
    )


def sd_measure(values: Floats) -> Measure:
    """Return a standard deviation over replicates with a Monte Carlo error for any distribution.

    The variance of s is s^2 (k - 1) / (4 n) with the kurtosis k (Kendall M, Stuart A. *The Advanced
    Theory of Statistics*, vol. 1, section 10.6); the usual s / sqrt(2 (n - 1)) is valid only for k
    = 3.

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


def true_values(
    design: DesignFile, target: Floats, control: Floats, treated: Floats, given: Measure | None
) -> Floats:
    """Return (replicate,) values whose mean is the true effect on the scale of the method.

    A risk difference is that of the estimand's population. A marginal ratio, as a logarithm,
    follows from the mean risks; each value is the linear contribution of a trial, so that their
    variance is that of the true effect. A conditional one is ``given``, from `conditional_effect`,
    or unknown (NaN).

    Parameters
    ----------
    target, control, treated
        (replicate,) risk difference of the estimand and risks of both arms in the participants.
    """
    if design.analysis.true_by_limit:
        return np.full_like(target, np.nan if given is None else given.value)
    scale = design.analysis.effect_scale
    if scale not in RATIOS:
        return target
    found = np.zeros_like(target)
    for risk, sign in ((treated, 1), (control, -1)):
        centre = risk.mean()
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = 1 / (centre if scale == "risk ratio" else centre * (1 - centre))
            found = found + sign * (log_of_risk(scale, centre) + (risk - centre) * slope)
    return found


def truth_of(design: DesignFile, values: Floats, given: Measure | None) -> Measure:
    """Return the true effect from `true_values`; a conditional one is simulated separately."""
    if design.analysis.true_by_limit:
        return given or Measure(np.asarray(np.nan), np.asarray(np.nan), np.asarray(values.size))
    return mean(values)


def given_measure(outcomes: Outcomes, endpoint: int = 0) -> Measure | None:
    """Return the true conditional effect of an endpoint, or None."""
    true, error = outcomes.given_truth, outcomes.given_truth_mcse
    if true is None or error is None:
        return None
    n = np.asarray(outcomes.replicates)
    return Measure(true[0, endpoint], error[0, endpoint], n)


def bias_of(found: Measure, estimate: Floats, values: Floats, given: Measure | None) -> Measure:
    """Return a bias with the Monte Carlo error of paired estimates and true effects.

    Parameters
    ----------
    found
        Mean of estimate - truth.
    estimate, values
        (replicate,) estimates, NaN without convergence, and true effects from `true_values`.
    given
        A separately simulated true effect, whose error is included; None for others.
    """
    error = mean(estimate - values).mcse
    return Measure(found.value, np.hypot(error, 0.0 if given is None else given.mcse), found.n)


def relative_bias_of(bias: Measure, estimate: Floats, values: Floats, truth: Measure) -> Measure:
    """Return bias over truth, with the error of a ratio of paired means; NaN if truth is 0."""
    if not truth.value:
        return Measure(np.asarray(np.nan), np.asarray(np.nan), bias.n)
    ratio = bias.value / truth.value
    error = mean(estimate - (1 + ratio) * values).mcse
    return Measure(ratio, np.asarray(error / abs(truth.value)), bias.n)


def quantile_measure(values: Floats, share: float) -> Measure:
    """Return a quantile with its Monte Carlo standard error (Maritz-Jarrett).

    The error is that of the order statistic under resampling, whose rank has a beta distribution
    (Maritz JS, Jarrett RG. *J Am Stat Assoc* 1978;73:194-6). For variables with few values,
    quantiles are discontinuous and this error is inaccurate.

    >>> found = quantile_measure(np.arange(10_001.0), 0.5)
    >>> print(f"{found.value:.0f} (MCSE {found.mcse:.1f})")
    5000 (MCSE 50.0)
    """
    ranked = np.sort(values)
    n = ranked.size
    middle = ranked[int(np.round((n - 1) * share))]
    rank = float(np.clip(np.floor(n * share + 0.5), 1, n))
    reach = 9 * np.sqrt(n * share * (1 - share)) + 2  # beyond, the weights are 0
    first, end = max(int(rank - reach), 0), min(int(rank + reach), n)
    steps = betainc(rank, n - rank + 1, np.arange(first, end + 1) / n)
    weight, away = np.diff(steps), ranked[first:end] - middle  # exactly 0 for equal values
    centre = (weight * away).sum()
    error = np.sqrt((weight * (away - centre) ** 2).sum())
    return Measure(np.asarray(middle), np.asarray(error), np.asarray(n))


def plain_measure(measure: Measure) -> dict[str, float | int | None]:
    """Return a measure as JSON values."""
    value, mcse = (float(x) if np.isfinite(x) else None for x in (measure.value, measure.mcse))
    return {"value": value, "mcse": mcse, "n": int(measure.n)}


def won(outcomes: Outcomes) -> Floats:
    """Return 1 for replicates that reject in favour of treatment, else 0."""
    return np.asarray(outcomes.rejected * (outcomes.z > 0))


def truth_by_trial(design: DesignFile, outcomes: Outcomes) -> Floats:
    """Return (replicate,) true effects of the primary endpoint, from `true_values`."""
    o = outcomes
    return true_values(design, o.target, o.risk_control, o.risk_treated, given_measure(o))


def true_effect(design: DesignFile, outcomes: Outcomes) -> Measure:
    """Return the population effect on the scale of the method; logarithms for ratios."""
    return truth_of(design, truth_by_trial(design, outcomes), given_measure(outcomes))


def share(given: Any) -> dict[str, Any]:
    """Return a proportion of replicates with its Monte Carlo standard error."""
    hits = np.asarray(given)
    value = float(hits.mean())
    error = proportion_mcse(value, hits.size)
    return plain_measure(Measure(np.asarray(value), np.asarray(error), np.asarray(hits.size)))
