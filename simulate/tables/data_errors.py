"""Introduce labelled data errors into a clean table, to test data cleaning.

The clean study does not change; data errors use random streams of their own, so the same patients
are affected whatever else is simulated.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.core.random_streams import RandomStreams
from simulate.tables.study_tables import PATIENT, Column

Flags = NDArray[np.bool_]

#: ng/dL in one nmol/L of testosterone, from its molar mass of 288.4 g/mol.
NG_DL_PER_NMOL_L = 28.84


#: Columns of the labels: one row per corrupted cell or repeated row.
LABELS = (
    PATIENT,
    Column("column", "", "corrupted column; empty for a repeated row"),
    Column("kind", "", "type of error"),
    Column("clean", "", "correct value; empty if missing"),
    Column("corrupted", "", "value after the error; empty if missing"),
)


@dataclass(frozen=True, slots=True)
class CorruptedTable:
    """A table of patients with data errors, and their `LABELS`."""

    patients: pd.DataFrame
    labels: pd.DataFrame


def corrupt(patients: pd.DataFrame, share: float, streams: RandomStreams) -> CorruptedTable:
    """Introduce each error type of `KINDS` into a share of the patients, and repeat as many rows.

    Parameters
    ----------
    patients
        One study's table of that name, as `simulate.tables.study_tables.tables` gives it.
    share
        Share of patients affected by each type of error, from 0 to 1.
    streams
        Random streams of the study: row i of the table is its patient i.
    """
    corrupted = patients.copy()
    labels = []
    for kind, (columns, change) in KINDS.items():
        hit = streams.uniform(f"data errors: {kind}")[0] < share
        for column in columns:
            corrupted[column] = _changed(patients[column], hit, change(patients, column))
            labels.append(_labelled(patients, column, kind, corrupted[column]))
    again = streams.uniform("data errors: repeated row")[0] < share
    labels.append(
        pd.DataFrame({"patient_id": patients.loc[again, "patient_id"], "kind": "repeated row"})
    )
    corrupted = pd.concat([corrupted, corrupted[again]], ignore_index=True)
    table = pd.concat(labels, ignore_index=True).reindex(columns=[each.name for each in LABELS])
    words = dict.fromkeys(table.columns[1:], object)
    return CorruptedTable(corrupted, table.astype({"patient_id": int, **words}))


Change = Callable[[pd.DataFrame, str], pd.Series]


def _times(factor: float) -> Change:
    return lambda table, column: table[column] * factor


_OTHER = {"lh_iu_l": "fsh_iu_l", "fsh_iu_l": "lh_iu_l"}

#: Type of error to the columns it affects and its function of the clean table.
KINDS: dict[str, tuple[tuple[str, ...], Change]] = {
    "decimal point lost": (("bmi_kg_m2",), _times(10)),
    "other unit": (("testosterone_nmol_l",), _times(NG_DL_PER_NMOL_L)),
    "columns swapped": (("lh_iu_l", "fsh_iu_l"), lambda table, column: table[_OTHER[column]]),
    "impossible value": (("age_years",), lambda table, column: -table[column]),
    "spelling": (("diagnosis",), lambda table, column: " " + table[column].str.title()),
}


def _changed(values: pd.Series, hit: Flags, changed: pd.Series) -> pd.Series:
    return values.where(~pd.Series(hit, index=values.index), changed)


def _labelled(patients: pd.DataFrame, column: str, kind: str, corrupted: pd.Series) -> pd.DataFrame:
    clean = patients[column]
    differ = (clean != corrupted) & ~(clean.isna() & corrupted.isna())
    return pd.DataFrame(
        {
            "patient_id": patients.loc[differ, "patient_id"],
            "column": column,
            "kind": kind,
            "clean": clean[differ].map(str, na_action="ignore"),
            "corrupted": corrupted[differ].map(str, na_action="ignore"),
        }
    )
