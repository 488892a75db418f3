"""Firth's penalised logistic regression: finite estimates from separated or sparse data.

Firth D. *Biometrika* 1993;80:27-38; Heinze G, Schemper M. *Stat Med* 2002;21:2409-19. The log
likelihood gains half the log determinant of the information; the maximum is finite even where an
exposure predicts the outcome perfectly, and nearly unbiased where data are few. Wald intervals are
unreliable in these cases; limits are therefore where the penalised profile has decreased by 1.921.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Z95, Estimate
from estimate.regression.odds_ratio import from_likelihood

STEP_LIMIT = 200

#: Longest step of one coefficient, and the step below which the search ends.
LONGEST_STEP = 5.0
TOLERANCE = 1e-10

SEARCH_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class FirthFit:
    """Penalised fits; ``...`` is the leading shape of the data.

    ``coef`` is (..., p) and ``loglik`` (...) the penalised maximum. ``cov`` (..., p, p) is the
    inverse information of the augmented data: the penalty acts as if each patient of leverage h
    had h / 2 patients of either outcome. A design with collinear columns does not converge
    and is NaN.
    """

    coef: Floats
    cov: Floats
    loglik: Floats
    converged: Bools


def fit_firth(X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> FirthFit:
    """Fit logit Pr(y = 1) = X b with Firth's penalty.

    Parameters
    ----------
    X, y
        (..., n, p) with intercept, (..., n) of 0/1.
    weights
        (..., n); 0 excludes a row, 2 is the row twice.

    Examples
    --------
    Two by two tables gain half a patient in each cell: here (0, 5) against (5, 0).

    >>> fit = fit_firth([[1, 0], [1, 1]] * 5, [0, 1] * 5)
    >>> print(f"{fit.coef[1]:.3f}, {2 * np.log(5.5 / 0.5):.3f}")
    4.796, 4.796
    """
    problem = _Problem.of(X, y, weights)
    free = np.ones(problem.X.shape[-1], bool)
    found = problem.climb(np.zeros((len(problem.X), len(free))), free)
    lead, p = problem.lead, len(free)
    return FirthFit(
        found.coef.reshape(*lead, p),
        problem.augmented_covariance(found).reshape(*lead, p, p),
        found.loglik.reshape(lead),
        found.converged.reshape(lead),
    )


def penalised_test(
    X: ArrayLike, y: ArrayLike, fit: FirthFit, column: int, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return the penalised likelihood ratio that one coefficient is 0, and its p-value, (...).

    The smaller model keeps the penalty of the full design: the coefficient is fixed, not omitted.
    """
    problem = _Problem.of(X, y, weights)
    held = problem.profile(column, np.zeros(len(problem.X)), fit.coef.reshape(len(problem.X), -1))
    ratio = np.maximum(0.0, 2 * (fit.loglik.reshape(-1) - held.loglik))
    ratio = np.where(held.converged, ratio, np.nan).reshape(problem.lead)
    return ratio, np.asarray(special.chdtrc(1, ratio))


