"""Introduce labelled data errors into clean tables, to test data cleaning.

The clean study does not change; data errors use random streams of their own, so the same patients
are affected whatever else is simulated. A cell has at most one error, the first in the order of
`ERRORS`, and hence one label.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.core.random_streams import RandomStreams
from simulate.tables.data_error_kinds import ERRORS, Error, as_words, changed_row
from simulate.tables.table_columns import PATIENT, Column

Flags = NDArray[np.bool_]

#: Columns of the labels: one row per corrupted cell or repeated row.
LABELS = (
    PATIENT,
    Column("table", "", "corrupted table"),
    Column("month", "mo", "month of the corrupted visit; empty in other tables"),
    Column("column", "", "corrupted column; empty for a repeated row"),
    Column("kind", "", "type of error"),
    Column("clean", "", "correct value; empty if missing"),
    Column("corrupted", "", "value after the error; empty if missing"),
)

#: Repeated rows: identical, and with one value changed.
REPEATED, NEARLY_REPEATED = "repeated row", "nearly repeated row"

#: Every type of error, in the order in which they are introduced.
KINDS = (*(each.kind for each in ERRORS), REPEATED, NEARLY_REPEATED)


@dataclass(frozen=True, slots=True)
class CorruptedTables:
    """Tables with data errors by name, and their `LABELS`."""

    tables: dict[str, pd.DataFrame]
    labels: pd.DataFrame


def corrupt(
    tables: Mapping[str, pd.DataFrame], share: float, streams: RandomStreams
) -> CorruptedTables:
    """Introduce each error type of `KINDS` into a share of the patients.

    Parameters
    ----------
    tables
        One study's tables, as `simulate.tables.study_tables.tables` gives them. ``patients`` and
        ``visits`` are corrupted, the others unchanged.
    share
        Share of patients affected by each type of error, from 0 to 1.
    streams
        Random streams of the study: row i of ``patients`` is its patient i.
    """
    corrupted = {name: tables[name].copy() for name in ("patients", "visits")}
    if not share:
        return CorruptedTables(corrupted, _table_of_labels([]))
    touched = {name: pd.DataFrame(False, t.index, t.columns) for name, t in corrupted.items()}
    labels = []
    for error in ERRORS:
        who = streams.uniform(f"data errors: {error.kind}")[0] < share
        hit = _rows(tables, error, who)
        changes = dict(error.change(tables[error.table], hit))
        free = hit & ~touched[error.table][list(changes)].any(axis=1).to_numpy()
        for column, values in changes.items():
            cells = free & _differ(tables[error.table][column], values)
            corrupted[error.table][column] = _placed(corrupted[error.table][column], values, cells)
            touched[error.table].loc[cells, column] = True
            labels.append(_labelled(tables[error.table], error, column, values, cells))
    patients, repeated = _repeat(corrupted["patients"], share, streams)
    corrupted["patients"] = patients
    written = {name: as_words(name, table) for name, table in corrupted.items()}
    return CorruptedTables(written, _table_of_labels([*labels, *repeated]))


def _rows(tables: Mapping[str, pd.DataFrame], error: Error, who: Flags) -> Flags:
    """Return the rows of the affected patients, of one month for errors of visits."""
    table = tables[error.table]
    first = tables["patients"]["patient_id"].iloc[0]
    mine: Flags = who[(table["patient_id"] - first).to_numpy()]
    return mine if error.month is None else mine & (table["month"] == error.month).to_numpy()


def _differ(clean: pd.Series, values: pd.Series) -> Flags:
    differ = (clean.astype(object) != values.astype(object)) & ~(clean.isna() & values.isna())
    return np.asarray(differ.fillna(True), bool)


def _placed(into: pd.Series, values: pd.Series, cells: Flags) -> pd.Series:
    """Return a column with some cells replaced; of mixed type if text is added to numbers."""
    if not cells.any():
        return into
    if values.dtype != into.dtype and into.dtype != object:
        into = into.astype(object)
    return into.where(~pd.Series(cells, index=into.index), values)


def _labelled(
    table: pd.DataFrame, error: Error, column: str, values: pd.Series, cells: Flags
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "patient_id": table.loc[cells, "patient_id"],
            "table": error.table,
            "month": table.loc[cells, "month"] if "month" in table else pd.NA,
            "column": column,
            "kind": error.kind,
            "clean": table.loc[cells, column].map(_written, na_action="ignore"),
            "corrupted": values[cells].map(_written, na_action="ignore"),
        }
    )


def _written(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _repeat(
    patients: pd.DataFrame, share: float, streams: RandomStreams
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Append repeated rows, identical and nearly identical."""
    parts, labels = [patients], []
    for kind in (REPEATED, NEARLY_REPEATED):
        again = patients[streams.uniform(f"data errors: {kind}")[0] < share].copy()
        label = pd.DataFrame({"patient_id": again["patient_id"], "table": "patients", "kind": kind})
        if kind == NEARLY_REPEATED:
            column, values = changed_row(again)
            label["column"], label["clean"] = column, again[column].map(_written)
            label["corrupted"], again[column] = values.map(_written), values
        parts.append(again)
        labels.append(label)
    return pd.concat([each for each in parts if len(each)], ignore_index=True), labels


def _table_of_labels(labels: list[pd.DataFrame]) -> pd.DataFrame:
    names = [each.name for each in LABELS]
    listed = [each.reindex(columns=names).astype(object) for each in labels]
    table = pd.concat([pd.DataFrame(columns=names, dtype=object), *listed], ignore_index=True)
    words = dict.fromkeys(("table", "column", "kind", "clean", "corrupted"), object)
    return table.astype({"patient_id": int, "month": "Int64", **words})
