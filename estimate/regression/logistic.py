"""Logistic regression by Newton's method for many data sets at once.

McCullagh P, Nelder JA. *Generalized Linear Models*, 2nd ed., 1989, section 4.4. The work of one
step is three BLAS calls per data set (predictor, score, information) and one exponential per
patient.
"""

import numpy as np
from numpy.typing import ArrayLike

from estimate.compiled.switch import uses_kernels
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.matrices import invert_each, solve_each
from estimate.regression.logistic_fit import LogisticFit

#: Maximum number of steps. Regular fits need four to seven; under separation every step
#: adds about one to the linear predictor and the limit is reached.
STEP_LIMIT = 25

#: Maximum number of halvings of one step: a shorter step is lost in rounding.
HALVING_LIMIT = 60

#: Squared length of a Newton step, in standard errors, below which it is the last one. The error
#: that remains after it is of the order of this number, for a weight of one per patient.
TOLERANCE = 1e-14

#: If the curvature mu (1 - mu) of some patient is below the first number (predictor beyond 20), a
#: fit is checked again, and counts as separated if the variance of the predictor is above the
#: second: it is below 100,000 for outliers, and many orders of magnitude larger under separation.
FAR_CURVATURE = 2e-9
FLAT_VARIANCE = 1e7

#: Predictors are clipped here: exp(500) is finite, and the likelihood is flat long before.
PREDICTOR_LIMIT = 500.0

#: Bytes of design matrix processed together: large enough to amortise numpy calls over many data
#: sets, small enough that a block and its weighted copy stay in cache.
BLOCK_BYTES = 1_600_000


