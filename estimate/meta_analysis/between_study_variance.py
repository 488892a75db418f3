"""Estimators of tau squared, the variance of true effects between studies.

All are written for a design matrix, so that they serve pooling (one column of ones) and
meta-regression alike. Formulas: Viechtbauer W. *J Educ Behav Stat* 2005;30:261-93; Veroniki AA et
al. *Res Synth Methods* 2016;7:55-79; the interval: Viechtbauer W. *Stat Med* 2007;26:37-52.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.special import chdtri

from estimate.core.arrays import Floats
from estimate.core.numeric.roots import brent_root

#: Estimators by the names used in the literature; "EE" assumes that there is no heterogeneity.
TauMethod = Literal["EE", "DL", "HE", "SJ", "PM", "ML", "REML"]

#: Points at which the likelihood is compared before the best one is refined: two maxima can occur.
_GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1e3, 181)])


def estimate_tau2(effect: Floats, variance: Floats, design: Floats, method: TauMethod) -> float:
    """Estimate the variance between studies.

    Parameters
    ----------
    effect, variance
        (study,) effects and sampling variances.
    design
        (study, column) moderators; only a column of ones: no moderators.
    method
        EE (none), DL (DerSimonian and Laird), HE (Hedges), SJ (Sidik and Jonkman), PM (Paule and
        Mandel), ML, REML.

    Returns
    -------
    float
        At least 0, in squared units of the effect.
    """
    if method == "EE" or effect.size <= design.shape[1]:
        return 0.0
    return max(0.0, _ESTIMATORS[method](effect, variance, design))


def tau2_interval(
    effect: Floats, variance: Floats, design: Floats, level: float = 0.95
) -> tuple[float, float]:
    """Return the Q-profile interval of tau squared (Viechtbauer 2007, equation 8)."""
    df = effect.size - design.shape[1]
    tail = (1 - level) / 2
    low = _where_q_is(float(chdtri(df, tail)), effect, variance, design)
    high = _where_q_is(float(chdtri(df, 1 - tail)), effect, variance, design)
    return low, high


def residual_q(effect: Floats, weight: Floats, design: Floats) -> float:
    """Return Cochran's Q, the weighted residual sum of squares about the fitted effects."""
    return float(effect @ projection(weight, design) @ effect)


def projection(weight: Floats, design: Floats) -> Floats:
    """Return W - W X (X'WX)^-1 X'W, which takes the fitted part out of the effects."""
    weighted = weight[:, None] * design
    fitted = weighted @ np.linalg.solve(design.T @ weighted, weighted.T)
    return np.asarray(np.diag(weight) - fitted)


def _dersimonian_laird(effect: Floats, variance: Floats, design: Floats) -> float:
    matrix = projection(1 / variance, design)
    df = effect.size - design.shape[1]
    return float((effect @ matrix @ effect - df) / np.trace(matrix))


def _hedges(effect: Floats, variance: Floats, design: Floats) -> float:
    matrix = projection(np.ones_like(effect), design)
    expected = float(np.trace(matrix * variance))
    return float((effect @ matrix @ effect - expected) / (effect.size - design.shape[1]))


def _sidik_jonkman(effect: Floats, variance: Floats, design: Floats) -> float:
    start = float(np.var(effect))
    if start <= np.finfo(float).eps * float(np.mean(variance)):
        return 0.0
    df = effect.size - design.shape[1]
    return float(start * residual_q(effect, 1 / (variance + start), design) / df)


def _paule_mandel(effect: Floats, variance: Floats, design: Floats) -> float:
    return _where_q_is(effect.size - design.shape[1], effect, variance, design)


def _where_q_is(target: float, effect: Floats, variance: Floats, design: Floats) -> float:
    """Return tau squared at which Q, which falls as tau squared grows, equals a target."""

    def excess(tau2: float) -> float:
        return residual_q(effect, 1 / (variance + tau2), design) - target

    if excess(0.0) <= 0:
        return 0.0
    high = float(np.var(effect)) + float(np.max(variance))
    while excess(high) > 0:
        high *= 4
    return float(brent_root(excess, 0.0, high, xtol=1e-15, rtol=1e-14))


def _maximum_likelihood(effect: Floats, variance: Floats, design: Floats) -> float:
    return _maximise(effect, variance, design, restricted=False)


def _restricted_likelihood(effect: Floats, variance: Floats, design: Floats) -> float:
    return _maximise(effect, variance, design, restricted=True)


def _log_likelihoods(
    tau2: Floats, effect: Floats, variance: Floats, design: Floats, restricted: bool
) -> Floats:
    """Return (value,) the (restricted) log likelihoods at several values of tau squared."""
    weight = 1 / (variance + tau2[:, None])
    weighted = weight[..., None] * design
    information = design.T @ weighted
    fitted = np.linalg.solve(information, (effect @ weighted)[..., None])  # (value, column, 1)
    residual = effect - (design @ fitted)[..., 0]
    found = 0.5 * np.log(weight).sum(-1) - 0.5 * (weight * residual**2).sum(-1)
    return np.asarray(found - 0.5 * np.linalg.slogdet(information)[1] if restricted else found)


def _maximise(effect: Floats, variance: Floats, design: Floats, *, restricted: bool) -> float:
    """Return the value of tau squared with the greatest (restricted) likelihood."""
    scale = float(np.var(effect)) + float(np.mean(variance))

    def score(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        matrix = projection(weight, design)
        residual = matrix @ effect
        return float(residual @ residual - (np.trace(matrix) if restricted else weight.sum()))

    points = _GRID * scale
    best = int(np.argmax(_log_likelihoods(points, effect, variance, design, restricted)))
    low, high = points[max(best - 1, 0)], points[min(best + 1, points.size - 1)]
    if score(low) <= 0 or score(high) >= 0:
        return float(points[best])
    return float(brent_root(score, low, high, xtol=1e-15, rtol=1e-14))


_ESTIMATORS: dict[str, Callable[[Floats, Floats, Floats], float]] = {
    "DL": _dersimonian_laird,
    "HE": _hedges,
    "SJ": _sidik_jonkman,
    "PM": _paule_mandel,
    "ML": _maximum_likelihood,
    "REML": _restricted_likelihood,
}
