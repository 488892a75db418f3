"""The variance that balance of the arms within strata removes from a g-computation.

Ye T, Bannick M, Yi Y, Shao J. *Stat Theory Relat Fields* 2023;7:159-63: products of mean residuals
within strata. In small strata a squared residual is mostly noise: its expectation by chance is
subtracted, so that the gain is not overestimated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimate.comparison.stratified import sums_within
from estimate.core.arrays import Floats


@dataclass(frozen=True, slots=True)
class SmallSample:
    """Quantities of the outcome model for the small-sample correction.

    Attributes
    ----------
    rows
        (..., column, patient) design matrix.
    leverage
        (..., patient) diagonal of the hat matrix.
    cov
        (..., column, column) inverse information.
    """

    rows: Floats
    leverage: Floats
    cov: Floats


def balance_gain(
    y: Floats,
    arm: Floats,
    kept: Floats,
    predicted: Floats,
    stratum: NDArray[np.int64],
    noise: Floats | None,
) -> Floats:
    """Return the variance that balance within strata removes: E{R (diag pi - pi pi') R}.

    R is diagonal with the mean residual of arm a in the stratum over pi_a. A model with the strata
    among its covariates leaves no mean residual and gains nothing.

    Parameters
    ----------
    noise
        (..., 2, 2, stratum) covariance of the mean residuals by chance, from `chance_products`,
        which is subtracted from their products. None is 0.
    """
    strata = int(stratum.max()) + 1
    mean, patients = [], []
    for a in (0, 1):
        member = kept * (arm == a)
        size = sums_within(member, stratum, strata)
        residual = sums_within((y - predicted[..., a, :]) * member, stratum, strata)
        mean.append(residual / np.maximum(size, 1))
        patients.append(size)
    weight = (patients[0] + patients[1]) / kept.sum(-1)[..., None]
    share = [(size.sum(-1) / kept.sum(-1)) for size in patients]
    gain = np.empty((*weight.shape[:-1], 2, 2))
    for a in (0, 1):
        for b in (0, 1):
            variation = ((a == b) - share[b]) / share[b]
            product = mean[a] * mean[b]
            if noise is not None:
                product = product - noise[..., a, b, :]
            gain[..., a, b] = variation * (weight * product).sum(-1)
    return gain


def chance_products(
    correction: SmallSample,
    variance: Floats,
    arm: Floats,
    kept: Floats,
    stratum: NDArray[np.int64],
) -> Floats:
    """Return the (..., 2, 2, stratum) covariance of mean residuals by chance.

    Residuals of a logistic model are (I - W X C X') times the errors, with weights W = p (1 - p)
    and C the inverse information. So the means of cells c and d have the covariance
    [c = d] mean_c(W) / n_c - g_c' C g_d, with g_c the mean of W X in the cell.

    Parameters
    ----------
    variance
        (..., patient) fitted p (1 - p), 0 for patients who are not analysed.
    """
    strata = int(stratum.max()) + 1
    weighted = correction.rows * variance[..., None, :]
    own, drift = [], []
    for a in (0, 1):
        member = kept * (arm == a)
        size = np.maximum(sums_within(member, stratum, strata), 1)
        own.append(sums_within(variance * member, stratum, strata) / size**2)
        columns = [
            sums_within(weighted[..., k, :] * member, stratum, strata) / size
            for k in range(weighted.shape[-2])
        ]
        drift.append(np.stack(columns, -1))
    found = np.empty((*own[0].shape[:-1], 2, 2, strata))
    for a in (0, 1):
        for b in (0, 1):
            fitted = ((drift[a] @ correction.cov) * drift[b]).sum(-1)
            found[..., a, b, :] = (a == b) * own[a] - fitted
    return found
