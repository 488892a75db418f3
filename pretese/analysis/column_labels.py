"""Labels of columns and methods in the report of an analysis."""

import re
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from estimate.outcomes.registry import label_of
from estimate.plan.findings import Analysis

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


def method_labels(found: Analysis) -> dict[str, str]:
    """Return the description of each method of a plan; in full if short ones are equal."""
    kind, several = found.complete.data.outcome_kind, bool(found.complete.data.levels)
    whole = {name: label_of(name, kind, several=several) for name in found.plan.methods}
    short = {name: label.split(";")[0] for name, label in whole.items()}
    found_once = Counter(short.values())
    return {name: each if found_once[each] == 1 else whole[name] for name, each in short.items()}


def describe_methods(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with methods in words, in cells and headings."""
    table = table.rename(columns=labels)
    for column in {"method", "methods"}.intersection(table):
        table[column] = [
            "; ".join(labels.get(name, name) for name in cell.split(", ")) for cell in table[column]
        ]
    return table


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
