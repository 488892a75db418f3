"""Random-effects models of counts, which need no correction for empty cells.

Binomial-normal: the logit of each arm is a fixed effect of its study, plus or minus half a log
odds ratio that varies between studies (Jackson D et al. *Stat Med* 2018;37:1059-85, model 4;
UM.FS in metafor). Beta-binomial: risks of an arm vary between studies as a beta distribution (Kuss
O. *Stat Med* 2015;34:1097-116, doi 10.1002/sim.6383). This model ignores which arms belong to one
study; it is biased where the ratio of arm sizes differs between studies.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import betaln, digamma, expit, gammaln, log_expit, logsumexp

from estimate.core.arrays import Floats
from estimate.meta_analysis.peto import PooledLogOdds
from protocol.errors import InputError

#: Points of the quadrature over the effect of a study.
_NODES, _WEIGHTS = hermegauss(41)
_LOG_WEIGHTS = np.log(_WEIGHTS) - 0.5 * np.log(2 * np.pi)

#: The effect of a study moves its arms apart by half each way, so that no arm varies more.
_HALVES = np.array([[0.5], [-0.5]])


@dataclass(frozen=True, slots=True)
class CountModel:
    """A pooled log odds ratio from a model of counts.

    Attributes
    ----------
    pooled
        The log odds ratio, experimental against control, with its Wald test and interval.
    tau2
        Variance of the log odds ratio between studies (binomial-normal model).
    correlation
        Correlation of two patients of one study and arm (beta-binomial model).
    log_likelihood
        Its maximum, binomial coefficients included.
    studies
        Studies that contributed; those without any event, or with only events, do not.
    """

    pooled: PooledLogOdds
    tau2: float
    correlation: float
    log_likelihood: float
    studies: int


def binomial_normal(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> CountModel:
    """Fit the binomial-normal model with fixed effects of studies, by maximum likelihood.

    Parameters
    ----------
    x1, n1, x2, n2
        (study,) events and patients of the experimental and the control arm.

    Raises
    ------
    InputError
        Fewer than two studies have both events and patients without one, or it did not converge.
    """
    counts = _informative(x1, n1, x2, n2)
    studies = counts.shape[1]
    start = np.concatenate([_start_levels(counts), [0.0]])
    fits = [
        _minimise(lambda q: _binomial_normal_loss(q, counts), np.append(start, tau))
        for tau in (0.0, 0.5)
    ]
    point, loss = min(fits, key=lambda fit: fit[1])
    hessian = _hessian(lambda q: _binomial_normal_loss(q, counts)[1], point)
    tau = abs(float(point[-1]))
    # At a tau of 0 the likelihood is flat in it to first order: the other rows suffice.
    block = hessian if tau > 1e-4 else hessian[:-1, :-1]
    covariance = np.linalg.inv(block)
    error = float(np.sqrt(covariance[studies, studies]))
    return CountModel(
        pooled=PooledLogOdds.of(float(point[studies]), error),
        tau2=tau**2,
        correlation=float("nan"),
        log_likelihood=_coefficients(counts) - loss,
        studies=studies,
    )


def beta_binomial(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> CountModel:
    """Fit the beta-binomial model of both arms with one correlation, by maximum likelihood."""
    parts = [np.atleast_1d(np.asarray(each, float)) for each in (x1, n1, x2, n2)]
    counts = np.stack(np.broadcast_arrays(*parts))
    x, n = np.concatenate([counts[0], counts[2]]), np.concatenate([counts[1], counts[3]])
    arm = np.repeat([1.0, 0.0], counts.shape[1])

    def loss(q: Floats) -> tuple[float, Floats]:
        return _beta_binomial_loss(q, x, n, arm)

    risk = (counts[2].sum() + 0.5) / (counts[3].sum() + 1)
    point, value = _minimise(loss, np.array([np.log(risk / (1 - risk)), 0.0, -2.0]))
    covariance = np.linalg.inv(_hessian(lambda q: loss(q)[1], point))
    return CountModel(
        pooled=PooledLogOdds.of(float(point[1]), float(np.sqrt(covariance[1, 1]))),
        tau2=float("nan"),
        correlation=float(expit(point[2])),
        log_likelihood=_coefficients(counts) - value,
        studies=counts.shape[1],
    )


def _informative(x1: ArrayLike, n1: ArrayLike, x2: ArrayLike, n2: ArrayLike) -> Floats:
    """Return (4, study) counts of the studies that inform on an odds ratio."""
    parts = [np.atleast_1d(np.asarray(each, float)) for each in (x1, n1, x2, n2)]
    counts = np.stack(np.broadcast_arrays(*parts))
    events, total = counts[0] + counts[2], counts[1] + counts[3]
    counts = counts[:, (events > 0) & (events < total)]
    if counts.shape[1] < 2:
        problem = "fewer than two studies have both events and patients without one"
        raise InputError.of("studies", "counts", problem, "report the studies one by one")
    return counts


def _start_levels(counts: Floats) -> Floats:
    """Return the logit of the pooled risk of each study."""
    risk = (counts[0] + counts[2] + 0.5) / (counts[1] + counts[3] + 1)
    return np.asarray(np.log(risk / (1 - risk)))


def _binomial_normal_loss(q: Floats, counts: Floats) -> tuple[float, Floats]:
    """Return minus the log likelihood of (levels, log odds ratio, tau), and its gradient.

    The integral over the effect of a study is evaluated about its mode (adaptive quadrature).
    """
    logits = np.stack([q[:-2] + q[-2], q[:-2]])
    x, n, tau = counts[[0, 2]], counts[[1, 3]], q[-1]
    mode, width = _mode(logits, tau, x, n)
    u = mode[:, None] + width[:, None] * _NODES
    each = logits[..., None] + tau * _HALVES[..., None] * u
    inner = x[..., None] * log_expit(each) + (n - x)[..., None] * log_expit(-each)
    terms = inner.sum(axis=0) - 0.5 * u**2 + 0.5 * _NODES**2 + _LOG_WEIGHTS
    per_study = logsumexp(terms, axis=1)
    weight = np.exp(terms - per_study[:, None])
    residual = weight * (x[..., None] - n[..., None] * expit(each))
    by_arm = residual.sum(axis=-1)
    by_tau = float((residual * _HALVES[..., None] * u).sum())
    gradient = np.concatenate([by_arm.sum(axis=0), [by_arm[0].sum(), by_tau]])
    return -float((per_study + np.log(width)).sum()), -gradient


def _mode(logits: Floats, tau: float, x: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return where the integrand over the effect of a study peaks, and its width there."""
    u = np.zeros(logits.shape[1])
    slope = tau * _HALVES
    for _ in range(50):
        risk = expit(logits + slope * u)
        curvature = 1 + (slope**2 * n * risk * (1 - risk)).sum(axis=0)
        step = ((slope * (x - n * risk)).sum(axis=0) - u) / curvature
        u = u + np.clip(step, -2, 2)
    return u, 1 / np.sqrt(curvature)


