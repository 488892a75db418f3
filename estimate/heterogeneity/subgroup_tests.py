"""Tests of effects in subgroups and of their interaction with treatment, from counts.

Interaction: Wald tests of the difference of two risk differences, and of two log odds ratios with
one half added to every cell (Gart JJ, Zweifel JR. *Biometrika* 1967;54:181-7). Hochberg Y.
*Biometrika* 1988;75:800-2.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, ndtr, ndtri

from estimate.core.arrays import Bools, Floats

#: Scale on which effects are compared.
InteractionScale = Literal["risk difference", "log odds ratio"]


def score_statistic(counts: ArrayLike) -> Floats:
    """Return (...) pooled z of treated against control; 0 where there is no variance.

    Parameters
    ----------
    counts
        (..., arm, 2) successes and participants, control first; NaN where an arm is empty.

    Examples
    --------
    >>> print(f"{score_statistic([[40, 100], [55, 100]]):.6f}")
    2.123977
    """
    x, n = np.moveaxis(np.asarray(counts, float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = x.sum(-1) / n.sum(-1)
        variance = pooled * (1 - pooled) * (1 / n).sum(-1)
        z = np.diff(x / n, axis=-1)[..., 0] / np.sqrt(variance)
    return np.where((n < 1).any(-1), np.nan, np.where(variance > 0, z, 0.0))


def interaction_estimate(counts: ArrayLike, scale: InteractionScale) -> tuple[Floats, Floats]:
    """Return (...) interactions, subgroup less others, and their standard errors.

    Parameters
    ----------
    counts
        (..., part, arm, 2) successes and participants: the subgroup first, control first.

    Examples
    --------
    >>> value, error = interaction_estimate([[[30, 100], [55, 100]], [[40, 100], [45, 100]]],
    ...                                     "risk difference")
    >>> print(f"{value:.2f} {error:.4f}")
    0.20 0.0972
    """
    x, n = np.moveaxis(np.asarray(counts, float), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if scale == "risk difference":
            level = x / n
            variance = level * (1 - level) / n
        else:
            level = np.log((x + 0.5) / (n - x + 0.5))
            variance = 1 / (x + 0.5) + 1 / (n - x + 0.5)
        empty = (n < 1).any((-1, -2))
        gap = np.diff(level, axis=-1)[..., 0]
        value = np.where(empty, np.nan, gap[..., 0] - gap[..., 1])
        return value, np.sqrt(variance.sum((-1, -2)))


def interaction_power(
    risks: ArrayLike, participants: ArrayLike, scale: InteractionScale, alpha: float = 0.05
) -> float:
    """Return the power of the two-sided Wald test of an interaction, by normal approximation.

    Parameters
    ----------
    risks, participants
        (part, arm) true risks and numbers analysed: the subgroup first, control first.

    Examples
    --------
    >>> power = interaction_power([[0.3, 0.55], [0.4, 0.45]], [[100, 100], [100, 100]],
    ...                           "risk difference")
    >>> print(f"{power:.4f}")
    0.5388
    """
    p, n = np.asarray(risks, float), np.asarray(participants, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = p if scale == "risk difference" else logit(p)
        variance = p * (1 - p) / n if scale == "risk difference" else 1 / (n * p * (1 - p))
    gap = np.diff(level, axis=-1)[..., 0]
    drift, critical = abs(gap[0] - gap[1]) / np.sqrt(variance.sum()), -ndtri(alpha / 2)
    return float(ndtr(drift - critical) + ndtr(-drift - critical))


def hochberg(p: ArrayLike, alpha: float) -> Bools:
    """Return (..., m) which hypotheses Hochberg's step-up procedure rejects; NaN counts as 1.

    Examples
    --------
    >>> hochberg([0.04, 0.045, 0.2], 0.05).tolist(), hochberg([0.04, 0.045], 0.05).tolist()
    ([False, False, False], [True, True])
    """
    values = np.asarray(p, float)
    values = np.where(np.isnan(values), 1.0, values)
    order = np.argsort(values, axis=-1)
    ranked = np.take_along_axis(values, order, -1)
    limits = alpha / np.arange(values.shape[-1], 0, -1)
    passed = np.flip(np.logical_or.accumulate(np.flip(ranked <= limits, -1), axis=-1), -1)
    found = np.zeros(values.shape, bool)
    np.put_along_axis(found, order, passed, -1)
    return found
