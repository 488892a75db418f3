"""Difference of two proportions with a variance that is robust to clusters, of many trials at once.

Patients of a site are dependent. The difference is that of generalised estimating equations with
independence; its variance is the bias-reduced sandwich (CR2: Bell RM, McCaffrey DF. *Surv Methodol*
2002;28:169-81), its degrees of freedom are Satterthwaite's under independence (Pustejovsky JE,
Tipton E. *J Bus Econ Stat* 2018;36:672-83), so that few sites suffice. Patients of a site and arm
have one row of the design, so that a site is two numbers and its adjustment a 2 x 2 matrix.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats, Ints

#: Eigenvalues of I - H below this belong to sites without which there is no estimate.
SINGULAR = 1e-10


@dataclass(frozen=True, slots=True)
class ClusteredDifference:
    """Risk differences (treated - control), (trial,), their standard errors and df of Student's t.

    NaN where an arm is empty or fewer than two clusters remain.
    """

    difference: Floats
    std_error: Floats
    df: Floats


def clustered_difference(
    outcome: ArrayLike, arm: ArrayLike, include: ArrayLike, cluster: Ints, clusters: int
) -> ClusteredDifference:
    """Return the difference of proportions with its CR2 variance.

    Parameters
    ----------
    outcome, arm, include
        (trial, patient) 0 or 1.
    cluster
        (trial, patient) numbers from 0 to ``clusters - 1``.

    Examples
    --------
    >>> site = np.repeat([[0, 1, 2, 3]], 4, axis=1)
    >>> arm = np.array([[0, 0, 1, 1] * 4])
    >>> won = np.array([[0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1]])
    >>> found = clustered_difference(won, arm, np.ones((1, 16)), site, 4)
    >>> print(f"{found.difference[0]:.3f} {found.std_error[0]:.4f} {found.df[0]:.2f}")
    0.500 0.2041 3.00
    """
    members, events = _cells(outcome, arm, include, cluster, clusters)
    n = members.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = events.sum(1) / n
        rows, root = np.array([[1.0, 0.0], [1.0, 1.0]]), np.sqrt(members)
        bread = np.linalg.inv(_guarded(rows.T @ (n[..., None] * rows)))
        hat = root[..., :, None] * (rows @ bread[:, None] @ rows.T) * root[..., None, :]
        adjust = _inverse_root(np.eye(2) - hat)
        residual = np.divide(
            events - members * risk[:, None], root, out=np.zeros_like(root), where=members > 0
        )
        own = root[..., None] * rows  # (trial, cluster, cell, column)
        scores = np.einsum("tgcp,tgcd,tgd->tgp", own, adjust, residual)
        toward = bread[:, 1]  # of the coefficient of the arm
        variance = ((scores @ toward[..., None])[..., 0] ** 2).sum(1)
        df = _satterthwaite(own, adjust, bread, toward)
        error = np.sqrt(variance)
    present = (members.sum(-1) > 0).sum(-1)
    sound = (n > 0).all(-1) & (present > 1) & np.isfinite(df)
    difference = np.where(sound, risk[:, 1] - risk[:, 0], np.nan)
    return ClusteredDifference(
        difference, np.where(sound, error, np.nan), np.where(sound, df, np.nan)
    )


def _cells(
    outcome: ArrayLike, arm: ArrayLike, include: ArrayLike, cluster: Ints, clusters: int
) -> tuple[Floats, Floats]:
    """Return (trial, cluster, arm) patients and events."""
    trials = cluster.shape[0]
    place = (np.arange(trials)[:, None] * clusters + cluster) * 2 + np.asarray(arm, np.int64)
    kept = np.asarray(include, float)
    shape, size = (trials, clusters, 2), trials * clusters * 2
    members, events = (
        np.bincount(place.ravel(), each.ravel(), size).astype(float).reshape(shape)
        for each in (kept, kept * np.asarray(outcome, float))
    )
    return members, events


def _guarded(gram: Floats) -> Floats:
    """Return matrices that can be inverted: the identity where an arm is empty."""
    empty = np.abs(np.linalg.det(gram)) < SINGULAR
    return np.where(empty[:, None, None], np.eye(2), gram)


def _inverse_root(matrix: Floats) -> Floats:
    """Return symmetric inverse square roots; directions without variation are dropped."""
    values, vectors = np.linalg.eigh(matrix)
    root = np.where(values > SINGULAR, 1 / np.sqrt(np.maximum(values, SINGULAR)), 0.0)
    return np.asarray((vectors * root[..., None, :]) @ vectors.swapaxes(-1, -2))


def _satterthwaite(own: Floats, adjust: Floats, bread: Floats, toward: Floats) -> Floats:
    """Return (trial,) degrees of freedom of the variance, under independence."""
    weight = np.einsum("tgcd,tgdp,tp->tgc", adjust, own, toward)
    along = np.einsum("tgcp,tgc->tgp", own, weight)
    shared = -np.einsum("tgp,tpq,thq->tgh", along, bread, along)
    alone = (weight**2).sum(-1)
    products = shared + np.eye(own.shape[1]) * alone[:, :, None]
    trace = np.trace(products, axis1=1, axis2=2)
    return np.asarray(trace**2 / (products**2).sum((1, 2)))
