"""Bayesian logistic and multinomial regression: the imputations "logreg" and "polyreg".

Both draw coefficients from the normal approximation to their posterior. A few pseudo-patients of
small weight are added, so that coefficients stay finite under perfect separation (White IR, Daniel
R, Royston P. *Comput Stat Data Anal* 2010;54:2267-75, section 5).
"""

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.regression.logistic import fit_logistic
from estimate.regression.multinomial import fit_multinomial, multinomial_probabilities


def draw_binary(X: Floats, y: Floats, observed: Bools, normal: Floats) -> Floats:
    """Return linear predictors (chain, n) of all patients under drawn logistic coefficients.

    Parameters
    ----------
    X, y, observed
        (chain, n, p) with the intercept first, (chain, n) of 0/1, (chain, n).
    normal
        (chain, p) standard normal draws.
    """
    design, outcome, weight = _augment(X, y, observed, 2)
    fit = fit_logistic(design, outcome, weight)
    coef = np.where(np.isfinite(fit.coef), fit.coef, 0.0)
    drawn = coef + np.matmul(_root(fit.cov), normal[..., None])[..., 0]
    return np.asarray(np.matmul(X, drawn[..., None])[..., 0])


def draw_multinomial(X: Floats, y: Floats, observed: Bools, normal: Floats, levels: int) -> Floats:
    """Return probabilities (chain, n, levels) of all patients under drawn multinomial coefficients.

    ``normal`` is (chain, (levels - 1) p). Category 0 is the reference of the model.
    """
    design, outcome, weight = _augment(X, y, observed, levels)
    coef, cov = fit_multinomial(design, outcome.astype(np.int64), weight, levels)
    drawn = coef.reshape(len(coef), -1) + np.matmul(_root(cov), normal[..., None])[..., 0]
    return multinomial_probabilities(X, drawn.reshape(coef.shape))


def _root(cov: Floats) -> Floats:
    """Return L with L L' = cov; directions without information get no variance."""
    values, vectors = np.linalg.eigh(np.where(np.isfinite(cov), cov, 0.0))
    return np.asarray(vectors * np.sqrt(values.clip(0))[:, None, :])


def _augment(X: Floats, y: Floats, observed: Bools, levels: int) -> tuple[Floats, Floats, Floats]:
    """Add pseudo-patients: each predictor one SD up and down, in each category; total weight p.

    The others of a pseudo-patient's predictors are at their means; p counts the intercept.
    """
    p = X.shape[-1]
    share = observed / observed.sum(-1, keepdims=True)
    mean = np.einsum("bn,bnp->bp", share, X)
    sd = np.sqrt(np.einsum("bn,bnp->bp", share, (X - mean[:, None, :]) ** 2))
    moves = np.concatenate([np.eye(p)[1:], -np.eye(p)[1:]])
    pseudo = mean[:, None, :] + moves * sd[:, None, :]
    pseudo = np.repeat(pseudo, levels, axis=1)
    categories = np.tile(np.arange(float(levels)), 2 * (p - 1))
    outcome = np.broadcast_to(categories, pseudo.shape[:2])
    small = np.full(pseudo.shape[:2], p / max(1, pseudo.shape[1]))
    return (
        np.concatenate([X, pseudo], 1),
        np.concatenate([np.where(observed, y, 0), outcome], 1),
        np.concatenate([observed.astype(float), small], 1),
    )