def _beta_binomial_loss(q: Floats, x: Floats, n: Floats, arm: Floats) -> tuple[float, Floats]:
    """Return minus the log likelihood of (logit of control, log odds ratio, logit of ICC)."""
    mean = expit(q[0] + q[1] * arm)
    total = np.exp(-q[2])
    a, b = mean * total, (1 - mean) * total
    loss = -(betaln(x + a, n - x + b) - betaln(a, b)).sum()
    both = digamma(total) - digamma(n + total)
    by_a = digamma(x + a) - digamma(a) + both
    by_b = digamma(n - x + b) - digamma(b) + both
    by_logit = mean * (1 - mean) * total * (by_a - by_b)
    by_total = -(a * by_a + b * by_b)
    return float(loss), -np.array([by_logit.sum(), (by_logit * arm).sum(), by_total.sum()])


def _minimise(
    loss: Callable[[Floats], tuple[float, Floats]], start: Floats
) -> tuple[Floats, float]:
    """Return the minimum and its place."""
    fit = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    # BFGS reports a loss of precision where rounding ends its line search at the minimum.
    if np.max(np.abs(fit.jac)) > 1e-4:
        problem = (
            "the likelihood has no maximum that could be found: an arm has no event in any study"
        )
        raise InputError.of("studies", "counts", problem, "pool by peto or mantel-haenszel instead")
    return np.asarray(fit.x), float(fit.fun)


def _hessian(gradient: Callable[[Floats], Floats], point: Floats, step: float = 1e-5) -> Floats:
    """Differentiate a gradient by central differences."""
    rows = [gradient(point + step * e) - gradient(point - step * e) for e in np.eye(point.size)]
    matrix = np.array(rows) / (2 * step)
    return np.asarray((matrix + matrix.T) / 2)


def _coefficients(counts: Floats) -> float:
    """Return the sum of the logarithms of the binomial coefficients."""
    x, n = np.stack([counts[0], counts[2]]), np.stack([counts[1], counts[3]])
    return float((gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)).sum())
