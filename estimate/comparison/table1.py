"""Table 1: who the patients are, by arm, with the numbers R would print.

Numbers as median [quartiles] (type 7) and mean (SD) with Wilcoxon's test; categories as counts
with the chi-square test (Yates for 2 x 2), or Fisher's exact test where an expected count is small.
Missing values are counted, never hidden. Weighted (pseudo-population) tables carry no p-values:
weights are not patients.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from estimate.comparison.fisher import fisher_2x2, fisher_exact
from estimate.comparison.two_sample import (
    Comparison,
    chi_square,
    expected_counts,
    kruskal_wallis,
    wilcoxon,
)
from estimate.core.arrays import Floats, Ints
from estimate.core.columns import Kind, Numeric
from protocol.errors import Fault, InputError

#: With an expected count below this, categories are compared by Fisher's exact test.
#: Cochran WG. *Biometrics* 1954;10:417-51.
SMALLEST_EXPECTED = 5.0

#: `scipy.stats.shapiro` is calibrated up to this size (Royston 1995).
SHAPIRO_LIMIT = 5000


@dataclass(frozen=True, slots=True)
class NumericRow:
    """One numeric characteristic; each field is a list: overall first, then group 0, 1, ...

    ``normality_p`` is Shapiro and Wilk's, over all patients: the reason for choosing a median.
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
    normality_p: float | None

    def cells(self) -> list[str]:
        """Return 'median [lower quartile, upper quartile]' of each group, two decimals."""
        parts = zip(self.median, self.lower_quartile, self.upper_quartile, strict=True)
        return [f"{m:.2f} [{low:.2f}, {high:.2f}]" for m, low, high in parts]


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

    def cells(self) -> list[list[str]]:
        """Return 'count (percent%)' for each level and group."""
        pairs = zip(self.counts, self.percent, strict=True)
        return [[f"{c:.0f} ({p:.1f}%)" for c, p in zip(*row, strict=True)] for row in pairs]


@dataclass(frozen=True, slots=True)
class TableOne:
    """Characteristics overall and by group; ``size`` counts patients, or sums weights."""

    groups: tuple[str, ...]
    size: Floats
    rows: tuple[NumericRow | CategoricalRow, ...]
    weighted: bool

    def frame(self) -> pd.DataFrame:
        """Return the table as text, one line per number or level, for printing in any format."""
        heads = [f"{g} (n = {n:.0f})" for g, n in zip(self.groups, self.size, strict=True)]
        columns = ["characteristic", "level", *heads, "missing", "p", "test"]
        lines: list[list[str]] = []
        for row in self.rows:
            missing, p = str(int(row.missing[0])), format_p(row.p_value)
            if isinstance(row, NumericRow):
                lines.append([row.name, "median [IQR]", *row.cells(), missing, p, row.test])
                continue
            for i, (level, cells) in enumerate(zip(row.levels, row.cells(), strict=True)):
                tail = [missing, p, row.test] if i == 0 else ["", "", ""]
                lines.append([row.name if i == 0 else "", level, *cells, *tail])
        return pd.DataFrame(lines, columns=columns)


