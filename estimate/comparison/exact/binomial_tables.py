"""Probabilities and pooled z statistics of every 2 x 2 table of two arms."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy

from estimate.core.arrays import Floats


def binomial_masses(n: int, p: ArrayLike) -> Floats:
    """Return (..., n + 1) probabilities of 0..n events for risks ``p`` (...)."""
    x, risk = np.arange(n + 1), np.asarray(p, float)[..., None]
    return np.asarray(np.exp(log_ways(n) + xlogy(x, risk) + xlog1py(n - x, -risk)))


def log_ways(n: int) -> Floats:
    """Return (n + 1,) logarithms of the binomial coefficients of n."""
    x = np.arange(n + 1)
    return np.asarray(gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1))


def pooled_z(n1: int, n2: int) -> Floats:
    """Return (n1 + 1, n2 + 1) pooled z statistics, positive if arm 1 has the higher risk.

    Tables without events, or without non-events, have statistic 0.
    """
    x1, x2 = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    difference = x1 / n1 - x2 / n2
    return np.divide(difference, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)
