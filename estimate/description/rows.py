"""Rows of Table 1: one characteristic each, described and compared between groups."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from estimate.comparison.exact.fisher import fisher_table
from estimate.comparison.exact.two_by_two import fisher_2x2
from estimate.comparison.two_sample import (
    Comparison,
    chi_square,
    expected_counts,
    kruskal_wallis,
    wilcoxon,
)
from estimate.core.arrays import Floats, Ints
from estimate.core.columns import Categorical, Kind
from estimate.core.result import plain

#: With an expected count below this, categories are compared by Fisher's exact test.
#: Cochran WG. *Biometrics* 1954;10:417-51.
SMALLEST_EXPECTED = 5.0

#: `scipy.stats.shapiro` is calibrated up to this size (Royston 1995).
SHAPIRO_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class NumericRow:
    """One numeric characteristic; each field is a list: overall first, then group 0, 1, ...

    ``values`` are those of all patients where the groups are compared, else empty.
    """

    name: str
    n: Ints
    missing: Ints
    median: Floats
    lower_quartile: Floats
    upper_quartile: Floats
    mean: Floats
    sd: Floats
    test: str
    p_value: float | None
    values: Floats
    smd: float | None = None
    whole: bool = False
    as_mean: bool = False

    @property
    def normality_p(self) -> float | None:
        """P value of Shapiro and Wilk, over all patients: the reason for choosing a median."""
        from scipy.stats import shapiro  # slow to load and rarely used

        if not 3 <= len(self.values) <= SHAPIRO_LIMIT or np.ptp(self.values) == 0:
            return None
        return float(shapiro(self.values).pvalue)

    @property
    def statistic(self) -> str:
        """Content of the cells."""
        return "mean (SD)" if self.as_mean else "median [IQR]"

    def cells(self) -> list[str]:
        """Return 'median [lower quartile, upper quartile]' or 'mean (SD)' of each group.

        Two decimals; quartiles of whole numbers have no decimals.
        """
        if self.as_mean:
            return [f"{m:.2f} ({sd:.2f})" for m, sd in zip(self.mean, self.sd, strict=True)]
        parts = zip(self.median, self.lower_quartile, self.upper_quartile, strict=True)
        if not self.whole:
            return [f"{m:.2f} [{low:.2f}, {high:.2f}]" for m, low, high in parts]
        # quartiles of whole numbers fall between them; weighted ones anywhere
        return [
            f"{round(m, 2):g} [{round(low, 2):g}, {round(high, 2):g}]" for m, low, high in parts
        ]

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON, overall first, then each group."""
        moments = ("n", "missing", "median", "lower_quartile", "upper_quartile", "mean", "sd")
        values = {name: [plain(x) for x in getattr(self, name)] for name in moments}
        return {"characteristic": self.name, **values} | _tail(self)


