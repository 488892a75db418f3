"""Marginal structural models: the effect of each further month of treatment, pooled over visits.

Patient-months are weighted by the inverse probability of the treatment received so far, given the
course (and of having been seen), and the outcome of each month is regressed on the months treated
up to it. Robins JM, Hernan MA, Brumback B. *Epidemiology* 2000;11:550-60; Hernan MA, Brumback BA,
Robins JM. *Stat Med* 2002;21:1689-709.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from estimate.core.arrays import Bools, Floats
from estimate.core.estimand import Estimand
from estimate.core.matrices import invert_each
from estimate.core.result import Estimate, Scale, wald
from estimate.longitudinal.pooled_logistic import PooledFit, fit_pooled
from estimate.longitudinal.regimes import Courses
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError

#: What the outcome of a month depends on: months treated so far, or treatment of that month.
Exposure = Literal["cumulative", "current"]


@dataclass(frozen=True, slots=True)
class StructuralModel:
    """A marginal structural model; ``...`` is the leading shape.

    Attributes
    ----------
    coef
        (..., q) coefficients: exposure first, then months, then baseline covariates.
    cov
        (..., q, q) by M-estimation with leave-one-out residuals: it accounts for the estimated
        weights.
    cov_robust
        (..., q, q) the sandwich clustered by patient, with the weights taken as known.
    weights
        (..., n, month) stabilised; 0 where the outcome was not observed.
    binary
        Whether the outcome is 0/1 (logit link) or a measurement (identity link).
    n
        (...) patients with at least one outcome.
    converged
        (...) whether all models converged.
    """

    coef: Floats
    cov: Floats
    cov_robust: Floats
    weights: Floats
    binary: bool
    n: Floats
    converged: Bools

    def effect(self, outcome: str = "outcome", *, exposure: Exposure = "cumulative") -> Estimate:
        """Return the effect of the exposure: an odds ratio or a mean difference."""
        scale: Scale = "odds ratio" if self.binary else "mean difference"
        words = "each further month of treatment"
        if exposure == "current":
            words = "treatment of the month vs none"
        question = Estimand("all patients", words, outcome, f"{scale}, marginal")
        return wald(
            question, "marginal-structural-model", scale, self.coef[..., 0],
            np.sqrt(self.cov[..., 0, 0]), self.n, interval="Wald, M-estimation",
            converged=self.converged,
        )  # fmt: skip


def structural_model(
    data: Courses,
    monthly: ArrayLike | None = None,
    *,
    exposure: Exposure = "cumulative",
    baseline: int = 0,
    event: bool = False,
    truncate: tuple[float, float] | None = None,
) -> StructuralModel:
    """Fit a marginal structural model to the courses of patients.

    Treatment is modelled by a logistic regression pooled over months, on month, covariates of the
    month and treatment of the month before (denominator), and without the time-varying covariates
    (numerator); being seen after each month likewise, with that month's treatment. The outcome is
    modelled by a weighted regression on months and exposure, with independence working correlation
    and errors clustered by patient.

    Parameters
    ----------
    monthly
        (..., n, month) the outcome after each month: 0/1 or numbers; NaN where it was not observed.
        None: the outcome of ``data``, only after the last month.
    exposure
        Number of months treated so far, or treatment of the month.
    baseline
        How many of the last covariates are baseline values: they enter the numerator and the
        outcome model.
    event
        Whether the outcome can happen once: a patient leaves after the first month in which it is
        1, and the odds ratio approximates a hazard ratio.
    truncate
        Quantiles at which weights are cut; None cuts none.

    Raises
    ------
    InputError
        If shapes do not fit, or ``baseline`` is not a number of covariates.

    Examples
    --------
    >>> from estimate.longitudinal.regimes import courses
    >>> rng = np.random.default_rng(5)
    >>> low = rng.random((20_000, 2)) < 0.5
    >>> given = rng.random((20_000, 2)) < np.where(low, 0.7, 0.3)
    >>> y = rng.random(20_000) < expit(-1 + 0.5 * given.sum(1) - low.sum(1))
    >>> found = structural_model(courses(given, low[..., None], y)).effect()
    >>> print(f"{found.estimate:.2f} ({found.conf_low:.2f} to {found.conf_high:.2f})")
    1.49 (1.40 to 1.57)
    """
    y, under, seen = _followed(data, monthly, event)
    a, x = data.treatment, data.covariates
    if not 0 <= baseline <= x.shape[-1]:
        cure = f"give a number from 0 to {x.shape[-1]}"
        raise InputError.of("structural model", "baseline", str(baseline), cure)
    *lead, n, months, p = x.shape
    fixed = x[..., p - baseline :]
    before = np.concatenate([np.zeros_like(a[..., :1]), a[..., :-1]], -1)[..., None]
    month = np.broadcast_to(np.eye(months), (*lead, n, months, months))
    past = [] if months == 1 else [before]
    decided = under if data.open is None else under & data.open
    # a ratio of probabilities enters with the power -1 (denominator) or +1 (numerator)
    models = [
        _Probability(fit_pooled(np.concatenate([month, x, *past], -1), a, decided), -1),
        _Probability(fit_pooled(np.concatenate([month, fixed, *past], -1), a, decided), 1),
    ]
    if (under & ~seen).any():
        every = monthly is not None
        last = month if every else np.ones((*lead, n, months, 1))
        asked = under if every else _last(under)
        stay = seen.astype(float)
        models += [
            _Probability(
                fit_pooled(
                    np.concatenate([last, known, a[..., None]], -1), stay, asked, by_month=every
                ),
                power,
            )
            for known, power in ((x, -1), (fixed, 1))
        ]
    log_weight = sum((model.log.cumsum(-1) for model in models), np.zeros(a.shape))
    used = ~np.isnan(y) & under
    w = np.where(used, np.exp(log_weight), 0.0)
    if truncate is not None:
        w = _truncated(w, used, truncate)
    level = a if exposure == "current" else a.cumsum(-1)
    when = np.ones((*lead, n, months, 1)) if monthly is None else month
    design = np.concatenate([level[..., None], when, fixed], -1)
    return _weighted(design, np.where(used, y, 0.0), w, used, models)


def _followed(data: Courses, monthly: ArrayLike | None, event: bool) -> tuple[Floats, Bools, Bools]:
    """Return the outcome, whose months are under follow-up, and where the outcome was observed."""
    a = data.treatment
    if monthly is None:
        y = np.full(a.shape, np.nan)
        y[..., -1] = data.outcome
        return y, np.ones(a.shape, bool), ~np.isnan(y) | ~_last(np.ones(a.shape, bool))
    y = np.asarray(monthly, float)
    if y.shape != a.shape:
        problem = f"treatment {a.shape} and monthly outcome {y.shape} do not fit"
        raise InputError.of("structural model", "shape", problem, "give (..., patient, month)")
    if np.isinf(y).any():
        raise InputError.of("structural model", "outcome", "it is infinite", "correct it")
    seen = ~np.isnan(y)
    gone = ~seen | ((y == 1) & event)
    earlier = np.concatenate([np.zeros_like(gone[..., :1]), gone[..., :-1]], -1)
    return y, ~np.logical_or.accumulate(earlier, -1), seen


def _last(shape_of: Bools) -> Bools:
    """Return True only in the last month."""
    found = np.zeros(shape_of.shape, bool)
    found[..., -1] = True
    return found


def _truncated(w: Floats, used: Bools, at: tuple[float, float]) -> Floats:
    """Cut weights at quantiles of those used, in each data set."""
    flat = np.where(used, w, np.nan).reshape(*w.shape[:-2], -1)
    low, high = np.nanquantile(flat, at, axis=-1)
    return np.where(used, np.clip(w, low[..., None, None], high[..., None, None]), 0.0)


@dataclass(frozen=True, slots=True)
class _Probability:
    """A pooled model whose fitted probabilities enter the weights, with power 1 or -1."""

    model: PooledFit
    power: int

    @property
    def log(self) -> Floats:
        """Its contribution to the logarithm of the weight in each month, (..., n, month)."""
        with np.errstate(divide="ignore"):
            return np.asarray(self.power * np.log(self.model.likelihood))

    def correction(self, own: Floats) -> Floats:
        """Return (..., n, q): what estimating this model adds to the score of each patient.

        ``own`` is (..., n, month, q), each patient-month's term of the score of the outcome.
        """
        slope = self.power * self.model.scores.cumsum(-2)
        gradient = np.einsum("...nmq,...nmp->...qp", own, slope)
        return np.asarray(np.einsum("...np,...qp->...nq", self.model.influence, gradient))


def _weighted(
    design: Floats, y: Floats, w: Floats, used: Bools, models: list[_Probability]
) -> StructuralModel:
    """Fit the outcome model; errors with estimated and with known weights."""
    *lead, n, months, q = design.shape
    flat = (*lead, n * months)
    X, outcome, weight = design.reshape(*flat, q), y.reshape(flat), w.reshape(flat)
    binary = bool(np.isin(y[used], (0, 1)).all())
    if binary:
        fit = fit_logistic(X, outcome, weight)
        coef, bread, sound = fit.coef, fit.cov, fit.converged
        mean = expit(np.einsum("...np,...p->...n", X, coef))
        curvature = weight * mean * (1 - mean)
    else:
        weighted = X * weight[..., None]
        information = np.swapaxes(X, -1, -2) @ weighted
        inverse, _ = invert_each(information.reshape(-1, q, q))
        bread = inverse.reshape(information.shape)
        coef = np.einsum("...pq,...nq,...n->...p", bread, weighted, outcome)
        mean = np.einsum("...np,...p->...n", X, coef)
        sound, curvature = np.isfinite(coef).all(-1), weight
    own = ((outcome - mean) * weight)[..., None] * X
    own = own.reshape(*lead, n, months, q)
    known = own.sum(-2)
    # a patient of large weight draws the fit towards itself: leave-one-out residuals
    pull = np.einsum("...np,...pq,...nq->...n", X, bread, X) * curvature
    alone = known / (1 - np.minimum(pull.reshape(*lead, n, months).sum(-1), 0.9))[..., None]
    estimated = alone + sum((model.correction(own) for model in models), np.zeros(known.shape))
    for model in models:
        sound = sound & model.model.fit.converged
    return StructuralModel(
        coef, _sandwich(bread, estimated), _sandwich(bread, known), w, binary,
        used.any(-1).sum(-1), np.asarray(sound),
    )  # fmt: skip


def _sandwich(bread: Floats, scores: Floats) -> Floats:
    influence = scores @ bread
    return np.asarray(np.swapaxes(influence, -1, -2) @ influence)
