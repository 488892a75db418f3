"""Balance of the arms, before and after weighting or matching.

Austin PC. *Stat Med* 2009;28:3083-3107. Denominators are unweighted by default, so that a change of
the measure reflects the difference, not its denominator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Categorical
from estimate.core.result import plain

#: Decimals of differences between the arms: equal means differ by the rounding of their sums.
RESIDUE_DECIMALS = 12

Ruler = Literal["pooled", "treated", "untreated", "all", "weighted", "weighted pooled"]


@dataclass(frozen=True, slots=True)
class Balance:
    """Differences between the arms, for k columns: each number, and each level of a category.

    Attributes
    ----------
    names
        k names, ``name[level]`` for levels.
    difference
        (..., k) standardised mean differences, treated against untreated.
    variance_ratio
        (..., k) weighted variances, treated over untreated; NaN for 0/1 columns.
    distance
        (..., k) Kolmogorov-Smirnov distance of the weighted distributions.
    """

    names: tuple[str, ...]
    difference: Floats
    variance_ratio: Floats
    distance: Floats

    @property
    def worst(self) -> Floats:
        """Largest absolute standardised difference, (...); NaN if none is defined."""
        known = np.where(np.isnan(self.difference), -np.inf, np.abs(self.difference))
        largest: Floats = known.max(axis=-1)
        return np.where(np.isfinite(largest), largest, np.nan)

    def records(self) -> list[dict[str, Any]]:
        """Return one plain dictionary per column, for one study."""
        rows = zip(self.names, self.difference, self.variance_ratio, self.distance, strict=True)
        return [
            {
                "covariate": name,
                "difference": plain(difference),
                "variance_ratio": plain(ratio),
                "distance": plain(distance),
            }
            for name, difference, ratio, distance in rows
        ]


def balance(
    data: AnalysisSet, weights: Floats | None = None, *, ruler: Ruler = "pooled"
) -> Balance:
    """Compare the arms column by column.

    Parameters
    ----------
    weights
        (..., n), from `weighting.weights` or 1 for matched patients and 0 for others; None means no
        weights.
    ruler
        Standard deviation that differences are divided by: "pooled" is the root of the mean
        variance of the two arms (usual for ATE), "treated" suits ATT, "untreated" ATC, "all" the
        whole sample; these are unweighted. "weighted" is the weighted whole (usual for overlap
        weights), "weighted pooled" the weighted arms (the default of several table packages).
        Variances of 0/1 columns are p (1 - p).

    Examples
    --------
    >>> from estimate.core.complete_cases import analysis_set
    >>> from estimate.core.columns import Numeric
    >>> patients = {"therapy": [0, 0, 1, 1], "y": [0, 1, 0, 1], "age_years": [30, 34, 32, 36]}
    >>> kinds = {"age_years": Numeric()}
    >>> data = analysis_set(patients, treatment="therapy", outcome="y", covariates=kinds)
    >>> print(balance(data).difference.round(4))
    [0.7071]
    """
    w = data.include.astype(float) if weights is None else np.where(data.include, weights, 0.0)
    unit = data.include.astype(float)
    treated = (data.treatment > 0) & data.include
    untreated = (data.treatment <= 0) & data.include
    names, differences, ratios, distances = [], [], [], []
    for name, x in _every_column(data).items():
        binary = _is_binary(x)
        w1, w0 = w * treated, w * untreated
        mean1, mean0 = _mean(x, w1), _mean(x, w0)
        variation = _ruler(x, binary, (treated, untreated, data.include), unit, w, ruler)
        with np.errstate(divide="ignore", invalid="ignore"):
            differences.append((mean1 - mean0) / variation)
            ratio = _variance(x, w1, False) / _variance(x, w0, False)
        ratios.append(np.full_like(ratio, np.nan) if binary else ratio)
        distances.append(_distance(x, w1, w0))
        names.append(name)
    return Balance(
        tuple(names),
        _without_residue(differences),
        np.stack(ratios, axis=-1),
        _without_residue(distances),
    )


def _without_residue(gaps: Sequence[Floats]) -> Floats:
    """Return differences of proportions; rounding errors between equal numbers become 0."""
    return np.round(np.stack(gaps, axis=-1), RESIDUE_DECIMALS) + 0.0


def mahalanobis_difference(
    data: AnalysisSet, covariate: str, weights: Floats | None = None
) -> Floats:
    """Return one standardised difference (...) for all levels of a category.

    Yang D, Dalton JE. *SAS Global Forum* 2012, paper 335; the covariance is that of the (weighted)
    arms, averaged. Infinite if the arms have no level in common; levels without patients do not
    count.
    """
    kind = data.kinds[covariate]
    if not isinstance(kind, Categorical):
        raise ValueError(f"{covariate} is not categorical")
    w = data.include.astype(float) if weights is None else np.where(data.include, weights, 0.0)
    level = (
        data.covariates[covariate][..., None, :] == np.arange(1, len(kind.levels))[:, None]
    ) * 1.0
    shares = [
        _mean(level, (w * arm)[..., None, :]) for arm in (data.treatment > 0, data.treatment <= 0)
    ]
    gap = shares[0] - shares[1]
    covs = [
        np.einsum("...i,ij->...ij", p, np.eye(len(kind.levels) - 1))
        - p[..., None] * p[..., None, :]
        for p in shares
    ]
    pooled = (covs[0] + covs[1]) / 2
    # a level that no patient, or only one arm, has leaves a direction without variance
    inverse = np.linalg.pinv(np.where(np.isfinite(pooled), pooled, 0.0), hermitian=True)
    solved = np.einsum("...ij,...j->...i", inverse, gap)
    distance = np.sqrt((gap * solved).sum(-1))
    apart = (np.minimum(*(np.concatenate(_with_reference(p)) for p in shares)) <= 0).all(0)
    return np.where(apart, np.inf, np.where(np.isfinite(gap).all(-1), distance, np.nan))


def _with_reference(shares: Floats) -> list[Floats]:
    """Return the proportion of every level, (level, ...), the reference first."""
    rest = np.moveaxis(shares, -1, 0)
    return [1 - rest.sum(0, keepdims=True), rest]


def _every_column(data: AnalysisSet) -> dict[str, Floats]:
    """Return numbers as they are and an indicator of every level, the reference included."""
    columns: dict[str, Floats] = {}
    for name, kind in data.kinds.items():
        values = data.covariates[name]
        if isinstance(kind, Categorical):
            for index, level in enumerate(kind.levels):
                columns[f"{name}[{level}]"] = ((values == index) & data.include) * 1.0
        else:
            columns[name] = values
    return columns


def _is_binary(x: Floats) -> bool:
    return bool(np.isin(x, (0.0, 1.0)).all())


def _mean(x: Floats, w: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = (w * x).sum(-1) / w.sum(-1)
    return mean


def _variance(x: Floats, w: Floats, binary: bool) -> Floats:
    """Return the unbiased weighted variance; p (1 - p) for a 0/1 column."""
    mean = _mean(x, w)
    if binary:
        return mean * (1 - mean)
    total, squares = w.sum(-1), (w**2).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance: Floats = (w * (x - mean[..., None]) ** 2).sum(-1) * total / (total**2 - squares)
    return variance


def _ruler(
    x: Floats,
    binary: bool,
    groups: tuple[Bools, Bools, Bools],
    unit: Floats,
    w: Floats,
    ruler: Ruler,
) -> Floats:
    used = w if ruler.startswith("weighted") else unit
    treated, untreated, everyone = (_variance(x, used * group, binary) for group in groups)
    variance = {
        "pooled": (treated + untreated) / 2,
        "weighted pooled": (treated + untreated) / 2,
        "treated": treated,
        "untreated": untreated,
        "all": everyone,
        "weighted": everyone,
    }[ruler]
    variation: Floats = np.sqrt(variance)
    return variation


def _distance(x: Floats, w1: Floats, w0: Floats) -> Floats:
    """Return the largest gap between two weighted distribution functions."""
    order = np.argsort(x, axis=-1, kind="stable")
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = w1 / w1.sum(-1, keepdims=True) - w0 / w0.sum(-1, keepdims=True)
    gaps = np.abs(np.cumsum(np.take_along_axis(gap, order, -1), axis=-1))
    ordered = np.take_along_axis(x, order, -1)
    # a tie is one step: only its last patient counts
    last = np.concatenate(
        [ordered[..., 1:] > ordered[..., :-1], np.ones((*x.shape[:-1], 1), bool)], axis=-1
    )
    largest: Floats = np.where(last, gaps, 0.0).max(-1)
    return largest
