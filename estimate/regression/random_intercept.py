"""Logistic regression with a normal intercept per site, for many trials at once.

Maximum likelihood; each site's intercept is integrated out by Gauss-Hermite quadrature around its
own posterior mean, scaled by its posterior standard deviation (Naylor JC, Smith AFM. *Appl Stat*
1982;31:214-25; Rabe-Hesketh S, Skrondal A, Pickles A. *J Econom* 2005;128:301-23). Score and
curvature are those of Louis TA (*J R Stat Soc B* 1982;44:226-33), so that steps are Newton's.

Odds ratios are conditional: for patients of the same site. They are further from 1 than marginal
ones. `estimate.comparison.clustered_mixed` is the same model for embryos of couples, one study at a
time.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logsumexp

from estimate.core.arrays import Bools, Floats, Ints
from estimate.regression.logistic import fit_logistic

#: Quadrature points per site.
POINTS = 9

#: Steps before a fit is given up, longest step, and length of the last one.
STEP_LIMIT, LONGEST, SHORTEST = 60, 1.5, 1e-8

#: Starting value of the standard deviation, and the value below which it is set to 0 if the
#: likelihood still increases towards 0.
START, EQUAL = 0.5, 0.02


@dataclass(frozen=True, slots=True)
class RandomIntercept:
    """Fits; ``...`` is the leading shape of the data.

    Attributes
    ----------
    coef
        (..., p) log odds ratios given the site.
    cov
        (..., p, p) their covariance, from the curvature in all parameters.
    sd
        (...) standard deviation between sites, in log odds; 0 if the maximum is at the boundary.
    loglik
        (...) its maximum, without binomial coefficients.
    converged
        (...) whether a finite maximum was found.
    """

    coef: Floats
    cov: Floats
    sd: Floats
    loglik: Floats
    converged: Bools


@dataclass(slots=True)
class _State:
    """State of the fits; ``theta`` holds coefficients and the log standard deviation."""

    theta: Floats
    equal: Bools
    centre: Floats
    width: Floats


@dataclass(frozen=True, slots=True)
class _Slope:
    """Log likelihood at a state, with its gradient and curvature in ``theta``."""

    loglik: Floats
    gradient: Floats
    information: Floats
    centre: Floats
    width: Floats


def fit_random_intercept(
    X: ArrayLike, y: ArrayLike, weights: ArrayLike, *, points: int = POINTS
) -> RandomIntercept:
    """Fit logit Pr(y = 1) = X b + sd u, u standard normal and the same for all rows of a site.

    A fit that cannot succeed (separation, collinear columns) is flagged, not raised.

    Parameters
    ----------
    X
        (..., site, row, p) design with an intercept; rows of weight 0 fill up smaller sites.
    y
        (..., site, row) outcomes, or shares of successes among patients alike.
    weights
        (..., site, row) patients in each row.
    points
        Quadrature points per site.

    Examples
    --------
    Four sites of fifty patients per arm; 10, 14, 8 and 20 successes in control:

    >>> X = np.broadcast_to([[1.0, 0.0], [1.0, 1.0]], (4, 2, 2))
    >>> y = np.array([[10, 18], [14, 24], [8, 12], [20, 27]]) / 50
    >>> fit = fit_random_intercept(X, y, np.full((4, 2), 50))
    >>> print(f"odds ratio {np.exp(fit.coef[1]):.3f}, deviation of sites {fit.sd:.3f}")
    odds ratio 1.990, deviation of sites 0.434
    """
    X, y, weights = (np.asarray(each, float) for each in (X, y, weights))
    lead, (sites, rows, p) = X.shape[:-3], X.shape[-3:]
    members = int(np.prod(lead))
    design = X.reshape(members, sites, rows, p)
    data = design, y.reshape(members, sites, rows), weights.reshape(members, sites, rows)
    flat = (members, sites * rows)
    first = fit_logistic(design.reshape(*flat, p), data[1].reshape(flat), data[2].reshape(flat))
    sound = first.converged & ~first.separated
    nodes = np.polynomial.hermite_e.hermegauss(points)
    state = _State(
        np.concatenate([np.nan_to_num(first.coef), np.full((members, 1), np.log(START))], -1),
        np.zeros(members, bool), np.zeros((members, sites)), np.ones((members, sites)),
    )  # fmt: skip
    done = _climb(data, state, nodes, sound)
    end = _slope(data, state, nodes)
    return RandomIntercept(
        state.theta[:, :p].reshape(*lead, p),
        _covariance(end.information, state.equal)[:, :p, :p].reshape(*lead, p, p),
        np.where(state.equal, 0.0, np.exp(state.theta[:, p])).reshape(lead),
        end.loglik.reshape(lead),
        (done & sound).reshape(lead),
    )


def by_site(site: Ints, sites: int, *columns: Floats) -> tuple[Floats, ...]:
    """Arrange patients by site for `fit_random_intercept`: (..., site, row).

    Parameters
    ----------
    site
        (replicate, patient) number of the site, from 0.
    columns
        (replicate, patient) or (replicate, patient, column); rows that no patient fills are 0.

    Examples
    --------
    >>> by_site(np.array([[1, 0, 1]]), 2, np.array([[7.0, 8.0, 9.0]]))[0].tolist()
    [[[8.0, 0.0], [7.0, 9.0]]]
    """
    trials, patients = site.shape
    order = np.argsort(site, axis=1, kind="stable")
    ranked = np.take_along_axis(site, order, 1)
    counts = (site[..., None] == np.arange(sites)).sum(1)
    start = np.cumsum(counts, axis=1) - counts
    row = np.arange(patients) - np.take_along_axis(start, ranked, 1)
    trial = np.arange(trials)[:, None]
    laid = []
    for column in columns:
        out = np.zeros((trials, sites, int(counts.max(initial=1)), *column.shape[2:]))
        out[trial, ranked, row] = column[trial, order]
        laid.append(out)
    return tuple(laid)


_Data = tuple[Floats, Floats, Floats]
_Nodes = tuple[Floats, Floats]


def _climb(data: _Data, state: _State, nodes: _Nodes, sound: Bools) -> Bools:
    """Take Newton steps, halved if the likelihood decreases, until all fits end; in place."""
    done, here = ~sound, np.flatnonzero(sound)
    best, step = np.full(len(done), -np.inf), np.zeros_like(state.theta)
    base = state.theta.copy()
    for _ in range(STEP_LIMIT):
        if here.size == 0:
            break
        part = tuple(each[here] for each in data)
        at = _State(state.theta[here], state.equal[here], state.centre[here], state.width[here])
        slope = _slope(part, at, nodes)  # type: ignore[arg-type]  # three arrays, as data are
        up = slope.loglik >= best[here] - 1e-6 * (1 + np.abs(slope.loglik))
        won, lost = here[up], here[~up]
        state.centre[won], state.width[won] = slope.centre[up], slope.width[up]
        state.equal[won] |= (at.theta[up, -1] < np.log(EQUAL)) & (slope.gradient[up, -1] < 0)
        best[won], base[won] = slope.loglik[up], at.theta[up]
        step[won] = _newton(slope.gradient[up], slope.information[up], state.equal[won])
        step[lost] /= 2
        state.theta[here] = base[here] + step[here]
        done[here] = np.abs(step[here]).max(-1) < SHORTEST
        here = here[~done[here]]
    return done


def _slope(data: _Data, state: _State, nodes: _Nodes) -> _Slope:
    """Return log likelihood, score and observed information, and each site's posterior."""
    (X, y, weights), (x, w) = data, nodes
    p = X.shape[-1]
    sd = np.where(state.equal, 0.0, np.exp(state.theta[:, p]))[:, None, None]
    u = state.centre[..., None] + state.width[..., None] * x  # (trial, site, node)
    fixed = (X @ state.theta[:, None, :p, None])[..., 0]
    eta = fixed[..., None] + (sd * u)[:, :, None, :]
    logs = weights[..., None] * (y[..., None] * eta - np.logaddexp(0.0, eta))
    joint = logs.sum(2) - u**2 / 2 + x**2 / 2 + np.log(w * state.width[..., None])
    total = logsumexp(joint, axis=-1)
    posterior = np.exp(joint - total[..., None])
    mu = expit(eta)
    residual = weights[..., None] * (y[..., None] - mu)
    bend = weights[..., None] * mu * (1 - mu)
    # Scores of each site at each node: coefficients, then log deviation.
    score = np.concatenate(
        [np.swapaxes(X, -1, -2) @ residual, (sd * u * residual.sum(2))[:, :, None, :]], 2
    )
    weighed = score * posterior[:, :, None, :]
    mean = weighed.sum(-1)
    information = _complete(X, bend, sd * u, posterior, residual.sum(2))
    information -= (weighed @ np.swapaxes(score, -1, -2)).sum(1)
    information += np.swapaxes(mean, -1, -2) @ mean
    centre = (posterior * u).sum(-1)
    width = np.sqrt(np.maximum((posterior * u**2).sum(-1) - centre**2, 1e-8))
    level = X.shape[1] * np.log(2 * np.pi) / 2
    return _Slope(total.sum(1) - level, mean.sum(1), information, centre, width)