def fit_logistic(
    X: ArrayLike,
    y: ArrayLike,
    weights: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    *,
    start: ArrayLike | None = None,
) -> LogisticFit:
    """Fit logit Pr(y = 1) = X b + offset in every data set of a batch.

    A fit that cannot succeed (separation, collinear columns, no rows) is flagged and does not raise
    an error.

    Parameters
    ----------
    X
        (..., n, p) design matrix, intercept included; finite also in rows of weight 0.
    y
        (..., n) outcomes in [0, 1]; fractions are allowed (quasi-likelihood).
    weights
        (..., n) non-negative; 0 excludes a row, so that data sets of different sizes share an
        array. None is one for everybody.
    offset
        (..., n) known part of the linear predictor.
    start
        (..., p) coefficients to start from; None starts from 0. Starting values affect only the
        computing time.

    Returns
    -------
    LogisticFit
        Leading shape is that of the inputs, broadcast together. A data set gives identical results
        alone and in a batch.

    Examples
    --------
    >>> fit = fit_logistic([[1, 0], [1, 1]] * 2, [0, 0, 1, 1], weights=[140, 253, 34, 115])
    >>> print(f"{np.exp(fit.coef[1]):.4f}")
    1.8717
    """
    X, y = np.asarray(X, float), np.asarray(y, float)
    given = [np.asarray(a, float) for a in (weights, offset) if a is not None]
    lead = np.broadcast_shapes(X.shape[:-2], y.shape[:-1], *(a.shape[:-1] for a in given))
    members, (n, p) = int(np.prod(lead)), X.shape[-2:]
    design, outcome = _flatten(X, lead, (n, p)), _flatten(y, lead, (n,))
    prior, known = (
        None if a is None else _flatten(np.asarray(a, float), lead, (n,)) for a in (weights, offset)
    )
    origin = np.zeros((members, p))
    if start is not None:
        origin += _flatten(np.asarray(start, float), lead, (p,))
    out = LogisticFit.empty(members, p)
    size = max(1, BLOCK_BYTES // (8 * max(1, n * p)))

    def block_of(rows: slice | Ints) -> _Block:
        Xt = np.ascontiguousarray(design[rows].swapaxes(1, 2))
        return _Block(Xt, outcome[rows], _cut(prior, rows), _cut(known, rows))

    every, compiled = np.arange(members), uses_kernels()
    irregular: list[Ints] = [every[:0]]
    for first in range(0, members, size):
        rows = slice(first, first + size)
        if compiled:
            irregular.append(_climb_compiled(block_of(rows), origin[rows], out, every[rows]))
        else:
            _climb(block_of(rows), origin[rows], out, every[rows])
    left = np.concatenate(irregular)  # few in each block: fitted together
    for first in range(0, len(left), size):
        at = left[first : first + size]
        _climb(block_of(at), origin[at], out, at)
    return out.shaped(lead)


def _flatten(array: Floats, lead: tuple[int, ...], core: tuple[int, ...]) -> Floats:
    """Return ``array`` with one leading axis; data common to all data sets are not copied."""
    members = int(np.prod(lead))
    if all(size == 1 for size in array.shape[: -len(core)]):
        return np.broadcast_to(array.reshape(core), (members, *core))
    return np.broadcast_to(array, (*lead, *core)).reshape(members, *core)


def _climb_compiled(data: "_Block", start: Floats, out: LogisticFit, where: Ints) -> Ints:
    """Run Newton's method on one block in a compiled kernel; return irregular fits, for numpy."""
    from estimate.compiled.newton import climb  # loads numba

    coef, cov, loglik, steps, regular = climb(
        data.Xt,
        data.y,
        data.weights,
        data.offset,
        start,
        TOLERANCE * data.scale(),
        most_steps=STEP_LIMIT,
        smallest_curvature=FAR_CURVATURE,
    )
    at = where[regular]
    out.coef[at], out.cov[at], out.loglik[at] = coef[regular], cov[regular], loglik[regular]
    out.converged[at], out.iterations[at] = True, steps[regular]
    return where[~regular]


def _climb(data: "_Block", coef: Floats, out: LogisticFit, where: Ints) -> None:
    """Run Newton's method on one block; finished members are removed and stored."""
    members = len(coef)
    scale = data.scale()
    step = np.zeros_like(coef)
    best = np.full(members, -np.inf)
    accepted, halved = np.zeros((2, members), np.int64)
    while len(where):
        loglik, score, information = data.evaluate(coef)
        # A step that decreased the likelihood is halved, and its results are discarded.
        overshot = loglik < best - 1e-10 * np.abs(best)
        step = np.where(overshot[:, None], -step / 2, solve_each(information, score))
        gain = np.where(overshot, np.inf, np.einsum("mp,mp->m", step, score))
        best = np.where(overshot, best, loglik)
        coef = coef + step
        step = np.where(overshot[:, None], -step, step)
        accepted += ~overshot
        done = gain < TOLERANCE * scale
        halved = np.where(overshot, halved + 1, 0)
        lost = ~np.isfinite(gain) & ~overshot
        left = done | lost | (accepted == STEP_LIMIT) | (halved == HALVING_LIMIT)
        if left.any():
            at = where[left]
            out.iterations[at] = accepted[left]
            out.coef[at] = np.where(np.isfinite(gain[left])[:, None], coef[left], np.nan)
            out.loglik[at] = loglik[left] + np.where(done[left], gain[left] / 2, 0)
            out.cov[at], identified = invert_each(information[left])
            out.coef[at[~identified]] = np.nan
            # a very large step can reach a flat region of the likelihood without a maximum
            flat = data.is_flat(coef, information, done)
            out.converged[at] = (done & ~flat)[left] & identified
            direction = np.where(flat[:, None], coef, step)
            out.separated[at] = (flat | ~done)[left] & data.separates(direction)[left]
            stay = ~left
            where, scale, accepted, halved = where[stay], scale[stay], accepted[stay], halved[stay]
            coef, step, best = coef[stay], step[stay], best[stay]
            data = data.keep(stay)


class _Block:
    """Members processed together, and the memory reused between steps.

    ``Xt`` is (member, p, n): with patients along the last axis every product runs over contiguous
    memory, and its transpose is a view that BLAS can use directly.
    """

    __slots__ = ("Xt", "fewest", "offset", "weighted", "weights", "y")

    def __init__(
        self, Xt: Floats, y: Floats, weights: Floats | None, offset: Floats | None
    ) -> None:
        self.Xt, self.y, self.weights, self.offset = Xt, y, weights, offset
        self.weighted = np.empty_like(Xt)
        self.fewest = np.ones(len(Xt))

    def keep(self, stay: Bools) -> "_Block":
        """Return the block without the members that have finished."""
        weights, offset = _cut(self.weights, stay), _cut(self.offset, stay)
        return _Block(self.Xt[stay], self.y[stay], weights, offset)

    def scale(self) -> Floats:
        """Return the mean weight of each member, (member,)."""
        return np.ones(len(self.Xt)) if self.weights is None else _mean_weight(self.weights)

    def predict(self, coef: Floats) -> Floats:
        """Return the linear predictors, (member, n)."""
        eta: Floats = np.matmul(coef[:, None, :], self.Xt)[:, 0]
        if self.offset is not None:
            eta += self.offset
        return eta

    def evaluate(self, coef: Floats) -> tuple[Floats, Floats, Floats]:
        """Return log likelihood (member,), score (member, p) and information (member, p, p)."""
        eta = self.predict(coef)
        np.clip(eta, -PREDICTOR_LIMIT, PREDICTOR_LIMIT, out=eta)
        total = np.exp(-eta)
        total += 1.0
        mu = 1.0 / total
        residual = self.y - mu
        # log mu = -log(total) and log(1 - mu) = -eta - log(total)
        terms = np.log(total, out=total)
        eta *= self.y - 1.0
        np.subtract(eta, terms, out=terms)
        mu *= 1.0 - mu
        self.fewest = mu.min(-1, initial=1.0)
        if self.weights is not None:
            residual *= self.weights
            terms *= self.weights
            mu *= self.weights
        np.multiply(self.Xt, mu[:, None, :], out=self.weighted)
        score = np.matmul(self.Xt, residual[:, :, None])[:, :, 0]
        information = np.matmul(self.weighted, self.Xt.swapaxes(1, 2))
        return terms.sum(-1), score, information

    def is_flat(self, coef: Floats, information: Floats, done: Bools) -> Bools:
        """Return which finished members have an extreme predictor with unbounded variance."""
        flat = np.zeros(len(coef), bool)
        for member in np.flatnonzero(done & (self.fewest < FAR_CURVATURE)):
            eta = np.abs(coef[member] @ self.Xt[member])
            if self.weights is not None:
                eta = np.where(self.weights[member] > 0, eta, 0.0)
            farthest = self.Xt[member][:, eta.argmax()]
            toward = solve_each(information[[member]], farthest[None])[0]
            flat[member] = not farthest @ toward < FLAT_VARIANCE
        return flat

    def separates(self, step: Floats) -> Bools:
        """Return whether no observed outcome becomes less likely along ``step`` without bound.

        That certifies that no finite maximum exists (Albert A, Anderson JA. *Biometrika*
        1984;71:1-10).
        """
        with np.errstate(invalid="ignore"):
            drift = np.matmul(step[:, None, :], self.Xt)[:, 0] * np.sign(2 * self.y - 1)
            if self.weights is not None:
                drift = np.where(self.weights > 0, drift, 0.0)
            most = np.abs(drift).max(-1, initial=0.0)
            never_worse: Bools = (drift >= -1e-3 * most[:, None]).all(-1)
            separated: Bools = never_worse & (most > 1e-3)
        return separated


def _cut(column: Floats | None, members: slice | Bools | Ints) -> Floats | None:
    return None if column is None else column[members]


def _mean_weight(weights: Floats) -> Floats:
    return np.asarray(weights.sum(-1) / np.maximum(1, np.count_nonzero(weights, axis=-1)))