@dataclass(frozen=True, slots=True)
class CategoricalRow:
    """One categorical characteristic: ``counts`` and ``percent`` (level, overall and groups).

    Percentages are of the patients whose category is known.
    """

    name: str
    levels: tuple[str, ...]
    missing: Ints
    counts: Floats
    percent: Floats
    test: str
    p_value: float | None
    smd: float | None = None

    @property
    def binary(self) -> bool:
        """Whether it has the values 0 and 1, so that the row of 1 suffices."""
        return self.levels == ("0", "1")

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON, overall first, then each group."""
        levels = {
            level: {"count": [plain(x) for x in count], "percent": [plain(x) for x in percent]}
            for level, count, percent in zip(self.levels, self.counts, self.percent, strict=True)
        }
        missing = [int(x) for x in self.missing]
        return {"characteristic": self.name, "levels": levels, "missing": missing} | _tail(self)

    def cells(self) -> list[list[str]]:
        """Return 'count (percent%)' for each level and group."""
        pairs = zip(self.counts, self.percent, strict=True)
        return [[f"{c:.0f} ({p:.1f} %)" for c, p in zip(*row, strict=True)] for row in pairs]


def describe_row(
    name: str,
    kind: Kind,
    values: "pd.Series[Any]",
    group: Ints,
    members: Ints,
    w: Floats,
    tested: bool,
    as_mean: bool,
) -> NumericRow | CategoricalRow:
    """Describe one characteristic; numbers that are 0 or 1 throughout are a category.

    Parameters
    ----------
    group, members
        (n,) number of each patient's group; (group + 1, n) who is in each, everyone first.
    w
        (n,) weights.
    tested
        Whether the groups are compared.
    as_mean
        Whether numbers are shown as mean (SD).
    """
    if isinstance(kind, Categorical):
        return _describe_categories(name, values, kind.levels, members, w, tested)
    x = values.to_numpy(float)
    if np.isin(x[~np.isnan(x)], (0, 1)).all() and not np.isnan(x).all():
        return _describe_categories(name, values, ("0", "1"), members, w, tested)
    found = _describe_numbers(name, x, group, members, w, tested)
    return replace(found, as_mean=as_mean)


def _tail(row: NumericRow | CategoricalRow) -> dict[str, Any]:
    p_value = None if row.p_value is None else plain(row.p_value)
    smd = None if row.smd is None else plain(row.smd)
    return {"smd": smd, "test": row.test, "p_value": p_value}


def _smd_of_means(mean: Floats, sd: Floats) -> float | None:
    """Return |mean 1 - mean 0| over the root of the averaged variances; None without two groups."""
    if len(mean) != 3:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(abs(mean[2] - mean[1]) / np.sqrt((sd[1] ** 2 + sd[2] ** 2) / 2))


def _smd_of_shares(percent: Floats) -> float | None:
    """Return Yang and Dalton's distance of two groups' shares (level, group); None without two."""
    if percent.shape[1] != 3 or not np.isfinite(percent[:, 1:]).all():
        return None
    shares = percent[1:, 1:] / 100
    gap = shares[:, 1] - shares[:, 0]
    first, second = (np.diag(p) - np.outer(p, p) for p in shares.T)
    inverse = np.linalg.pinv((first + second) / 2, hermitian=True)
    return float(np.sqrt(gap @ inverse @ gap))


def _describe_numbers(
    name: str, x: Floats, group: Ints, members: Ints, w: Floats, tested: bool
) -> NumericRow:
    known = members & ~np.isnan(x)
    quartiles = np.array([weighted_quantile(x[k], w[k], [0.25, 0.5, 0.75]) for k in known])
    mass = np.where(known, w, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (mass * np.nan_to_num(x)).sum(-1) / mass.sum(-1)
        # Weights are scaled to mean 1, so that the divisor is n - 1 patients and not n - 1 units.
        mass = mass * (known.sum(-1) / mass.sum(-1))[:, None]
        deviation = np.nan_to_num(x - mean[:, None])
        sd = np.sqrt((mass * deviation**2).sum(-1) / (known.sum(-1) - 1))
    p, test = None, ""
    if tested:
        result = wilcoxon(x, group) if len(members) == 3 else kruskal_wallis(x, group)
        p, test = float(result.p_value), result.method
    return NumericRow(
        name,
        known.sum(-1),
        members.sum(-1) - known.sum(-1),
        quartiles[:, 1],
        quartiles[:, 0],
        quartiles[:, 2],
        mean,
        sd,
        test,
        p,
        x[known[0]] if tested else np.empty(0),
        _smd_of_means(mean, sd),
        bool((x[known[0]] == np.floor(x[known[0]])).all()),
    )


def _describe_categories(
    name: str, x: "pd.Series[str]", levels: tuple[str, ...], members: Ints, w: Floats, tested: bool
) -> CategoricalRow:
    text = as_categories(x)
    counts = np.array([(members * (w * (text == level))).sum(-1) for level in levels])
    with np.errstate(invalid="ignore", divide="ignore"):
        percent = 100 * counts / counts.sum(0)
    missing = (members & pd.isna(text)).sum(-1)
    test = _compare_counts(counts[:, 1:]) if tested else None
    return CategoricalRow(
        name,
        levels,
        missing,
        counts,
        percent,
        test.method if test else "",
        float(test.p_value) if test else None,
        _smd_of_shares(percent),
    )


def as_categories(x: "pd.Series[str]") -> "np.ndarray[tuple[int], np.dtype[np.object_]]":
    """Return the text of each value; None where missing. 1, 1.0 and "1" are one category.

    >>> as_categories(pd.Series([1.0, None, 0.0])).tolist()
    ['1', None, '0']
    """
    values = x.astype(object).where(x.notna(), None)
    return np.array([None if v is None else _text(v) for v in values], object)


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _compare_counts(table: Floats) -> Comparison:
    """Compare counts by chi-square, or exactly if one is expected below `SMALLEST_EXPECTED`."""
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    if min(table.shape) < 2:
        return Comparison("", np.array(np.nan), np.array(np.nan))
    if expected_counts(table).min() >= SMALLEST_EXPECTED:
        return chi_square(table)
    if table.shape == (2, 2):
        return Comparison("Fisher exact", np.array(np.nan), fisher_2x2(table).p_value)
    test = fisher_table(table)
    return Comparison(test.method, np.array(np.nan), np.array(test.p_value))


def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: ArrayLike) -> Floats:
    """Return type-7 quantiles of weighted values; with equal weights, `numpy.quantile`.

    The observed order statistics are averaged over the window of width 1/n* at (n* - 1) q / n*,
    where n* = (sum w)^2 / sum w^2. Constant factors and values of weight 0 have no effect.
    Akinshin A. arXiv 2304.07265, 2023, section 3.

    Examples
    --------
    >>> weighted_quantile([1, 2, 3, 10], [1, 1, 1, 0], 0.5)
    array(2.)
    """
    values, weights = np.asarray(values, float), np.asarray(weights, float)
    values, weights = values[weights > 0], weights[weights > 0]
    q = np.asarray(q, float)
    if not len(values):
        return np.full(q.shape, np.nan)
    order = np.argsort(values, kind="stable")
    edges = np.r_[0.0, np.cumsum(weights[order]) / weights.sum()]
    size = weights.sum() ** 2 / (weights**2).sum()
    start = (size - 1) * q / size
    share = np.diff(((edges - start[..., None]) * size).clip(0, 1), axis=-1)
    return np.asarray(share @ values[order])