def _complete(X: Floats, bend: Floats, su: Floats, posterior: Floats, residual: Floats) -> Floats:
    """Return the expected curvature if intercepts were known, with the log deviation last."""
    p = X.shape[-1]
    out = np.empty((len(X), p + 1, p + 1))
    weight = (bend * posterior[:, :, None, :]).sum(-1)
    flat = X.reshape(len(X), -1, p)
    across = np.swapaxes(flat, -1, -2)
    out[:, :p, :p] = across @ (flat * weight.reshape(len(X), -1, 1))
    cross = (bend * (posterior * su)[:, :, None, :]).sum(-1)
    out[:, :p, p] = out[:, p, :p] = (across @ cross.reshape(len(X), -1, 1))[..., 0]
    out[:, p, p] = (posterior * (su**2 * bend.sum(2) - su * residual)).sum((1, 2))
    return out


def _newton(gradient: Floats, information: Floats, equal: Bools) -> Floats:
    """Return ascent steps; reversed if the curvature in the deviation is positive."""
    p = gradient.shape[-1] - 1
    fixed = information[:, :p, :p] + 1e-12 * np.eye(p)
    aside = np.linalg.solve(fixed, information[:, :p, p:])[..., 0]
    alone = np.linalg.solve(fixed, gradient[:, :p, None])[..., 0]
    own = information[:, p, p] - (information[:, p, :p] * aside).sum(-1)
    left = gradient[:, p] - (information[:, p, :p] * alone).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.clip(np.nan_to_num(left / np.abs(own)), -LONGEST, LONGEST)
    deviation = np.where(equal, 0.0, deviation)
    moves = np.concatenate([alone - aside * deviation[:, None], deviation[:, None]], -1)
    return np.asarray(np.clip(moves, -LONGEST, LONGEST))


def _covariance(information: Floats, equal: Bools) -> Floats:
    """Invert, without the deviation if it is 0. NaN if singular."""
    p = information.shape[-1] - 1
    used = information.copy()
    used[equal, p, :] = used[equal, :, p] = 0.0
    used[equal, p, p] = 1.0
    with np.errstate(invalid="ignore"):
        good = np.isfinite(used).all((1, 2)) & (np.linalg.cond(np.nan_to_num(used)) < 1e14)
    used[~good] = np.eye(p + 1)
    out = np.linalg.inv(used)
    out[~good] = np.nan
    return out
