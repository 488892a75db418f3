"""Labels of columns in the report of an analysis, from the plan."""

import re
from collections.abc import Mapping

import pandas as pd

#: Columns of tables whose cells name columns of the data.
_NAMING = frozenset(
    {
        "characteristic", "covariate", "outcome", "treatment", "reason, or outcome",
        "summary measure",
    }
)  # fmt: skip


def with_labels(text: str, labels: Mapping[str, str]) -> str:
    """Return a text with names of columns replaced by their labels.

    >>> with_labels("fsh_iu_l, per SD 3.1; fsh_iu_l_2", {"fsh_iu_l": "FSH, IU/L"})
    'FSH, IU/L, per SD 3.1; fsh_iu_l_2'
    """
    if not labels:
        return text
    names = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    return re.sub(rf"(?<!\w)(?:{names})(?!\w)", lambda found: labels[found[0]], text)


def label_table(table: pd.DataFrame, labels: Mapping[str, str], treatment: str) -> pd.DataFrame:
    """Return a table with labels in the cells that name columns, and in the headings of arms."""
    if not labels:
        return table
    found = table.copy()
    for name in _NAMING.intersection(found.columns):
        found[name] = found[name].map(
            lambda cell: with_labels(cell, labels) if isinstance(cell, str) else cell
        )
    heads = {each: with_labels(each, labels) for each in found if str(each).startswith(treatment)}
    return found.rename(columns=heads)