def format_p(p: float | None) -> str:
    """Return a p-value with three decimals, '<0.001' below that, nothing for None.

    >>> format_p(0.0059), format_p(2e-5), format_p(None)
    ('0.006', '<0.001', '')
    """
    if p is None or np.isnan(p):
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def table_one(
    patients: pd.DataFrame, by: str, kinds: Mapping[str, Kind], *, weights: ArrayLike | None = None
) -> TableOne:
    """Describe the patients of each group.

    Parameters
    ----------
    patients
        One row per patient.
    by
        Column that forms the groups; they are shown in sorted order.
    kinds
        For each characteristic what it is; categories are shown in the order of their levels.
    weights
        One non-negative number per patient: describe the weighted pseudo-population, without
        tests.

    Raises
    ------
    InputError
        Naming every column that is absent, or holds text where numbers should be, or a category
        that is not listed.

    Examples
    --------
    >>> patients = pd.DataFrame({"therapy": [0, 0, 1, 1], "age_years": [30, 34, 29, None]})
    >>> print(table_one(patients, "therapy", {"age_years": Numeric()}).rows[0].cells())
    ['30.00 [29.50, 32.00]', '32.00 [31.00, 33.00]', '29.00 [29.00, 29.00]']
    """
    _check(patients, by, kinds)
    if patients[by].isna().any():
        raise InputError.of("Table 1", by, "it has missing values", "give every patient a group")
    group, names = pd.factorize(patients[by], sort=True)
    w = np.ones(len(patients)) if weights is None else np.asarray(weights, float)
    if w.shape != (len(patients),) or not np.isfinite(w).all() or (w < 0).any():
        cure = "give one finite number of at least 0 per patient"
        raise InputError.of("Table 1", "weights", "they are not valid", cure)
    members = np.stack([np.ones(len(patients), bool), *(group == g for g in range(len(names)))])
    rows = [
        _describe_numbers(name, patients[name].to_numpy(float), group, members, w, weights is None)
        if isinstance(kind, Numeric)
        else _describe_categories(name, patients[name], kind.levels, members, w, weights is None)
        for name, kind in kinds.items()
    ]
    labels = ("overall", *(f"{by} {name}" for name in names))
    return TableOne(labels, (members * w).sum(-1), tuple(rows), weights is not None)


def _check(patients: pd.DataFrame, by: str, kinds: Mapping[str, Kind]) -> None:
    faults = [
        Fault(
            "Table 1",
            name,
            "there is no such column",
            f"choose from {', '.join(patients.columns)}",
        )
        for name in (by, *kinds)
        if name not in patients
    ]
    for name, kind in kinds.items():
        if name not in patients:
            continue
        if isinstance(kind, Numeric):
            if not pd.api.types.is_numeric_dtype(patients[name]):
                faults.append(Fault("Table 1", name, "it holds text", "list its categories"))
            continue
        strange = sorted(set(as_categories(patients[name].dropna())) - set(kind.levels))
        if strange:
            cure = f"allowed are {', '.join(kind.levels)}"
            faults.append(Fault("Table 1", name, f"unknown categories {', '.join(strange)}", cure))
    if faults:
        raise InputError(faults)


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
    p, test, normal = None, "", None
    if tested:
        from scipy.stats import shapiro  # slow to load, and an analysis may be without this table

        result = wilcoxon(x, group) if len(members) == 3 else kruskal_wallis(x, group)
        p, test = float(result.p_value), result.method
        values = x[known[0]]
        if 3 <= len(values) <= SHAPIRO_LIMIT and np.ptp(values) > 0:
            normal = float(shapiro(values).pvalue)
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
        normal,
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
    """Compare counts by chi-square, or exactly where `SMALLEST_EXPECTED` asks for it."""
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    if min(table.shape) < 2:
        return Comparison("", np.array(np.nan), np.array(np.nan))
    if expected_counts(table).min() >= SMALLEST_EXPECTED:
        return chi_square(table)
    if table.shape == (2, 2):
        return Comparison("Fisher exact", np.array(np.nan), fisher_2x2(table).p_value)
    try:
        return Comparison("Fisher exact", np.array(np.nan), np.array(fisher_exact(table)))
    except InputError:  # too large to count: the approximation is labelled as one
        plain = chi_square(table)
        return Comparison("chi-square (small cells)", plain.statistic, plain.p_value, plain.df)


def weighted_quantile(values: ArrayLike, weights: ArrayLike, q: ArrayLike) -> Floats:
    """Return type-7 quantiles of weighted values; with equal weights, `numpy.quantile`.

    The observed order statistics are averaged over the window of width 1/n* at (n* - 1) q / n*,
    where n* = (sum w)^2 / sum w^2. Constant factors and values of weight 0 change nothing.
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
