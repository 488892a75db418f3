"""Cumulative live birth over the order of embryo transfers: curves, tests, hazard models.

Time is the order of a couple's transfers (1, 2, ...), the event is a live birth. Couples
who stop without one have no natural censoring time, and what is assumed of them moves the curve by
tens of points; so the assumption (`Convention`) is chosen openly.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.comparison.two_sample import Comparison
from estimate.core.arguments import flags, one_of
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.estimand import Estimand, IntercurrentEvent
from estimate.core.result import Z95, Estimate, wald
from protocol.errors import InputError

#: What is assumed of couples who stop without a birth.
#: "censored": they leave at their last transfer, as likely to succeed later as those who go on
#: (optimistic). "conservative": they stay at risk to the last order and never succeed, so the
#: curve ends at the observed proportion ("non-censored values"). "embryos left": censored if frozen
#: embryos remain, otherwise at risk to the last order.
Convention = Literal["censored", "conservative", "embryos left"]

ConfidenceType = Literal["log", "log-log", "plain"]

Ties = Literal["efron", "breslow", "exact"]

STEP_LIMIT = 50


def transfer_times(
    transfers: ArrayLike,
    birth: ArrayLike,
    convention: Convention,
    *,
    embryos_left: ArrayLike | None = None,
) -> Ints:
    """Return for each couple the order of the last transfer at which it counts as at risk.

    Parameters
    ----------
    transfers
        (..., n) transfers had, at least 1; the last one is the birth, where there was one.
    birth
        (..., n) 0/1.
    embryos_left
        (..., n) 0/1, needed for "embryos left" and read for couples without a birth only.

    Examples
    --------
    >>> transfer_times([1, 2, 3], [1, 0, 0], "conservative")
    array([1, 3, 3])
    """
    one_of("survival", "convention", convention, get_args(Convention))
    transfers, birth = _whole_times(transfers, "transfers"), flags("survival", "birth", birth)
    if convention == "censored":
        return transfers
    last = transfers.max(-1, keepdims=True)
    stays = ~birth
    if convention == "embryos left":
        if embryos_left is None:
            raise InputError.of("survival", "embryos_left", "is absent", "say 0 or 1 per couple")
        left = np.asarray(embryos_left, float)
        if not np.isin(np.where(birth, 0, left), (0, 1)).all():
            cure = "say 0 or 1 for every couple without a birth"
            raise InputError.of("survival", "embryos_left", "is missing or not 0/1", cure)
        stays = stays & (left == 0)
    return np.where(stays, last, transfers)


def assuming(question: Estimand, convention: Convention) -> Estimand:
    """Return the question with what the convention makes of couples who stop."""
    event = "stopped transfers without a birth"
    events: tuple[IntercurrentEvent, ...]
    if convention == "conservative":
        events = (IntercurrentEvent(event, "composite variable"),)
    elif convention == "censored":
        events = (IntercurrentEvent(event, "hypothetical"),)
    else:
        events = (
            IntercurrentEvent(f"{event}, embryos left", "hypothetical"),
            IntercurrentEvent(f"{event}, no embryos left", "composite variable"),
        )
    return replace(question, intercurrent=question.intercurrent + events)


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Couples (or weights) ``at_risk`` at each order, and ``events`` there; shape (..., order)."""

    order: Ints
    at_risk: Floats
    events: Floats


