"""A probit model of joint missingness.

Value j of a patient is missing if a normal score falls below a threshold; the scores of one patient
are correlated. Thresholds depend on flags of the patient (missing at random given them).
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize
from scipy.special import log_ndtr, ndtr, ndtri

from estimate.core.arrays import Floats

#: Greatest correlation that is returned.
MAX_CORRELATION = 0.95

#: SD of the normal prior of each pull, which keeps it finite under separation.
PULL_PRIOR_SD = 1.0

_NODES, _WEIGHTS = hermegauss(24)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class MissingFit:
    """A fitted model of missing values.

    Attributes
    ----------
    shares
        (k,) share of patients in whom each value is missing, over patients half of whom have
        each flag.
    pulls
        (m,) shift of the limit by each flag: up where it is set, down where it is not.
    correlation
        Of two scores of one patient, from 0 to `MAX_CORRELATION`.
    """

    shares: Floats
    pulls: Floats
    correlation: float


def fit_missing_values(missing: ArrayLike, flags: ArrayLike) -> MissingFit:
    """Return the model of which values are missing.

    Limits and pulls are fitted by probit regression over all values (independent scores do for
    these), the correlation by the number of pairs that are missing together.

    Parameters
    ----------
    missing
        (n, k) whether each value of each patient is missing.
    flags
        (n, m) flags of the patients that may pull; m may be 0.
    """
    lost, given = np.asarray(missing, bool), np.asarray(flags, bool)
    n, k = lost.shape
    signs = 2.0 * given - 1.0
    shares = np.clip(lost.mean(0), 0.5 / n, 1 - 0.5 / n)
    start = np.concatenate([ndtri(shares), np.zeros(given.shape[1])])
    sides = np.where(lost, 1.0, -1.0)

    def deviance(values: Floats) -> tuple[float, Floats]:
        """Return minus the penalised log likelihood, and its gradient."""
        limits, pulls = values[:k], values[k:]
        at = sides * (limits + (signs @ pulls)[:, None])
        logs = log_ndtr(at)
        steep = sides * np.exp(-0.5 * at**2 - logs) / np.sqrt(2 * np.pi)
        penalty = pulls / PULL_PRIOR_SD
        slopes = np.concatenate([-steep.sum(0), -signs.T @ steep.sum(1) + penalty / PULL_PRIOR_SD])
        return float(0.5 * penalty @ penalty - logs.sum()), slopes

    found = minimize(deviance, start, jac=True, method="BFGS").x
    limits, pulls = np.where(lost.any(0), found[:k], -np.inf), found[k:]
    at = np.clip(limits + (signs @ pulls)[:, None], -30, 30)
    return MissingFit(
        shares=np.asarray(ndtr(limits / np.sqrt(1 + pulls @ pulls))),
        pulls=pulls,
        correlation=_correlation(lost, at),
    )


def _correlation(lost: np.ndarray, at: Floats) -> float:
    """Return the correlation that reproduces the observed number of jointly missing pairs."""
    together = lost.sum(1)
    seen = float((together * (together - 1)).sum())

    def excess(correlation: float) -> float:
        shared, own = np.sqrt(correlation), np.sqrt(1 - correlation)
        pairs = 0.0
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            chance = ndtr((at - shared * node) / own)
            pairs += weight * float((chance.sum(1) ** 2 - (chance**2).sum(1)).sum())
        return pairs - seen

    if excess(0.0) >= 0:
        return 0.0
    if excess(MAX_CORRELATION) <= 0:
        return MAX_CORRELATION
    return float(brentq(excess, 0.0, MAX_CORRELATION, xtol=1e-6))
