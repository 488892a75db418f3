"""Table 1: patient characteristics by arm, with the numbers that R prints.

Numbers as median [quartiles] (type 7) and mean (SD) with Wilcoxon's test; categories as counts
with the chi-square test (Yates for 2 x 2), or Fisher's exact test where an expected count is small.
Missing values are counted and shown. Weighted (pseudo-population) tables carry no p-values:
weights are not patients.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.columns import Kind, Numeric
from estimate.description.rows import CategoricalRow, NumericRow, as_categories, describe_row
from protocol.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class TableOne:
    """Characteristics overall and by group; ``size`` counts patients, or sums weights."""

    groups: tuple[str, ...]
    size: Floats
    rows: tuple[NumericRow | CategoricalRow, ...]
    weighted: bool

    def frame(self, p_text: Callable[[float | None], str] | None = None) -> pd.DataFrame:
        """Return the table as text, one line per number or level, for printing in any format.

        Parameters
        ----------
        p_text
            How a p-value is written; None is `format_p`.
        """
        written = p_text or format_p
        heads = [f"{g} (n = {n:.0f})" for g, n in zip(self.groups, self.size, strict=True)]
        columns = ["characteristic", "level", *heads, "missing", "SMD", "p", "test"]
        lines: list[list[str]] = []
        for row in self.rows:
            smd = "" if row.smd is None or np.isnan(row.smd) else f"{row.smd:.3f}"
            end = [str(int(row.missing[0])), smd, written(row.p_value), row.test]
            if isinstance(row, NumericRow):
                lines.append([row.name, row.statistic, *row.cells(), *end])
                continue
            if row.binary:
                lines.append([row.name, "n (%)", *row.cells()[1], *end])
                continue
            for i, (level, cells) in enumerate(zip(row.levels, row.cells(), strict=True)):
                tail = end if i == 0 else [""] * len(end)
                lines.append([row.name if i == 0 else "", level, *cells, *tail])
        return pd.DataFrame(lines, columns=columns)


def format_p(p: float | None) -> str:
    """Return a p-value with three decimals, '<0.001' below that, nothing for None.

    More decimals are kept where rounding would reach 0.05 from below.

    >>> format_p(0.0059), format_p(2e-5), format_p(None), format_p(0.04996)
    ('0.006', '<0.001', '', '0.04996')
    """
    if p is None or np.isnan(p):
        return ""
    if p < 0.001:
        return "<0.001"
    digits = 3
    while p < 0.05 <= round(p, digits):
        digits += 1
    return f"{p:.{digits}f}"


def table_one(
    patients: pd.DataFrame,
    by: str,
    kinds: Mapping[str, Kind],
    *,
    weights: ArrayLike | None = None,
    means: Collection[str] = (),
) -> TableOne:
    """Describe the patients of each group.

    Parameters
    ----------
    patients
        One row per patient.
    by
        Column that forms the groups; they are shown in sorted order.
    kinds
        The kind of each characteristic; categories are shown in the order of their levels.
    weights
        One non-negative number per patient: describe the weighted pseudo-population, without
        tests.
    means
        Numeric characteristics shown as mean (SD) instead of median [quartiles].

    Between two groups, ``smd`` is the absolute standardised mean difference: the difference of
    means over the root of the averaged variances, for a category Yang and Dalton's (SAS Global
    Forum 2012, paper 335). A numeric characteristic of 0 and 1 is shown as n (%).

    Raises
    ------
    InputError
        Naming every column that is absent, or holds text where numbers should be, or a category
        that is not listed.

    Examples
    --------
    >>> patients = pd.DataFrame({"therapy": [0, 0, 1, 1], "age_years": [30, 34, 29, None]})
    >>> print(table_one(patients, "therapy", {"age_years": Numeric()}).rows[0].cells())
    ['30 [29.5, 32]', '32 [31, 33]', '29 [29, 29]']
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
    rows = tuple(
        describe_row(name, kind, patients[name], group, members, w, weights is None, name in means)
        for name, kind in kinds.items()
    )
    labels = ("overall", *(f"{by} {name}" for name in names))
    return TableOne(labels, (members * w).sum(-1), rows, weights is not None)


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
