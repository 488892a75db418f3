"""Data sets that a logistic regression is fitted to together: likelihood, score, information."""

import numpy as np

from estimate.core.arrays import Bools, Floats
from estimate.core.matrices import solve_each

#: If the curvature mu (1 - mu) of some patient is below the first number (predictor beyond 20), a
#: fit is checked again, and counts as separated if the variance of the predictor is above the
#: second: it is below 100,000 for outliers, and many orders of magnitude larger under separation.
FAR_CURVATURE = 2e-9
FLAT_VARIANCE = 1e7

#: Predictors are clipped here: exp(500) is finite, and the likelihood is flat long before.
PREDICTOR_LIMIT = 500.0


def rows_of(column: Floats | None, members: slice | Bools) -> Floats | None:
    """Return the values of some members; None, which stands for no column, stays None."""
    return None if column is None else column[members]


class DataBlock:
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

    def keep(self, stay: Bools) -> "DataBlock":
        """Return the block without the members that have finished."""
        weights, offset = rows_of(self.weights, stay), rows_of(self.offset, stay)
        return DataBlock(self.Xt[stay], self.y[stay], weights, offset)

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


def _mean_weight(weights: Floats) -> Floats:
    return np.asarray(weights.sum(-1) / np.maximum(1, np.count_nonzero(weights, axis=-1)))
