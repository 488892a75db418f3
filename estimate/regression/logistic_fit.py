"""Results of logistic regressions fitted to many data sets at once."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints


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

    @classmethod
    def empty(cls, members: int, p: int) -> "LogisticFit":
        """Return fits of members with p coefficients, none of which has converged yet."""
        return cls(
            coef=np.full((members, p), np.nan),
            cov=np.full((members, p, p), np.nan),
            loglik=np.full(members, np.nan),
            converged=np.zeros(members, bool),
            separated=np.zeros(members, bool),
            iterations=np.zeros(members, np.int64),
        )

    def shaped(self, lead: tuple[int, ...]) -> "LogisticFit":
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
