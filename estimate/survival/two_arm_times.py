"""Two arms compared by times in whole days: log-rank test, Cox model, restricted mean time.

Days are counted, so that thousands of trials are compared at once. The event is favourable (a
birth): effects are positive, and hazard ratios above 1, where treatment brings it earlier or more
often. Mantel N. *Cancer Chemother Rep* 1966;50:163-70; Cox DR. *J R Stat Soc B* 1972;34:187-220,
ties by Efron; Royston P, Parmar MKB. *Stat Med* 2011;30:2409-21.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.numeric.roots import chandrupatla_roots
from estimate.core.result import Z95

#: Newton steps at most, and a log hazard ratio beyond which there is no finite estimate.
STEP_LIMIT, FAR = 30, 12.0

#: Accuracy of limits of a log hazard ratio.
TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Patients at risk and events by day, control before treatment.

    Attributes
    ----------
    events, at_risk
        (trial, arm, stratum, day) patients with the event on a day, and without it before that day.
    """

    events: Floats
    at_risk: Floats


def count_days(
    day: Ints,
    event: ArrayLike,
    arm: ArrayLike,
    include: ArrayLike,
    horizon: int,
    stratum: Ints | None = None,
    strata: int = 1,
) -> DayCounts:
    """Count the days of many trials.

    Parameters
    ----------
    day
        (trial, patient) last day of follow-up, from 0 to ``horizon``.
    event, arm, include
        (trial, patient) 0 or 1: whether the event ends the follow-up, treatment, and whether the
        patient is analysed.
    stratum
        (trial, patient) numbers from 0 to ``strata - 1``; None is one stratum.
    """
    trials, width = day.shape[0], horizon + 1
    shape = (trials, 2, strata, width)
    place = np.arange(trials)[:, None] * 2 + np.asarray(arm, np.int64)
    place = place * strata + (0 if stratum is None else stratum)
    place = (place * width + np.clip(day, 0, horizon)).ravel()
    size = int(np.prod(shape))
    kept = np.asarray(include, float).ravel()
    ends: Floats = np.bincount(place, kept, size).astype(float).reshape(shape)
    events: Floats = (
        np.bincount(place, kept * np.asarray(event, float).ravel(), size)
        .astype(float)
        .reshape(shape)
    )
    return DayCounts(events, ends[..., ::-1].cumsum(-1)[..., ::-1])


def log_rank_of_days(counts: DayCounts) -> tuple[Floats, Floats]:
    """Return (trial,) observed less expected events under treatment, and their variance.

    >>> day, event, arm = np.array([[1, 2, 3, 4]]), np.ones((1, 4)), np.array([[1, 0, 1, 0]])
    >>> over, variance = log_rank_of_days(count_days(day, event, arm, event, 4))
    >>> print(f"{over[0]:.4f} {variance[0]:.4f}")
    0.6667 0.7222
    """
    events, at_risk = counts.events, counts.at_risk
    n, d = at_risk.sum(1), events.sum(1)
    share = np.divide(at_risk[:, 1], n, out=np.zeros_like(n), where=n > 0)
    over = (events[:, 1] - d * share).sum((-2, -1))
    left = np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)
    return over, (d * share * (1 - share) * left).sum((-2, -1))


