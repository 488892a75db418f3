"""The two models of a mediation analysis, and the mean risks they imply."""

from dataclasses import dataclass, replace

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from estimate.regression.logistic import fit_logistic

#: Numbers (draw x patient) processed together: few enough to stay in cache, which is five times
#: faster.
BLOCK = 20_000

#: Points of Gauss-Hermite quadrature over a numeric mediator.
POINTS = 20

_QUADRATURE = np.polynomial.hermite.hermgauss(POINTS)


@dataclass(frozen=True, slots=True)
class MediationData:
    """The arrays of both models; ``base`` (..., n, 1 + c) is intercept and covariates."""

    exposure: Floats
    mediator: Floats
    outcome: Floats
    base: Floats
    weights: Floats
    binary: bool
    interaction: bool

    def rows(self, rows: Ints | tuple[int, ...]) -> "MediationData":
        """Return patients resampled from one study (resample, n), or one data set of a batch."""
        return replace(
            self,
            exposure=self.exposure[rows],
            mediator=self.mediator[rows],
            outcome=self.outcome[rows],
            base=self.base[rows],
            weights=self.weights[rows],
        )


@dataclass(frozen=True, slots=True)
class MediationModels:
    """Both fitted models: mediator given exposure, outcome given exposure and mediator.

    Coefficients: exposure (and mediator, and their product) first, then the base columns.
    """

    mediator: Floats
    mediator_cov: Floats
    sigma: Floats
    outcome: Floats
    outcome_cov: Floats
    converged: Bools


def fit_models(data: MediationData) -> MediationModels:
    """Fit the mediator (logistic, or linear if it is not 0/1) and the outcome (logistic)."""
    a, m = data.exposure[..., None], data.mediator[..., None]
    first = np.concatenate([a, data.base], -1)
    head = [a, m, a * m] if data.interaction else [a, m]
    second = fit_logistic(np.concatenate([*head, data.base], -1), data.outcome, data.weights)
    if not data.binary:
        coef, cov, sigma, good = _ordinary_regression(first, data.mediator, data.weights)
        return MediationModels(coef, cov, sigma, second.coef, second.cov, good & second.converged)
    fit = fit_logistic(first, data.mediator, data.weights)
    nothing = np.zeros(fit.loglik.shape)
    good = fit.converged & second.converged
    return MediationModels(fit.coef, fit.cov, nothing, second.coef, second.cov, good)


def _ordinary_regression(X: Floats, y: Floats, w: Floats) -> tuple[Floats, Floats, Floats, Bools]:
    """Return coefficients, covariance, residual SD, and whether all is finite."""
    weighted = X * w[..., None]
    gram = np.matmul(weighted.swapaxes(-1, -2), X)
    length = np.sqrt(np.einsum("...pp->...p", gram))
    scale = np.where(length > 0, length, 1.0)
    gram = gram / (scale[..., :, None] * scale[..., None, :])
    weakest = np.linalg.eigvalsh(gram)[..., 0]
    sound: Bools = np.asarray((length > 0).all(-1) & (weakest > 1e-12))
    gram = np.where(sound[..., None, None], gram, np.eye(X.shape[-1]))
    inverse = np.linalg.inv(gram) / (scale[..., :, None] * scale[..., None, :])
    coef = np.einsum("...pq,...nq,...n->...p", inverse, weighted, y)
    residual = y - np.einsum("...np,...p->...n", X, coef)
    df = np.count_nonzero(w > 0, axis=-1) - X.shape[-1]
    variance = (w * residual**2).sum(-1) / np.maximum(df, 1)
    return coef, inverse * variance[..., None, None], np.sqrt(variance), sound


def mean_risks(
    data: MediationData, fitted: MediationModels, mediator: Floats | None, outcome: Floats | None
) -> Floats:
    """Return mean risks (..., draw, 2, 2) under coefficients (..., draw, p); None is one draw."""
    first = fitted.mediator[..., None, :] if mediator is None else mediator
    second = fitted.outcome[..., None, :] if outcome is None else outcome
    lead, n = data.exposure.shape[:-1], data.exposure.shape[-1]
    count = first.shape[-2]
    if lead and count * n > BLOCK:  # many draws: one data set at a time stays in cache
        each = [
            mean_risks(
                data.rows(at), replace(fitted, sigma=fitted.sigma[at]), first[at], second[at]
            )
            for at in np.ndindex(lead)
        ]
        return np.stack(each).reshape(*lead, count, 2, 2)
    size = max(1, BLOCK // max(1, n * int(np.prod(lead))))
    parts = [
        _risk_block(data, fitted.sigma, first[..., i : i + size, :], second[..., i : i + size, :])
        for i in range(0, count, size)
    ]
    return np.concatenate(parts, axis=-3)


def _risk_block(data: MediationData, sigma: Floats, first: Floats, second: Floats) -> Floats:
    share = (data.weights / data.weights.sum(-1, keepdims=True))[..., None]
    base = data.base.swapaxes(-1, -2)
    by_exposure, by_mediator = second[..., 0], second[..., 1]
    product = second[..., 2] if data.interaction else np.zeros_like(by_mediator)
    start = 3 if data.interaction else 2
    m_eta = np.matmul(first[..., 1:], base)
    y_eta = np.matmul(second[..., start:], base)
    risks = np.empty((*first.shape[:-1], 2, 2))
    if data.binary:
        # One exponential per patient and model: moving a coefficient multiplies the odds.
        m_odds, y_odds = (np.exp(-eta.clip(-500, 500)) for eta in (m_eta, y_eta))
        chance = [1 / (1 + m_odds * np.exp(-b * first[..., :1])) for b in (0, 1)]
        for a in (0, 1):
            without = 1 / (1 + y_odds * np.exp(-a * by_exposure)[..., None])
            log_odds = a * by_exposure + by_mediator + a * product
            gain = 1 / (1 + y_odds * np.exp(-log_odds)[..., None]) - without
            for b in (0, 1):
                risks[..., a, b] = np.matmul(without + chance[b] * gain, share)[..., 0]
        return risks
    # Of the predictor only the part of the patient stays in the exponential; what a draw and a node
    # add multiplies the odds.
    nodes, node_weights = _QUADRATURE
    for a in (0, 1):
        slope = (by_mediator + a * product)[..., None]
        odds = np.exp(-(y_eta + slope * m_eta).clip(-340, 340))
        spread = slope * (np.sqrt(2) * sigma[..., None, None]) * nodes
        for b in (0, 1):
            shift = (a * by_exposure)[..., None] + slope * (b * first[..., :1])
            factors = np.exp(-(shift + spread).clip(-340, 340))
            risk = np.zeros(odds.shape)
            for k, weight in enumerate(node_weights / np.sqrt(np.pi)):
                risk += weight / (1 + odds * factors[..., k, None])
            risks[..., a, b] = np.matmul(risk, share)[..., 0]
    return risks
