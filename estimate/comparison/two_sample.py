"""Tests of two groups of patients: rank, chi-square and mean tests as in R.

Every function takes leading axes (replicate, ...) and works on the last one (patients), or on the
last two (a table). A missing value is NaN and its patient is excluded from that test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.comparison.ranks import rank_bounds
from estimate.core.arrays import Bools, Floats, Ints

#: R's `wilcox.test` counts exactly below this size of either group, if there are no ties.
EXACT_BELOW = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """A test of no difference: its name, statistic and two-sided p-value, shape (...)."""

    method: str
    statistic: Floats
    p_value: Floats
    df: Floats | None = None


def wilcoxon(
    values: ArrayLike, group: ArrayLike, *, continuity: bool = True, exact: bool | None = None
) -> Comparison:
    """Wilcoxon rank-sum (Mann-Whitney) test of ``values`` between groups 0 and 1.

    Exact where both groups are smaller than `EXACT_BELOW` and nothing is tied; otherwise the
    normal approximation with ties, and with continuity correction unless it is switched off.
    Hollander M, Wolfe DA. *Nonparametric Statistical Methods*, 1999, section 4.1.

    Parameters
    ----------
    values
        (..., n), NaN where missing.
    group
        (..., n) of 0 and 1.
    exact
        None decides for each data set as above; True or False decides for all.

    Returns
    -------
    Comparison
        The statistic is W of group 1: the pairs (one patient of each group) in which the patient of
        group 1 has the larger value, ties counting one half. NaN if a group is empty.

    Examples
    --------
    >>> test = wilcoxon([1.1, 2.2, 3.3, 4.7, 2.5, 3.9, 6.1], [1, 1, 1, 1, 0, 0, 0])
    >>> print(f"W = {test.statistic:g}, p = {test.p_value:.4f}")
    W = 3, p = 0.4000
    """
    values, group = np.broadcast_arrays(np.asarray(values, float), np.asarray(group))
    known = ~np.isnan(values)
    first = known & (group == 1)
    n1, n0 = first.sum(-1), (known & (group == 0)).sum(-1)
    ranks, tied = _ranks(np.where(known, values, np.inf), known)
    w = np.asarray((ranks * first).sum(-1) - n1 * (n1 + 1) / 2)
    p = np.asarray(_normal_p(w, n0, n1, tied, continuity))
    if exact is None:
        counted = np.asarray((n0 < EXACT_BELOW) & (n1 < EXACT_BELOW) & (tied == 0))
    else:
        counted = np.full(w.shape, exact)
    for at in _where(counted & (n0 > 0) & (n1 > 0)):
        p[at] = _exact_p(float(w[at]), int(np.asarray(n0)[at]), int(np.asarray(n1)[at]))
    return Comparison("Wilcoxon rank-sum", w, np.where((n0 > 0) & (n1 > 0), p, np.nan))


def _where(mask: Bools) -> Iterator[tuple[int, ...]]:
    yield from (tuple(int(i) for i in at) for at in np.argwhere(mask))


def _ranks(values: Floats, known: Bools) -> tuple[Floats, Floats]:
    """Return midranks and the sum of t³ - t over groups of t tied known values."""
    low, high = rank_bounds(values)
    size = np.where(known, high - low + 1, 1).astype(float)
    return (low + high) / 2, (size**2 - 1).sum(-1)


def _normal_p(w: Floats, n0: Ints, n1: Ints, tied: Floats, continuity: bool) -> Floats:
    total = n0 + n1
    z = w - n0 * n1 / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n0 * n1 / 12 * (total + 1 - tied / (total * (total - 1)))
        z = (np.abs(z) - (0.5 if continuity else 0.0)).clip(0) / np.sqrt(variance)
    return np.asarray(2 * special.ndtr(-z))


@lru_cache(maxsize=256)
def _rank_sum_cdf(n0: int, n1: int) -> Floats:
    """Return Pr(W <= w) for w = 0 ... n0 n1, as coefficients of the Gaussian binomial."""
    counts = np.zeros(n0 * n1 + 1)
    counts[0] = 1.0
    for j in range(1, min(n0, n1) + 1):
        step = max(n0, n1) + j
        for k in range(len(counts) - 1, step - 1, -1):
            counts[k] -= counts[k - step]
        for k in range(j, len(counts)):
            counts[k] += counts[k - j]
    return np.asarray(np.cumsum(counts / special.comb(n0 + n1, n0)))


def _exact_p(w: float, n0: int, n1: int) -> float:
    cdf = _rank_sum_cdf(n0, n1)
    smaller = min(w, n0 * n1 - w)  # the distribution is symmetric
    return min(1.0, 2 * float(cdf[int(np.floor(smaller))]))


def hodges_lehmann(
    values: ArrayLike, group: ArrayLike, *, level: float = 0.95
) -> tuple[float, float, float]:
    """Return the median of all pairwise differences (group 1 minus group 0) and its limits.

    The limits are order statistics of the differences, chosen by the exact distribution of W when
    `wilcoxon` would count exactly, by its normal approximation otherwise. One data set.

    Examples
    --------
    >>> hodges_lehmann([1, 2, 4, 3, 5, 9], [1, 1, 1, 0, 0, 0], level=0.8)
    (-3.0, -8.0, 1.0)
    """
    values, group = np.asarray(values, float), np.asarray(group)
    a, b = (values[(group == g) & ~np.isnan(values)] for g in (1, 0))
    differences = np.sort(np.subtract.outer(a, b), axis=None)
    pairs, tail = len(differences), (1 - level) / 2
    tied = len(np.unique(np.r_[a, b])) < len(a) + len(b)
    if max(len(a), len(b)) < EXACT_BELOW and not tied:
        rank = int(np.searchsorted(_rank_sum_cdf(len(a), len(b)), tail))
    else:
        variation = np.sqrt(pairs * (len(a) + len(b) + 1) / 12)
        rank = round(pairs / 2 + float(special.ndtri(tail)) * float(variation))
    rank = min(max(rank, 1), pairs)
    median = float(np.median(differences))
    return median, float(differences[rank - 1]), float(differences[pairs - rank])


def signed_rank(change: ArrayLike) -> Comparison:
    """Wilcoxon's signed-rank test that changes within patients are symmetric about 0.

    As R's `wilcox.test`: changes of 0 are dropped; with fewer than 50 changes, none tied and none
    0, the distribution is exact; otherwise it is the normal approximation with ties and continuity
    correction. Five changes of one sign have p = 0.0625. Wilcoxon F. *Biometrics Bull*
    1945;1:80-3.

    Parameters
    ----------
    change
        (n,) differences after - before; NaN is ignored. One data set.

    Returns
    -------
    Comparison
        The statistic is V, the sum of the ranks of positive changes; NaN without a change.

    Examples
    --------
    >>> test = signed_rank([7.1, 8.6, 5.2, 6.4, 9.9])
    >>> print(f"{test.method}: V = {test.statistic:g}, p = {test.p_value:.4f}")
    Wilcoxon signed-rank, exact: V = 15, p = 0.0625
    """
    known = np.asarray(change, float)
    known = known[~np.isnan(known)]
    moved = known[known != 0]
    if not len(moved):
        return Comparison("Wilcoxon signed-rank", np.array(np.nan), np.array(np.nan))
    from scipy import stats  # slow to load

    sizes = np.abs(moved)
    exact = len(moved) < EXACT_BELOW and len(moved) == len(known) == len(np.unique(sizes))
    found = stats.wilcoxon(moved, method="exact" if exact else "asymptotic", correction=not exact)
    v = float(stats.rankdata(sizes)[moved > 0].sum())
    how = "exact" if exact else "normal approximation"
    return Comparison(f"Wilcoxon signed-rank, {how}", np.array(v), np.array(float(found.pvalue)))


def chi_square(table: ArrayLike, *, yates: bool = True) -> Comparison:
    """Pearson's chi-square test of independence in tables of counts, (..., R, C).

    ``yates`` moves each difference of observed and expected in a 2 x 2 table towards 0 by one half,
    or by the smallest of the four if that is less; larger tables are never corrected. NaN if a
    margin is 0.

    Examples
    --------
    >>> test = chi_square([[140, 34], [253, 115]])
    >>> print(f"{test.statistic:.2f}, p = {test.p_value:.4f}")
    7.55, p = 0.0060
    """
    observed = np.asarray(table, float)
    rows, columns = observed.shape[-2:]
    expected = expected_counts(observed)
    distance = np.abs(observed - expected)
    if yates and (rows, columns) == (2, 2):
        distance = distance - np.minimum(0.5, distance.min((-2, -1), keepdims=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.asarray((distance**2 / expected).sum((-2, -1)))
    df = np.full(statistic.shape, (rows - 1) * (columns - 1), float)
    name = "chi-square, Yates" if yates and (rows, columns) == (2, 2) else "chi-square"
    return Comparison(name, statistic, np.asarray(special.chdtrc(df, statistic)), df)


def expected_counts(table: ArrayLike) -> Floats:
    """Return the counts (..., R, C) expected from the margins if rows and columns are unrelated."""
    observed = np.asarray(table, float)
    total = observed.sum((-2, -1), keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = observed.sum(-1, keepdims=True) * observed.sum(-2, keepdims=True) / total
    return np.asarray(expected)


def welch(values: ArrayLike, group: ArrayLike) -> Comparison:
    """Welch's t-test of equal means, group 1 minus group 0, with unequal variances."""
    values, group = np.broadcast_arrays(np.asarray(values, float), np.asarray(group))
    parts = [_moments(values, group == g) for g in (0, 1)]
    (mean0, var0, n0), (mean1, var1, n1) = parts
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = var0 / n0, var1 / n1
        t = (mean1 - mean0) / np.sqrt(a + b)
        df = (a + b) ** 2 / (a**2 / (n0 - 1) + b**2 / (n1 - 1))
    return Comparison("Welch t", t, np.asarray(2 * special.stdtr(df, -np.abs(t))), df)