def cox_two_arms(counts: DayCounts) -> tuple[Floats, Floats, Bools]:
    """Return (trial,) log hazard ratios, their standard errors, and whether they are finite.

    Each stratum has a baseline hazard of its own.

    >>> day, event, arm = np.array([[1, 2, 3, 4]]), np.ones((1, 4)), np.array([[1, 0, 1, 0]])
    >>> found = cox_two_arms(count_days(day, event, arm, event, 4))
    >>> print(f"{found[0][0]:.4f} {found[1][0]:.4f}")
    0.9406 1.2403
    """
    days = np.flatnonzero(counts.events.any((0, 1, 2)))
    events, at_risk = counts.events[..., days], counts.at_risk[..., days]
    total = events.sum((-2, -1))
    sound = (total > 0).all(1)
    value: Floats = np.zeros(len(events))
    information: Floats = np.ones(len(events))
    for _ in range(STEP_LIMIT):
        score, information = _efron(events, at_risk, value)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(sound, np.clip(score / information, -1.0, 1.0), 0.0)
        value = value + np.nan_to_num(step)
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    sound = sound & (np.abs(value) < FAR) & (information > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return value, 1 / np.sqrt(information), sound


def hazard_ratio_limits(counts: DayCounts, statistic: Floats) -> tuple[Floats, Floats]:
    """Return (trial,) 95 % limits of the log hazard ratio that agree with a log-rank test.

    They contain the values that the score test of Cox's model does not reject. Its statistic at
    each value is multiplied by the ratio that both statistics have without an effect: the interval
    excludes no effect if and only if ``statistic`` is beyond 1.96. A limit may be infinite.

    Parameters
    ----------
    statistic
        (trial,) log-rank statistics, positive where treatment has more events than expected.

    Examples
    --------
    >>> day, event, arm = np.array([[1, 2, 3, 4]]), np.ones((1, 4)), np.array([[1, 0, 1, 0]])
    >>> counts = count_days(day, event, arm, event, 4)
    >>> over, variance = log_rank_of_days(counts)
    >>> low, high = hazard_ratio_limits(counts, over / np.sqrt(variance))
    >>> print(f"{low[0]:.4f} to {high[0]:.4f}")
    -1.1274 to 2.9999
    """
    days = np.flatnonzero(counts.events.any((0, 1, 2)))
    events, at_risk = counts.events[..., days], counts.at_risk[..., days]
    trials = len(events)

    def above(value: Floats, bound: Floats, trial: Floats) -> Floats:
        rows = trial.astype(np.int64)
        return _score_of(events[rows], at_risk[rows], value) - bound

    every = np.arange(trials, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(_score_of(events, at_risk, np.zeros(trials)) / statistic)
    bound = Z95 * np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
    columns = np.stack([np.r_[bound, -bound], np.r_[every, every]])
    ends = np.full((2, 2 * trials), [[-FAR], [FAR]])
    first, last = (above(end, *columns) for end in ends)
    found = np.where(first > 0, np.inf, -np.inf)
    inside = (first > 0) & (last < 0)
    if inside.any():
        low, high = ends[:, inside]
        found[inside] = chandrupatla_roots(above, low, high, columns[:, inside], xtol=TOLERANCE)
    return found[:trials], found[trials:]


def _score_of(events: Floats, at_risk: Floats, value: Floats) -> Floats:
    """Return scores of Cox's model over their standard errors, 0 without information."""
    score, information = _efron(events, at_risk, value)
    known = information > 0
    return np.where(known, score / np.sqrt(np.where(known, information, 1.0)), 0.0)


def _efron(events: Floats, at_risk: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Return score and information of the partial likelihood at log hazard ratios."""
    d = events.sum(1)
    hazard = np.exp(value)[:, None, None]
    score: Floats = np.asarray(events[:, 1].sum((-2, -1)))
    information: Floats = np.zeros(len(value))
    for tie in range(int(d.max(initial=0))):
        gone = np.divide(tie, d, out=np.zeros_like(d), where=d > tie)
        treated = (at_risk[:, 1] - gone * events[:, 1]) * hazard
        whole = treated + at_risk[:, 0] - gone * events[:, 0]
        share = np.divide(treated, whole, out=np.zeros_like(d), where=d > tie)
        score = score - share.sum((-2, -1))
        information = information + (share * (1 - share)).sum((-2, -1))
    return score, information


def restricted_means(counts: DayCounts) -> tuple[Floats, Floats]:
    """Return (trial, arm) restricted mean days without the event, and their variances.

    Kaplan-Meier up to the last day counted, with Greenwood's variance; strata are pooled.

    >>> day, event, arm = np.array([[1, 2, 3, 4]]), np.ones((1, 4)), np.array([[0, 0, 0, 0]])
    >>> mean, variance = restricted_means(count_days(day, event, arm, event, 4))
    >>> print(f"{mean[0, 0]:.2f} {variance[0, 0]:.4f}")
    2.50 0.3125
    """
    events, at_risk = counts.events.sum(2), counts.at_risk.sum(2)
    hazard = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    survival = np.cumprod(1 - hazard, axis=-1)[..., :-1]
    beyond = survival[..., ::-1].cumsum(-1)[..., ::-1]
    d, n = events[..., :-1], at_risk[..., :-1]
    terms = np.divide(d, n * (n - d), out=np.zeros_like(d), where=n > d)
    return beyond[..., 0], (beyond**2 * terms).sum(-1)
