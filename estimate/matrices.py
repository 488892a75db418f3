"""Solve and invert stacks of small matrices in which some may be singular."""

import numpy as np

from estimate.arrays import Bools, Floats

#: A coefficient whose variance is inflated by more than this through the other columns is not
#: identified: beyond it the float64 information matrix has no digit left to invert.
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
    """Return inverses and whether all coefficients are identified; NaN where they are not."""
    inverse = _inverse(information)
    spread = np.einsum("mii,mii->mi", information, inverse)
    with np.errstate(invalid="ignore"):
        identified = ((spread > 0) & (spread < INFLATION_LIMIT)).all(-1)
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
