"""Spoil a clean table as clinics do, with a label for every cell: to test who cleans data.

The clean study stays what it was; dirt has luck of its own, so the same men are spoilt whatever
else is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.core.random_streams import Luck
from simulate.tables.study_tables import PATIENT, Column

Flags = NDArray[np.bool_]

#: ng/dL in one nmol/L of testosterone, from its molar mass of 288.4 g/mol.
NG_DL_PER_NMOL_L = 28.84


#: The columns of the labels, a row per spoilt cell or repeated row.
LABELS = (
    PATIENT,
    Column("column", "", "column that was spoilt; empty for a repeated row"),
    Column("kind", "", "what was done to it"),
    Column("clean", "", "what stood there; empty if nothing did"),
    Column("dirty", "", "what stands there now; empty if nothing does"),
)


@dataclass(frozen=True, slots=True)
class Dirty:
    """A spoilt table of men, and its `LABELS`."""

    patients: pd.DataFrame
    labels: pd.DataFrame


def spoil(patients: pd.DataFrame, share: float, luck: Luck) -> Dirty:
    """Spoil a share of the men in each of the ways of `KINDS`, and repeat as many rows.

    Parameters
    ----------
    patients
        One study's table of that name, as `simulate.tables.study_tables.tables` gives it.
    share
        Share of the men hit by each kind, from 0 to 1.
    luck
        That of the study, so that the table's men are its men.
    """
    dirty = patients.copy()
    labels = []
    for kind, (columns, change) in KINDS.items():
        hit = luck.uniform(f"dirt: {kind}")[0] < share
        for column in columns:
            dirty[column] = _changed(patients[column], hit, change(patients, column))
            labels.append(_labelled(patients, column, kind, dirty[column]))
    again = luck.uniform("dirt: repeated row")[0] < share
    labels.append(
        pd.DataFrame({"patient_id": patients.loc[again, "patient_id"], "kind": "repeated row"})
    )
    dirty = pd.concat([dirty, dirty[again]], ignore_index=True)
    table = pd.concat(labels, ignore_index=True).reindex(columns=[each.name for each in LABELS])
    words = dict.fromkeys(table.columns[1:], object)
    return Dirty(dirty, table.astype({"patient_id": int, **words}))


Change = Callable[[pd.DataFrame, str], pd.Series]


def _times(factor: float) -> Change:
    return lambda table, column: table[column] * factor


_OTHER = {"lh_iu_l": "fsh_iu_l", "fsh_iu_l": "lh_iu_l"}

#: Kind of dirt to the columns it hits and how, each from the clean table.
KINDS: dict[str, tuple[tuple[str, ...], Change]] = {
    "decimal point lost": (("bmi_kg_m2",), _times(10)),
    "other unit": (("testosterone_nmol_l",), _times(NG_DL_PER_NMOL_L)),
    "columns swapped": (("lh_iu_l", "fsh_iu_l"), lambda table, column: table[_OTHER[column]]),
    "impossible value": (("age_years",), lambda table, column: -table[column]),
    "spelling": (("diagnosis",), lambda table, column: " " + table[column].str.title()),
}


def _changed(values: pd.Series, hit: Flags, changed: pd.Series) -> pd.Series:
    return values.where(~pd.Series(hit, index=values.index), changed)


def _labelled(patients: pd.DataFrame, column: str, kind: str, dirty: pd.Series) -> pd.DataFrame:
    clean = patients[column]
    differ = (clean != dirty) & ~(clean.isna() & dirty.isna())
    return pd.DataFrame(
        {
            "patient_id": patients.loc[differ, "patient_id"],
            "column": column,
            "kind": kind,
            "clean": clean[differ].map(str, na_action="ignore"),
            "dirty": dirty[differ].map(str, na_action="ignore"),
        }
    )
