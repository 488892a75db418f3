"""Cumulative live birth over the order of embryo transfers: curves and tests.

Time is the order of a couple's transfers (1, 2, ...), the event is a live birth. Couples who stop
without one have no natural censoring time, and assumptions on them change the curve by tens of
percentage points; the assumption (`Convention`) is therefore an explicit choice.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.comparison.two_sample import Comparison
from estimate.core.arguments import flags, one_of
from estimate.core.arrays import Floats, Ints
from estimate.core.estimand import Estimand, IntercurrentEvent
from estimate.core.result import Z95, Estimate, wald
from protocol.errors import InputError

#: Assumptions on couples who stop without a birth. "censored": they are censored at their last
#: transfer, assuming the same success as couples who continue (optimistic). "conservative": they
#: stay at risk to the last order and never succeed, so the curve ends at the observed proportion
#: ("non-censored values"). "embryos left": censored if frozen embryos remain, otherwise at risk to
#: the last order.
Convention = Literal["censored", "conservative", "embryos left"]

ConfidenceType = Literal["log", "log-log", "plain"]


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
            raise InputError.of("survival", "embryos_left", "is absent", "give 0 or 1 per couple")
        left = np.asarray(embryos_left, float)
        if not np.isin(np.where(birth, 0, left), (0, 1)).all():
            cure = "give 0 or 1 for every couple without a birth"
            raise InputError.of("survival", "embryos_left", "is missing or not 0/1", cure)
        stays = stays & (left == 0)
    return np.where(stays, last, transfers)


def assuming(question: Estimand, convention: Convention) -> Estimand:
    """Return the estimand with the convention's strategy for couples who stop."""
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
    "log" is the default of R's survfit. Before the first event, both limits are 1.

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


def _whole_times(values: ArrayLike, field: str) -> Ints:
    """Return times as whole numbers; refuse others, which a table by order cannot hold."""
    times = np.asarray(values, float)
    if not (np.isfinite(times) & (times == np.floor(times)) & (times >= 1)).all():
        cure = "give whole numbers from 1; exclude couples without a transfer"
        raise InputError.of("survival", field, "a time is not a whole number from 1", cure)
    return times.astype(np.int64)