def life_table(
    time: ArrayLike, event: ArrayLike, weights: ArrayLike | None = None, *, last: int | None = None
) -> LifeTable:
    """Count who is at risk, and who delivers, at each order 1 ... ``last``.

    ``weights`` (..., n) may select an arm (0/1) or carry propensity weights. Events follow
    censoring within one order: a couple censored at its third transfer was at risk at the third.

    Raises
    ------
    InputError
        If a time is not a whole number from 1, or an event not 0 or 1: a table by order would lose
        them. For continuous times see `estimate.outcomes.times`.

    Examples
    --------
    >>> life_table([1, 2, 2], [1, 0, 1]).at_risk
    array([3., 2.])
    """
    time, event = np.broadcast_arrays(_whole_times(time, "time"), flags("survival", "event", event))
    weights = np.ones(time.shape) if weights is None else np.asarray(weights, float)
    order = np.arange(1, (int(time.max()) if last is None else last) + 1)
    at_risk = [((time >= t) * weights).sum(-1) for t in order]
    events = [((time == t) * event * weights).sum(-1) for t in order]
    return LifeTable(order, np.stack(at_risk, -1), np.stack(events, -1))


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Proportion without a birth after each order, (..., order): 1 - cumulative live birth."""

    table: LifeTable
    survival: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    interval: str


def kaplan_meier(table: LifeTable, interval: ConfidenceType = "log-log") -> SurvivalCurve:
    """Return the product-limit curve with Greenwood's standard error and 95 % pointwise limits.

    Kaplan EL, Meier P. *J Am Stat Assoc* 1958;53:457-81. "log-log" limits stay within 0 and 1;
    "log" is the default of R's survfit. Where nothing has happened yet, both limits are 1.

    Examples
    --------
    >>> kaplan_meier(life_table([1, 2, 2, 3], [1, 0, 1, 0])).survival
    array([0.75, 0.5 , 0.5 ])
    """
    one_of("survival", "interval", interval, get_args(ConfidenceType))
    n, d = table.at_risk, table.events
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(n > 0, d / n, 0)
        survival = np.cumprod(1 - hazard, axis=-1)
        relative = np.sqrt(np.cumsum(np.where(d > 0, d / (n * (n - d)), 0), axis=-1))
        error = np.where(survival > 0, survival * relative, 0)
        if interval == "plain":
            low, high = survival - Z95 * error, survival + Z95 * error
        elif interval == "log":
            low, high = survival * np.exp(-Z95 * relative), survival * np.exp(Z95 * relative)
        else:
            variation = np.exp(Z95 * relative / np.log(survival))
            low, high = survival ** (1 / variation), survival**variation
        untouched = relative == 0
        low, high = (np.where(untouched, survival, limit) for limit in (low, high))
    low, high = low.clip(0, 1), high.clip(0, 1)
    return SurvivalCurve(table, survival, error, low, high, interval)


def log_rank(arm0: LifeTable, arm1: LifeTable, *, rho: float = 0.0) -> Comparison:
    """Compare two arms; ``rho`` 1 is Peto and Peto's weighting by the survival just before.

    Harrington DP, Fleming TR. *Biometrika* 1982;69:553-66. Tables of equal orders.

    Examples
    --------
    >>> a, b = life_table([1, 2, 3], [1, 1, 0]), life_table([1, 2, 3], [0, 0, 1])
    >>> print(f"{log_rank(a, b).p_value:.4f}")
    0.5637
    """
    n, d = arm0.at_risk + arm1.at_risk, arm0.events + arm1.events
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.cumprod(np.where(n > 0, 1 - d / n, 1), axis=-1)
        weight = np.concatenate([np.ones_like(n[..., :1]), pooled[..., :-1]], -1) ** rho
        share = np.where(n > 0, arm1.at_risk / n, 0)
        variation = np.where(n > 1, d * (n - d) / (n - 1) * share * (1 - share), 0)
        excess = (weight * (arm1.events - d * share)).sum(-1)
        statistic = np.asarray(excess**2 / (weight**2 * variation).sum(-1))
    name = "log-rank" if rho == 0 else f"log-rank, weights S^{rho:g}"
    df = np.ones(statistic.shape)
    return Comparison(name, statistic, np.asarray(special.chdtrc(df, statistic)), df)


def expected_events(arm0: LifeTable, arm1: LifeTable) -> tuple[Floats, Floats]:
    """Return the events expected in each arm if both had the pooled hazard at every order."""
    n, d = arm0.at_risk + arm1.at_risk, arm0.events + arm1.events
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(n > 0, d / n, 0)
    return (hazard * arm0.at_risk).sum(-1), (hazard * arm1.at_risk).sum(-1)


def cumulative_difference(arm0: LifeTable, arm1: LifeTable, question: Estimand) -> Estimate:
    """Return the difference in cumulative live birth after the last order, arm 1 minus arm 0."""
    curves = [kaplan_meier(arm) for arm in (arm0, arm1)]
    with_birth = [1 - curve.survival[..., -1] for curve in curves]
    error = np.hypot(*(curve.std_error[..., -1] for curve in curves))
    n = (arm0.at_risk[..., 0] + arm1.at_risk[..., 0]).round()
    return wald(
        question.as_("difference in cumulative live birth"),
        "Kaplan-Meier",
        "risk difference",
        with_birth[1] - with_birth[0],
        error,
        n,
        interval="Wald, Greenwood",
    )


def hazard_ratio(
    arm0: LifeTable, arm1: LifeTable, question: Estimand, *, ties: Ties = "efron"
) -> Estimate:
    """Fit Cox's model with the arm as its one covariate, by Newton's method on the life tables.

    "efron" and "breslow" approximate tied continuous times and estimate a hazard ratio. "exact" is
    Cox's discrete (conditional logistic) partial likelihood; its estimate is the odds ratio of the
    discrete hazards, and is labelled so. Cox DR. *J R Stat Soc B* 1972;34:187-220.
    """
    one_of("survival", "ties", ties, get_args(Ties))
    if ties == "exact" and any((t != np.floor(t)).any() for t in (arm0.at_risk, arm1.at_risk)):
        cure = 'use "efron" or "breslow"'
        raise InputError.of("survival", "ties", "exact ties need counts, not weights", cure)
    score_and_information = _TIES[ties]
    b = np.zeros(np.broadcast_shapes(arm0.events.shape, arm1.events.shape)[:-1])
    converged: Bools = np.zeros(b.shape, bool)
    information = np.full(b.shape, np.nan)
    for _ in range(STEP_LIMIT):
        score, information = score_and_information(arm0, arm1, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(information > 0, score / information, 0)
        b = b + step.clip(-2, 2)
        converged = (np.abs(step) < 1e-10) & (information > 1e-8)
        if converged.all():
            break
    with np.errstate(divide="ignore", invalid="ignore"):
        error = 1 / np.sqrt(information)
    n = (arm0.at_risk[..., 0] + arm1.at_risk[..., 0]).round()
    discrete = ties == "exact"
    return wald(
        question.as_("odds ratio of discrete hazards" if discrete else "hazard ratio"),
        f"Cox, {ties} ties",
        "odds ratio" if discrete else "hazard ratio",
        b,
        error,
        n,
        converged=converged,
    )


def _whole_times(values: ArrayLike, field: str) -> Ints:
    """Return times as whole numbers; refuse others, which a table by order cannot hold."""
    times = np.asarray(values, float)
    if not (np.isfinite(times) & (times == np.floor(times)) & (times >= 1)).all():
        cure = "give whole numbers from 1; exclude couples without a transfer"
        raise InputError.of("survival", field, "a time is not a whole number from 1", cure)
    return times.astype(np.int64)


def _breslow(arm0: LifeTable, arm1: LifeTable, b: Floats) -> tuple[Floats, Floats]:
    d = arm0.events + arm1.events
    share = _share(arm0.at_risk, arm1.at_risk, b[..., None])
    return (arm1.events - d * share).sum(-1), (d * share * (1 - share)).sum(-1)


def _efron(arm0: LifeTable, arm1: LifeTable, b: Floats) -> tuple[Floats, Floats]:
    """Of d tied events, the l-th sees the risk set without l/d of those who tie."""
    d = (arm0.events + arm1.events)[..., None]
    l_th = np.arange(int(np.ceil(d.max())) if d.size else 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gone = np.where(l_th < d, l_th / d, 0)
    left = [arm.at_risk[..., None] - gone * arm.events[..., None] for arm in (arm0, arm1)]
    share = np.where(l_th < d, _share(left[0], left[1], b[..., None, None]), 0)
    return (arm1.events - share.sum(-1)).sum(-1), (share * (1 - share)).sum((-2, -1))


def _exact(arm0: LifeTable, arm1: LifeTable, b: Floats) -> tuple[Floats, Floats]:
    """Given the margins, events of arm 1 follow the non-central hypergeometric law."""
    n0, n1 = arm0.at_risk[..., None], arm1.at_risk[..., None]
    d = (arm0.events + arm1.events)[..., None]
    k = np.arange(int(d.max()) + 1)
    inside = (k <= d) & (k <= n1) & (d - k <= n0)
    top, rest = np.where(inside, k, 0), np.where(inside, d - k, 0)
    log_ways = _log_choose(n1, top) + _log_choose(n0, rest)
    weight = np.where(inside, log_ways + k * b[..., None, None], -np.inf)
    weight = np.exp(weight - weight.max(-1, keepdims=True))
    weight = weight / weight.sum(-1, keepdims=True)
    mean = (weight * k).sum(-1)
    variance = (weight * k**2).sum(-1) - mean**2
    return (arm1.events - mean).sum(-1), variance.sum(-1)


def _log_choose(n: Floats, k: Floats) -> Floats:
    n = np.maximum(n, k)
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _share(n0: Floats, n1: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = n1 * np.exp(b)
        return np.where(n0 + risk > 0, risk / (n0 + risk), 0)


_TIES = {"efron": _efron, "breslow": _breslow, "exact": _exact}
