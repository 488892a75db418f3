"""Correlation of normal scores, within groups and with missing values."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import rankdata

from estimate.core.arrays import Floats

#: Patients with both values, below which a correlation is taken to be 0.
MIN_PAIRS = 10

#: Smallest eigenvalue of the matrix that is returned.
MIN_EIGENVALUE = 1e-3


def normal_scores(values: ArrayLike) -> Floats:
    """Return the normal score of each value by its mean rank; NaN stays NaN.

    The score is the normal quantile at (rank - 1/2) / n (Hazen's plotting position).

    >>> normal_scores([3.0, 1.0, 2.0]).round(3).tolist()
    [0.967, -0.967, 0.0]
    """
    array = np.asarray(values, float)
    ranks = rankdata(array, nan_policy="omit")
    return np.asarray(ndtri((ranks - 0.5) / np.count_nonzero(np.isfinite(array))))


def group_shifts(scores: ArrayLike, group: ArrayLike, groups: int) -> Floats:
    """Return the mean score of each group less that of group 0, of shape (groups, variables).

    A group without a value has shift 0.
    """
    table, group = np.asarray(scores, float), np.asarray(group)
    means = np.zeros((groups, table.shape[1]))
    for number in range(groups):
        inside = table[group == number]
        known = np.isfinite(inside)
        sums = np.where(known, inside, 0.0).sum(0)
        means[number] = sums / np.maximum(1, known.sum(0))
        if number:
            means[number] = np.where(known.any(0), means[number] - means[0], 0.0)
    means[0] = 0.0
    return means


def score_correlations(scores: ArrayLike) -> Floats:
    """Return the correlation matrix of scores, from the patients who have both values of a pair.

    Pairs with fewer than `MIN_PAIRS` patients count as uncorrelated. A matrix of pairwise
    correlations need not be one of any distribution: its negative eigenvalues are then raised
    (statsmodels' ``corr_clipped``).

    Parameters
    ----------
    scores
        (n, k) scores without the shifts of groups; NaN where missing.
    """
    table = np.asarray(scores, float)
    size = table.shape[1]
    matrix = np.eye(size)
    for row in range(size):
        for column in range(row):
            pair = table[:, [row, column]]
            pair = pair[np.isfinite(pair).all(1)]
            if len(pair) >= MIN_PAIRS and pair.std(0).all():
                matrix[row, column] = matrix[column, row] = np.corrcoef(pair.T)[0, 1]
    if np.linalg.eigvalsh(matrix)[0] < MIN_EIGENVALUE:
        # rarely needed, slow to load
        from statsmodels.stats.correlation_tools import corr_clipped

        matrix = np.asarray(corr_clipped(matrix, threshold=MIN_EIGENVALUE))
    return matrix
