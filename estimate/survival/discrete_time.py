"""Discrete-time hazard models: the probability of a birth at each transfer, given none before.

Every couple contributes one row per transfer at risk; a binary regression on these rows has the
likelihood of the whole course. Allison PD. *Sociol Methodol* 1982;13:61-98.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, wald
from estimate.regression.logistic import fit_logistic

Link = Literal["logit", "cloglog"]

STEP_LIMIT = 50


def person_periods(
    time: ArrayLike, event: ArrayLike, X: ArrayLike, *, top: int
) -> tuple[Floats, Floats, Floats]:
    """Unfold couples into transfers.

    Parameters
    ----------
    time
        (..., n) order of the last transfer at risk.
    event
        (..., n) 0/1, a birth at that transfer.
    X
        (..., n, c) characteristics that do not change, without intercept.
    top
        Orders from this one on share one baseline hazard.

    Returns
    -------
    tuple
        Design (..., n * orders, 1 + c + top - 1): intercept, characteristics, orders 2 ... top;
        outcome and weight (..., n * orders); a weight of 0 marks a transfer that did not take
        place.
    """
    time, event, X = np.asarray(time), np.asarray(event, float), np.asarray(X, float)
    order = np.arange(1, int(time.max()) + 1)
    weight = (order <= time[..., None]).astype(float)
    outcome = (order == time[..., None]) * event[..., None]
    dummies = np.equal.outer(np.minimum(order, top), np.arange(2, top + 1)).astype(float)
    lead = (*time.shape, len(order))
    parts = [
        np.ones((*lead, 1)),
        np.broadcast_to(X[..., None, :], (*lead, X.shape[-1])),
        np.broadcast_to(dummies, (*lead, top - 1)),
    ]
    flat = (*time.shape[:-1], time.shape[-1] * len(order))
    design = np.concatenate(parts, -1)
    return design.reshape(*flat, design.shape[-1]), outcome.reshape(flat), weight.reshape(flat)


def discrete_hazard(
    time: ArrayLike,
    event: ArrayLike,
    X: ArrayLike,
    question: Estimand,
    *,
    top: int,
    link: Link = "logit",
) -> Estimate:
    """Return the effect of the first characteristic on the hazard of a birth per transfer.

    "logit" gives the odds ratio of the hazard, "cloglog" the hazard ratio of the continuous-time
    proportional-hazards model that was observed in intervals.

    Examples
    --------
    >>> question = Estimand("all couples", "therapy 1 vs 0", "live_birth", "")
    >>> time, event = [1, 1, 2, 2, 1, 2] * 5, [1, 0, 1, 0, 1, 1] * 5
    >>> therapy = [0, 0, 0, 1, 1, 1] * 5
    >>> answer = discrete_hazard(time, event, np.transpose([therapy]), question, top=2)
    >>> print(f"{answer.estimate:.2f} ({answer.conf_low:.2f} to {answer.conf_high:.2f})")
    0.49 (0.13 to 1.82)
    """
    design, outcome, weight = person_periods(time, event, X, top=top)
    if link == "logit":
        fit = fit_logistic(design, outcome, weight)
        coef, cov, converged = fit.coef, fit.cov, fit.converged
    else:
        coef, cov, converged = _fit_cloglog(design, outcome, weight)
    summary = "odds ratio of the hazard" if link == "logit" else "hazard ratio"
    with np.errstate(invalid="ignore"):
        error = np.sqrt(cov[..., 1, 1])
    return wald(
        question.as_(summary),
        f"discrete time, {link}",
        "odds ratio" if link == "logit" else "hazard ratio",
        coef[..., 1],
        error,
        np.asarray(time).shape[-1],
        converged=converged,
    )


def _fit_cloglog(X: Floats, y: Floats, weights: Floats) -> tuple[Floats, Floats, Bools]:
    """Fit log(-log(1 - Pr(y = 1))) = X b by Fisher scoring (McCullagh and Nelder 1989, 4.4)."""
    b = np.zeros((*X.shape[:-2], X.shape[-1]))
    # Start at the overall hazard; from 0 the first step overshoots.
    mean = (weights * y).sum(-1) / weights.sum(-1)
    b[..., 0] = np.log(-np.log1p(-mean.clip(1e-6, 1 - 1e-6)))
    converged: Bools = np.zeros(b.shape[:-1], bool)
    cov = np.full((*b.shape, b.shape[-1]), np.nan)
    for _ in range(STEP_LIMIT):
        rate = np.exp(np.matmul(X, b[..., None])[..., 0].clip(-30, 3))
        survival = np.exp(-rate)
        residual = weights * rate * (y - (1 - survival)) / -np.expm1(-rate)
        working = weights * rate**2 * survival / -np.expm1(-rate)
        score = np.matmul(residual[..., None, :], X)[..., 0, :]
        information = np.matmul((X * working[..., None]).swapaxes(-1, -2), X)
        cov = np.linalg.pinv(information, hermitian=True)
        step = np.einsum("...pq,...q->...p", cov, score)
        b = b + step.clip(-3, 3)
        converged = (np.abs(step) < 1e-9).all(-1) & (np.abs(b) < 25).all(-1)
        if converged.all():
            break
    return b, cov, converged
