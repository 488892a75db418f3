"""Cox's model of the arm on life tables by order of transfer, with three treatments of ties."""

from typing import Literal, get_args

import numpy as np
from scipy import special

from estimate.core.arguments import one_of
from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.survival.cumulative_live_birth import LifeTable
from protocol.errors import InputError

Ties = Literal["efron", "breslow", "exact"]

STEP_LIMIT = 50


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
