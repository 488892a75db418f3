"""Bayesian linear regression, and the two imputation methods based on it: "norm" and "pmm".

Every array has one leading axis, the chain (data set x imputation). Random numbers are arguments,
so that a step can be compared with that of another program.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints

#: Added to the diagonal of X'X, relative to it, where X'X cannot be inverted (collinear columns).
RIDGE = 1e-5

#: Predictions closer than this fraction of their range are equal up to rounding.
TIED = 1e-10

#: Smallest eigenvalue of X'X, columns scaled to length 1, that counts as invertible.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class LinearDraw:
    """Least-squares coefficients and one draw from their posterior, (chain, p) and (chain,)."""

    coef: Floats
    coef_drawn: Floats
    sigma_drawn: Floats


def draw_linear(X: Floats, y: Floats, observed: Bools, normal: Floats, chi2: Floats) -> LinearDraw:
    """Draw from the posterior of a linear regression under the usual flat prior.

    sigma*^2 = RSS / chi2; b* = b + sigma* L z, where L L' = (X'X)^-1 over the observed rows.
    Rubin 1987, page 167.

    Parameters
    ----------
    X, y, observed
        (chain, n, p), (chain, n), (chain, n); rows not observed are ignored.
    normal
        (chain, p) standard normal draws z.
    chi2
        (chain,) draws from chi-square with (observed rows - p) degrees of freedom.
    """
    rows = (X * observed[..., None]).swapaxes(-1, -2)
    gram = np.matmul(rows, X)
    length = np.sqrt(np.einsum("bii->bi", gram))
    length = np.where(length > 0, length, 1.0)
    inverse = _invert(gram / (length[:, :, None] * length[:, None, :]))
    target = np.where(observed, y, 0)
    coef = np.zeros(length.shape)
    residual = target
    # A second pass removes the rounding error of the first.
    for _ in range(2):
        score = np.matmul(rows, residual[..., None])[..., 0] / length
        coef = coef + np.matmul(inverse, score[..., None])[..., 0]
        residual = target - np.matmul((coef / length)[:, None, :], rows)[:, 0]
    sigma = np.sqrt((residual**2).sum(-1) / chi2)
    noise = np.matmul(np.linalg.cholesky(inverse), normal[..., None])[..., 0]
    coef, drawn = coef / length, (coef + sigma[:, None] * noise) / length
    return LinearDraw(coef, drawn, sigma)


def _invert(gram: Floats) -> Floats:
    """Invert matrices of correlations; a ridge makes the singular ones invertible."""
    weakest = np.linalg.eigvalsh(gram)[:, 0]
    diagonal = np.einsum("bii->bi", gram)
    ridge = np.where((weakest < SINGULAR)[:, None], RIDGE * diagonal + 1e-12, 0.0)
    # A column without any observed value has a zero diagonal; its coefficient is then 0.
    ridge = np.where((diagonal == 0) & (ridge > 0), 1.0, ridge)
    inverse = np.linalg.inv(gram + np.eye(gram.shape[-1]) * ridge[:, None, :])
    return np.asarray((inverse + inverse.swapaxes(-1, -2)) / 2)


@dataclass(frozen=True, slots=True)
class Donors:
    """Observed patients by prediction, and the nearest of them for each missing value.

    Attributes
    ----------
    order, predicted
        (chain, n) rows sorted by prediction, and these predictions; infinite where not observed.
    nearest
        (chain, k, donors) places in that order, nearest first.
    """

    order: Ints
    predicted: Floats
    nearest: Ints

    def rows(self) -> Ints:
        """Return the rows of the nearest patients, (chain, k, donors)."""
        flat = self.nearest.reshape(len(self.order), -1)
        return np.asarray(np.take_along_axis(self.order, flat, -1).reshape(self.nearest.shape))

    def draw(self, which: Floats, among_ties: Floats) -> Ints:
        """Choose one row for each gap by uniform numbers (chain, k).

        The second number chooses among patients with the same prediction, separately for each
        missing value: otherwise few distinct predictions would make all missing values of a kind
        share five donors, which inflates the variance between imputations.
        """
        pick = (which * self.nearest.shape[-1]).astype(np.int64)
        place = np.take_along_axis(self.nearest, pick[..., None], -1)[..., 0]
        value = np.take_along_axis(self.predicted, place, -1)
        seen = np.isfinite(self.predicted)
        variation = np.ptp(np.where(seen, self.predicted, self.predicted[:, :1]), axis=-1)
        slack = (TIED * variation)[:, None]
        first = _search(self.predicted, value - slack, "left")
        size = _search(self.predicted, value + slack, "right") - first
        place = first + (among_ties * size).astype(np.int64)
        return np.asarray(np.take_along_axis(self.order, place, -1))


def nearest_donors(predicted: Floats, observed: Bools, wanted: Floats, donors: int) -> Donors:
    """Find the observed patients whose predictions lie nearest to those wanted.

    Parameters
    ----------
    predicted
        (chain, n) predictions from the estimated coefficients (type 1 matching).
    observed
        (chain, n) potential donors.
    wanted
        (chain, k) predictions from the drawn coefficients, for the gaps.
    donors
        Number of donors; if a chain has fewer observed patients, the smallest such number.

    Examples
    --------
    >>> row = np.array([[1.0, 2.0, 4.0, 8.0, 3.0]])
    >>> known = np.array([[True, True, True, True, False]])
    >>> nearest_donors(row, known, np.array([[3.5]]), 2).rows().tolist()
    [[[2, 1]]]
    """
    count = observed.sum(-1)
    donors = min(donors, int(count.min()))
    key = np.where(observed, predicted, np.inf)
    order = np.argsort(key, axis=-1, kind="stable")
    key = np.take_along_axis(key, order, -1)
    window = _search(key, wanted, "left")[..., None] + np.arange(-donors, donors)
    inside = (window >= 0) & (window < count[:, None, None])
    window = window.clip(0, key.shape[-1] - 1)
    near = np.take_along_axis(key, window.reshape(len(key), -1), -1).reshape(window.shape)
    with np.errstate(invalid="ignore"):
        distance = np.where(inside, np.abs(near - wanted[..., None]), np.inf)
    closest = np.argsort(distance, axis=-1, kind="stable")[..., :donors]
    return Donors(order, key, np.take_along_axis(window, closest, -1))


def _search(key: Floats, values: Floats, side: Literal["left", "right"]) -> Ints:
    pairs = zip(key, values, strict=True)
    return np.stack([np.searchsorted(k, v, side) for k, v in pairs])
