"""Multinomial logistic regression, batched: `nnet::multinom`, by Newton's method."""

import numpy as np
from scipy import special

from estimate.core.arrays import Floats, Ints

STEP_LIMIT = 30


def fit_multinomial(X: Floats, y: Ints, weights: Floats, levels: int) -> tuple[Floats, Floats]:
    """Fit multinomial logits of whole numbers ``y`` (chain, n) on ``X`` (chain, n, p).

    Returns
    -------
    tuple
        Coefficients (chain, levels - 1, p) against category 0, and their covariance
        (chain, (levels - 1) p, (levels - 1) p).
    """
    chains, _, p = X.shape
    k = levels - 1
    chosen = (y[..., None] == np.arange(1, levels)).astype(float)
    coef = np.zeros((chains, k, p))
    cov = np.zeros((chains, k * p, k * p))
    for _ in range(STEP_LIMIT):
        prob = multinomial_probabilities(X, coef)[..., 1:]
        score = np.einsum("bnk,bnp->bkp", weights[..., None] * (chosen - prob), X)
        information = np.empty((chains, k, p, k, p))
        for a in range(k):
            for c in range(a + 1):
                curve = weights * prob[..., a] * ((a == c) - prob[..., c])
                block = np.matmul(X.swapaxes(-1, -2) * curve[:, None, :], X)
                information[:, a, :, c, :] = block
                information[:, c, :, a, :] = block
        cov = np.linalg.pinv(information.reshape(chains, k * p, k * p), hermitian=True)
        step = np.matmul(cov, score.reshape(chains, -1, 1)).reshape(coef.shape)
        # Far from the maximum a full step can overshoot; five on the logit scale is always safe.
        reach = np.abs(np.einsum("bkp,bnp->bnk", step, X)).max((-2, -1))
        coef = coef + step * np.minimum(1, 5 / np.maximum(reach, 1e-300))[:, None, None]
        if reach.max() < 1e-6:
            break
    return coef, cov


def multinomial_probabilities(X: Floats, coef: Floats) -> Floats:
    """Return Pr(category), (chain, n, levels), of coefficients as `fit_multinomial` gives them."""
    eta = np.matmul(X, coef.swapaxes(-1, -2))
    eta = np.concatenate([np.zeros((*eta.shape[:-1], 1)), eta], -1)
    return np.asarray(special.softmax(eta, axis=-1))
