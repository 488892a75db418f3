"""Logistic regression by Newton's method for many data sets at once.

McCullagh P, Nelder JA. *Generalized Linear Models*, 2nd ed., 1989, section 4.4. The work of one
step is three BLAS calls per data set (predictor, score, information) and one exponential per
patient.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.compiled.switch import uses_kernels
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.matrices import invert_each, solve_each
from estimate.regression.logistic_block import FAR_CURVATURE, DataBlock, rows_of

#: Maximum number of steps. Regular fits need four to seven; under separation every step
#: adds about one to the linear predictor and the limit is reached.
STEP_LIMIT = 25

#: Maximum number of halvings of one step: a shorter step is lost in rounding.
HALVING_LIMIT = 60

#: Squared length of a Newton step, in standard errors, below which it is the last one. The error
#: that remains after it is of the order of this number, for a weight of one per patient.
TOLERANCE = 1e-14


#: Bytes of design matrix processed together: large enough to amortise numpy calls over many data
#: sets, small enough that a block and its weighted copy stay in cache.
BLOCK_BYTES = 1_600_000


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Maximum-likelihood fits; ``...`` is the leading shape of the data, ``()`` for one data set.

    Attributes
    ----------
    coef
        (..., p) log odds ratios; the last iterate where the fit did not converge, NaN where the
        information matrix is singular.
    cov
        (..., p, p) inverse Fisher information ("naive" covariance, weights taken as counts).
    loglik
        (...) maximum of the weighted log likelihood, without binomial coefficients.
    converged
        (...) whether a finite maximum was found.
    separated
        (...) whether the last step proves that there is none: along it no patient's likelihood
        falls.
    iterations
        (...) Newton steps taken.
    """

    coef: Floats
    cov: Floats
    loglik: Floats
    converged: Bools
    separated: Bools
    iterations: Ints


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
    out = _Answer.empty(members, p)
    size = max(1, BLOCK_BYTES // (8 * max(1, n * p)))
    for first in range(0, members, size):
        rows = slice(first, first + size)
        Xt = np.ascontiguousarray(design[rows].swapaxes(1, 2))
        data = DataBlock(Xt, outcome[rows], rows_of(prior, rows), rows_of(known, rows))
        if uses_kernels():
            _climb_compiled(data, origin[rows], out, first)
        else:
            _climb(data, origin[rows], out, np.arange(first, first + len(Xt)))
    return out.shaped(lead)


def _flatten(array: Floats, lead: tuple[int, ...], core: tuple[int, ...]) -> Floats:
    """Return ``array`` with one leading axis; data common to all data sets are not copied."""
    members = int(np.prod(lead))
    if all(size == 1 for size in array.shape[: -len(core)]):
        return np.broadcast_to(array.reshape(core), (members, *core))
    return np.broadcast_to(array, (*lead, *core)).reshape(members, *core)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Results of all members, filled as each of them finishes."""

    coef: Floats
    cov: Floats
    loglik: Floats
    converged: Bools
    separated: Bools
    iterations: Ints

    @classmethod
    def empty(cls, members: int, p: int) -> "_Answer":
        """Return a result in which no fit has converged yet."""
        return cls(
            coef=np.full((members, p), np.nan),
            cov=np.full((members, p, p), np.nan),
            loglik=np.full(members, np.nan),
            converged=np.zeros(members, bool),
            separated=np.zeros(members, bool),
            iterations=np.zeros(members, np.int64),
        )

    def shaped(self, lead: tuple[int, ...]) -> LogisticFit:
        """Return the results in the leading shape of the data."""
        p = self.coef.shape[-1]
        return LogisticFit(
            self.coef.reshape(*lead, p),
            self.cov.reshape(*lead, p, p),
            self.loglik.reshape(lead),
            self.converged.reshape(lead),
            self.separated.reshape(lead),
            self.iterations.reshape(lead),
        )


def _climb_compiled(data: "DataBlock", start: Floats, out: _Answer, first: int) -> None:
    """Run Newton's method on one block in a compiled kernel; irregular fits are left to numpy."""
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
    where = np.arange(first, first + len(start))
    at = where[regular]
    out.coef[at], out.cov[at], out.loglik[at] = coef[regular], cov[regular], loglik[regular]
    out.converged[at], out.iterations[at] = True, steps[regular]
    if not regular.all():
        _climb(data.keep(~regular), start[~regular], out, where[~regular])


def _climb(data: "DataBlock", coef: Floats, out: _Answer, where: Ints) -> None:
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
