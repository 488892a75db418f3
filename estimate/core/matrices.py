"""Stacks of small matrices, possibly singular: solve, invert, detect collinearity."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats

#: Coefficients with a larger variance inflation are not identified: the float64 information matrix
#: has no significant digits left.
INFLATION_LIMIT = 1e12


def solve_each(information: Floats, score: Floats) -> Floats:
    """Return Newton steps, NaN for a member whose information is exactly singular."""
    try:
        steps: Floats = np.linalg.solve(information, score[:, :, None])[:, :, 0]
        return steps
    except np.linalg.LinAlgError:
        if len(score) == 1:
            return np.full_like(score, np.nan)
        pairs = zip(information, score, strict=True)
        return np.concatenate([solve_each(h[None], g[None]) for h, g in pairs])


def invert_each(information: Floats) -> tuple[Floats, Bools]:
    """Return inverses and whether all coefficients are identified; NaN if not."""
    inverse = _inverse(information)
    variation = np.einsum("mii,mii->mi", information, inverse)
    with np.errstate(invalid="ignore"):
        identified = ((variation > 0) & (variation < INFLATION_LIMIT)).all(-1)
    return np.where(identified[:, None, None], inverse, np.nan), identified


def _inverse(matrices: Floats) -> Floats:
    """Return inverses, NaN for a matrix that is exactly singular."""
    try:
        inverses: Floats = np.linalg.inv(matrices)
        return inverses
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.nan)
        return np.concatenate([_inverse(matrix[None]) for matrix in matrices])


def quadratic_form(b: Floats, cov: Floats) -> Floats:
    """Return b' V^-1 b for vectors (..., k) and matrices (..., k, k); NaN where one has a NaN."""
    sound = np.asarray(np.isfinite(b).all(-1) & np.isfinite(cov).all((-2, -1)))
    cov = np.where(sound[..., None, None], cov, np.eye(b.shape[-1]))
    solved = np.linalg.solve(cov, b[..., None])[..., 0]
    return np.where(sound, (b * solved).sum(-1), np.nan)


def collinear_groups(
    columns: Mapping[str, Floats], *, inflation: float = 100.0
) -> list[tuple[str, ...]]:
    """Return groups of numeric columns of which one nearly is a linear combination of the others.

    A column with a variance inflation factor above ``inflation`` forms a group with the columns
    that predict it. Only rows without a missing value count (NaN).

    Examples
    --------
    >>> x = np.array([1.0, 2, 3, 4, 5, 7])
    >>> collinear_groups({"cm": x, "age": np.array([3.0, 1, 2, 2, 5, 1]), "mm": 10 * x})
    [('cm', 'mm')]
    """
    rows = np.stack(list(columns.values()), -1) if columns else np.empty((0, 0))
    rows = rows[np.isfinite(rows).all(-1)]
    names = [name for name, x in zip(columns, rows.T, strict=True) if len(x) and np.ptp(x) > 0]
    values = {name: x for name, x in zip(columns, rows.T, strict=True) if name in names}
    groups: list[tuple[str, ...]] = []
    while len(values) > 1:
        scaled = {name: (x - x.mean()) / x.std() for name, x in values.items()}
        factors = {name: _inflation(scaled, name) for name in scaled}
        worst = max(factors, key=lambda name: factors[name][0])
        factor, coefficients = factors[worst]
        if factor < inflation or len(rows) <= len(values):
            break
        near = [name for name, b in coefficients.items() if abs(b) > 0.05]
        groups.append(tuple(name for name in columns if name in (worst, *near)))
        del values[worst]
    return groups


def _inflation(scaled: Mapping[str, Floats], name: str) -> tuple[float, dict[str, float]]:
    """Return a column's variance inflation factor and its coefficients on the others."""
    others = {other: x for other, x in scaled.items() if other != name}
    X = np.stack(list(others.values()), -1)
    coefficients = np.linalg.lstsq(X, scaled[name], rcond=None)[0]
    residual = float(np.mean((scaled[name] - X @ coefficients) ** 2))
    return 1 / max(residual, 1e-15), dict(zip(others, coefficients.tolist(), strict=True))


def independent_columns(
    X: ArrayLike, weights: ArrayLike | None = None, *, keep: int = 0
) -> list[int]:
    """Return the columns that are not a linear combination of earlier columns, in any data set.

    ``X`` is (..., n, p); rows of weight 0 do not count. A column that is redundant only in some
    data sets is kept; those fits fail and are counted as failed. The first ``keep`` columns are
    always kept: without variation in treatment no effect is estimated.

    Examples
    --------
    >>> independent_columns([[1, 0, 2, 1], [1, 1, 2, 0], [1, 0, 2, 1]])
    [0, 1]
    """
    X = np.asarray(X, float)
    used = np.ones(X.shape[:-1]) if weights is None else (np.asarray(weights) > 0).astype(float)
    rows = (X * used[..., None]).reshape(-1, X.shape[-1])
    length = np.sqrt((rows**2).sum(0))
    rows = rows / np.where(length > 0, length, 1.0)
    gram = rows.T @ rows
    kept = []
    for j in range(len(gram)):
        left = gram[j, j]  # of this column's length, given the columns kept
        if left > 1e-9:
            gram = gram - np.outer(gram[:, j], gram[j]) / left
        if left > 1e-9 or j < keep:
            kept.append(j)
    return kept