def penalised_profile(
    X: ArrayLike, y: ArrayLike, fit: FirthFit, column: int, weights: ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return where the penalised profile of one coefficient has fallen by 1.921, (...)."""
    problem = _Problem.of(X, y, weights)
    low, high = (_limit(problem, fit, column, side) for side in (-1.0, 1.0))
    return low.reshape(problem.lead), high.reshape(problem.lead)


def _limit(problem: "_Problem", fit: FirthFit, column: int, side: float) -> Floats:
    """Search by secant, within a bracket, where the signed root of the drop is 1.96."""
    members = len(problem.X)
    start = fit.coef.reshape(members, -1)
    best, centre = fit.loglik.reshape(-1), start[:, column]
    error = np.sqrt(fit.cov[..., column, column].reshape(-1))
    inner, inner_root = centre.copy(), np.zeros(members)
    outer, outer_root = np.full(members, side * np.inf), np.full(members, np.inf)
    at = centre + side * Z95 * error
    coef = start
    for _ in range(SEARCH_ROUNDS):
        held = problem.profile(column, at, coef)
        root = np.sqrt(np.maximum(0.0, 2 * (best - held.loglik)))
        valid = held.converged & np.isfinite(root)
        coef = np.where(valid[:, None], held.coef, start)
        inside = valid & (root < Z95)
        outside = valid & ~inside
        inner, inner_root = np.where(inside, at, inner), np.where(inside, root, inner_root)
        outer, outer_root = np.where(outside, at, outer), np.where(outside, root, outer_root)
        if not (valid & (np.abs(root - Z95) > 1e-9)).any():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (outer_root - inner_root) / (outer - inner)
            secant = inner + (Z95 - inner_root) / slope
            # Without an upper end of the bracket, step outwards; the root increases ever more
            # slowly there.
            beyond = inner + side * np.maximum(error, np.abs(inner - centre))
        bounded = np.isfinite(outer)
        moved = np.where(bounded, secant, beyond)
        # A slowly converging secant is replaced by bisection.
        stuck = bounded & (np.abs(moved - at) < 1e-3 * np.abs(outer - inner))
        moved = np.where(stuck, (inner + outer) / 2, moved)
        at = np.where(np.abs(root - Z95) > 1e-9, moved, at)
    return np.where(fit.converged.reshape(-1) & (np.abs(root - Z95) < 1e-6), at, np.nan)


def firth(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    population: str = "all patients",
) -> Estimate:
    """Return the treatment's odds ratio given covariates by Firth's regression.

    Penalised profile interval and penalised likelihood-ratio p-value. Answers where `adjusted`
    must report separation; for large groups both agree.
    """
    design = design_matrix(data, covariates)
    X, column = np.asarray(design.X), design.column(data.treatment_name)
    fit = fit_firth(X, data.outcome, data.weights)
    return from_likelihood(
        data.conditional_question(covariates, population), "firth", fit.coef[..., column],
        fit.cov[..., column, column], data.n,
        limits=penalised_profile(X, data.outcome, fit, column, data.weights),
        ratio=penalised_test(X, data.outcome, fit, column, data.weights),
        converged=fit.converged, likelihood="penalised likelihood",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Problem:
    """Data with one leading axis, and the leading shape to return to."""

    X: Floats
    y: Floats
    weights: Floats
    lead: tuple[int, ...]

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None) -> "_Problem":
        design, outcome = np.asarray(X, float), np.asarray(y, float)
        prior = np.ones(outcome.shape) if weights is None else np.asarray(weights, float)
        lead = np.broadcast_shapes(design.shape[:-2], outcome.shape[:-1], prior.shape[:-1])
        n, p = design.shape[-2:]
        return cls(
            np.broadcast_to(design, (*lead, n, p)).reshape(-1, n, p),
            np.broadcast_to(outcome, (*lead, n)).reshape(-1, n),
            np.broadcast_to(prior, (*lead, n)).reshape(-1, n),
            lead,
        )

    def profile(self, column: int, value: Floats, start: Floats) -> FirthFit:
        """Fit with one coefficient held at ``value`` (member,)."""
        free = np.arange(self.X.shape[-1]) != column
        coef = np.where(free, np.nan_to_num(start), np.nan_to_num(value)[:, None])
        return self.climb(coef, free)

    def augmented_covariance(self, fit: FirthFit) -> Floats:
        """Return (X' W (1 + h) X)^-1 at the fit, NaN where it did not converge."""
        coef = np.nan_to_num(fit.coef)
        mu = special.expit(np.matmul(self.X, coef[..., None])[..., 0].clip(-500, 500))
        weighted = self.X * (self.weights * mu * (1 - mu))[..., None]
        leverage = np.einsum("bnp,bpq,bnq->bn", weighted, np.nan_to_num(fit.cov), self.X)
        grown = weighted * (1 + leverage / np.maximum(self.weights, 1e-300))[..., None]
        inverse, _ = _invert(np.matmul(grown.swapaxes(-1, -2), self.X))
        return np.where(fit.converged[:, None, None], inverse, np.nan)

    def climb(self, coef: Floats, free: Bools) -> FirthFit:
        """Maximise over the ``free`` coefficients by Fisher scoring with step halving."""
        step = np.zeros_like(coef)
        best = np.full(len(coef), -np.inf)
        done: Bools = np.zeros(len(coef), bool)
        cov = np.full((*coef.shape, coef.shape[-1]), np.nan)
        for _ in range(STEP_LIMIT):
            loglik, score, information, cov = self._evaluate(coef)
            worse = ~done & (loglik < best - 1e-12 * np.abs(best))
            fresh = self._step(score, information, free)
            step = np.where(worse[:, None], -step / 2, fresh)
            best = np.where(worse, best, loglik)
            done = done | (~worse & (np.abs(fresh).max(-1, initial=0.0) < TOLERANCE))
            if done.all() or not np.isfinite(loglik).any():
                break
            coef = np.where(done[:, None], coef, coef + step)
            # The next halving starts from this step.
            step = np.where(worse[:, None], -step, step)
        sound = done & np.isfinite(best)
        blank = np.where(sound, 0.0, np.nan)
        return FirthFit(coef + blank[:, None], cov + blank[:, None, None], best + blank, sound)

    def _step(self, score: Floats, information: Floats, free: Bools) -> Floats:
        step = np.zeros_like(score)
        if free.any():
            inner = information[:, free][:, :, free]
            step[:, free] = np.einsum("bij,bj->bi", _invert(inner)[0], score[:, free])
        longest = np.abs(step).max(-1, keepdims=True, initial=0.0)
        return np.asarray(step * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300)))

    def _evaluate(self, coef: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return penalised log likelihood, modified score, information and its inverse."""
        eta = np.matmul(self.X, coef[..., None])[..., 0].clip(-500, 500)
        mu = special.expit(eta)
        curvature = self.weights * mu * (1 - mu)
        weighted = self.X * curvature[..., None]
        information = np.matmul(weighted.swapaxes(-1, -2), self.X)
        inverse, log_det = _invert(information)
        leverage = np.einsum("bnp,bpq,bnq->bn", weighted, inverse, self.X)
        residual = self.weights * (self.y - mu) + leverage * (0.5 - mu)
        score = np.matmul(self.X.swapaxes(-1, -2), residual[..., None])[..., 0]
        plain = (self.weights * (self.y * eta - np.logaddexp(0, eta))).sum(-1)
        return plain + log_det / 2, score, information, inverse


def _invert(matrix: Floats) -> tuple[Floats, Floats]:
    """Return inverses and log determinants; 0 and -inf where a matrix is singular."""
    scale = np.sqrt(np.einsum("bii->bi", matrix))
    safe = np.where(scale > 0, scale, 1.0)
    scaled = matrix / (safe[:, :, None] * safe[:, None, :])
    sign, log_det = np.linalg.slogdet(scaled)
    sound = (sign > 0) & (log_det > -27.0 * matrix.shape[-1]) & (scale > 0).all(-1)
    scaled = np.where(sound[:, None, None], scaled, np.eye(matrix.shape[-1]))
    inverse = np.linalg.inv(scaled) / (safe[:, :, None] * safe[:, None, :])
    inverse = np.where(sound[:, None, None], inverse, 0.0)
    return inverse, np.where(sound, log_det + 2 * np.log(safe).sum(-1), -np.inf)
