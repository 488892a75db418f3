"""Convergence of the chains, and the amount of missing data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.imputation.chain import Imputation


@dataclass(frozen=True, slots=True)
class Convergence:
    """Potential scale reduction of each incomplete column, (..., column); 1 is perfect mixing.

    Values above about 1.2 indicate that more iterations are needed (Gelman A et al. *Bayesian Data
    Analysis*, 3rd ed., 2013, section 11.4, without splitting: chains are short).
    """

    columns: tuple[str, ...]
    of_means: Floats
    of_sds: Floats


def convergence(done: Imputation) -> Convergence:
    """Compare the variance between chains with that within chains, over the later half."""
    return Convergence(done.incomplete, _scale_reduction(done.means), _scale_reduction(done.sds))


def _scale_reduction(trace: Floats) -> Floats:
    """Return sqrt(pooled variance / variance within), over (..., iteration, chain, column)."""
    late = trace[..., trace.shape[-3] // 2 :, :, :]
    length = late.shape[-3]
    if length < 2:
        return np.full((*late.shape[:-3], late.shape[-1]), np.nan)
    within = late.var(-3, ddof=1).mean(-2)
    between = late.mean(-3).var(-2, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (length - 1) / length + between / within
    return np.where(within > 0, np.sqrt(ratio), np.nan)


def missing_patterns(values: ArrayLike) -> tuple[Floats, Floats]:
    """Return the proportion missing of each column, and the proportion of complete patients.

    Parameters
    ----------
    values
        (..., n, column), NaN where missing.

    Examples
    --------
    >>> shares, complete = missing_patterns([[1.0, np.nan], [2.0, 3.0]])
    >>> shares, complete
    (array([0. , 0.5]), np.float64(0.5))
    """
    missing = np.isnan(np.asarray(values, float))
    return missing.mean(-2), 1 - missing.any(-1).mean(-1)