def _moments(values: Floats, chosen: Bools) -> tuple[Floats, Floats, Floats]:
    """Return mean, variance (n - 1) and size of the known values among the chosen."""
    known = chosen & ~np.isnan(values)
    n = known.sum(-1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(known, values, 0).sum(-1) / n
        variation = np.where(known, values - mean[..., None], 0)
        return mean, (variation**2).sum(-1) / (n - 1), n


def kruskal_wallis(values: ArrayLike, group: ArrayLike) -> Comparison:
    """Kruskal-Wallis rank test over any number of groups coded 0, 1, ..., with ties corrected.

    For two groups this is `wilcoxon` without continuity correction, squared.
    """
    values, group = np.broadcast_arrays(np.asarray(values, float), np.asarray(group))
    known = ~np.isnan(values)
    ranks, tied = _ranks(np.where(known, values, np.inf), known)
    total = known.sum(-1).astype(float)
    members = [known & (group == g) for g in np.unique(group[known])]
    sizes = np.stack([m.sum(-1) for m in members]).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.stack([(ranks * m).sum(-1) for m in members]) ** 2 / sizes
        h = 12 / (total * (total + 1)) * np.nansum(squares, axis=0) - 3 * (total + 1)
        h = h / (1 - tied / (total**3 - total))
    df = (sizes > 0).sum(0).astype(float) - 1
    return Comparison("Kruskal-Wallis", np.asarray(h), np.asarray(special.chdtrc(df, h)), df)
