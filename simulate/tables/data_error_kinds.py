"""ERRORS: every type of data error in one cell, as found in tables of clinics."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.core.coding import ASSAYED, HORMONES

Flags = NDArray[np.bool_]

#: Columns with values after the error, for all rows; only affected rows are used.
Changes = Iterable[tuple[str, pd.Series]]

#: ng/dL in one nmol/L of testosterone, from its molar mass of 288.4 g/mol.
NG_DL_PER_NMOL_L = 28.84

MONTHS_OF_A_YEAR = 12

#: Codes for "not measured" and "below the detection limit" in many laboratory systems.
NOT_MEASURED_NUMBER, NOT_DONE, BELOW_LIMIT = 999.0, "ND", "<0.1"


@dataclass(frozen=True, slots=True)
class Error:
    """A type of error.

    Attributes
    ----------
    kind
        Name in the labels.
    table
        Table in which it occurs.
    change
        Function that returns the affected columns with the error, from the clean table and the
        affected rows.
    month
        Month of the affected visit; None for the table of patients.
    worded
        Numeric columns that contain text after it.
    """

    kind: str
    table: str
    change: Callable[[pd.DataFrame, Flags], Changes]
    month: int | None = None
    worded: tuple[str, ...] = ()


def _wrong_patient(table: pd.DataFrame, _: Flags) -> Changes:
    """Use the results of the patient in the previous row; the first row is unchanged."""
    for name in HORMONES:
        before = table[name].shift(1)
        before.iloc[0] = table[name].iloc[0]
        yield name, before


def _point_lost(table: pd.DataFrame, _: Flags) -> Changes:
    yield "bmi_kg_m2", table["bmi_kg_m2"] * 10


def _other_unit(table: pd.DataFrame, _: Flags) -> Changes:
    yield "testosterone_nmol_l", table["testosterone_nmol_l"] * NG_DL_PER_NMOL_L


def _swapped(table: pd.DataFrame, _: Flags) -> Changes:
    yield "lh_iu_l", table["fsh_iu_l"].rename("lh_iu_l")
    yield "fsh_iu_l", table["lh_iu_l"].rename("fsh_iu_l")


def _impossible(table: pd.DataFrame, _: Flags) -> Changes:
    yield "age_years", -table["age_years"]


def _spelling(table: pd.DataFrame, _: Flags) -> Changes:
    yield "diagnosis", (" " + table["diagnosis"].str.title())


def _letters_swapped(table: pd.DataFrame, _: Flags) -> Changes:
    known = table["regimen"].dropna().unique()
    words = {word: word[:2] + word[3:4] + word[2:3] + word[4:] for word in known}
    yield "regimen", table["regimen"].map(words)


def _missing_code(table: pd.DataFrame, _: Flags) -> Changes:
    """Write the code for "not measured" in missing cells, and in others."""
    yield "prolactin_ng_ml", pd.Series(NOT_MEASURED_NUMBER, table.index, name="prolactin_ng_ml")


def _not_done(table: pd.DataFrame, _: Flags) -> Changes:
    yield "estradiol_pmol_l", _constant(table, "estradiol_pmol_l", NOT_DONE)


def _below_limit(table: pd.DataFrame, _: Flags) -> Changes:
    yield "lh_iu_l", _constant(table, "lh_iu_l", BELOW_LIMIT)


def _constant(table: pd.DataFrame, name: str, word: str) -> pd.Series:
    return pd.Series(word, table.index, dtype=object, name=name)


def _decimal_comma(table: pd.DataFrame, rows: Flags) -> Changes:
    name = "testis_volume_ml"
    written = table[name].astype(object)
    written[rows] = [f"{value:.1f}".replace(".", ",") for value in table.loc[rows, name]]
    yield name, written


def _day_and_month(table: pd.DataFrame, _: Flags) -> Changes:
    """Swap day and month of enrolment if the result is a date; exact days have no dates."""
    name = "enrolled_date"
    if name not in table:
        return
    date = table[name]
    possible = date.dt.day <= MONTHS_OF_A_YEAR
    swapped = pd.to_datetime(
        pd.DataFrame(
            {
                "year": date.dt.year,
                "month": date.dt.day.where(possible, date.dt.month),
                "day": date.dt.month.where(possible, date.dt.day),
            }
        )
    )
    yield name, swapped.astype(date.dtype)


def _copied_forward(table: pd.DataFrame, _: Flags) -> Changes:
    """Repeat the results of the visit before; the table is in the order of visits."""
    for name in ASSAYED:
        yield name, table[name].shift(1)


ERRORS = (
    Error("wrong patient", "patients", _wrong_patient),
    Error("decimal point lost", "patients", _point_lost),
    Error("other unit", "patients", _other_unit),
    Error("columns swapped", "patients", _swapped),
    Error("impossible value", "patients", _impossible),
    Error("spelling", "patients", _spelling),
    Error("letters swapped", "patients", _letters_swapped),
    Error("code for missing", "patients", _missing_code),
    Error("word for missing", "patients", _not_done, worded=("estradiol_pmol_l",)),
    Error("below the limit", "patients", _below_limit, worded=("lh_iu_l",)),
    Error("decimal comma", "patients", _decimal_comma, worded=("testis_volume_ml",)),
    Error("day and month swapped", "patients", _day_and_month),
    Error("copied forward", "visits", _copied_forward, month=2),
)


def changed_row(rows: pd.DataFrame) -> tuple[str, pd.Series]:
    """Return the column that differs in a nearly repeated row (age + 1 year), and its values."""
    return "age_years", rows["age_years"].abs() + 1


def number(value: float) -> str:
    """Return a number as text in a table; empty if it is missing.

    >>> number(6.2), number(31.0), number(float("nan"))
    ('6.2', '31', '')
    """
    return "" if np.isnan(value) else f"{value:.12g}"


def worded_columns(table: str) -> tuple[str, ...]:
    """Return the numeric columns that may contain text after some error.

    >>> worded_columns("patients")
    ('estradiol_pmol_l', 'lh_iu_l', 'testis_volume_ml')
    """
    return tuple(column for each in ERRORS if each.table == table for column in each.worded)


def as_words(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Write numeric columns that may contain text as text, consistently in all parts of a study."""
    texts = {
        column: table[column].map(lambda v: v if isinstance(v, str) else number(float(v)) or None)
        for column in worded_columns(name)
    }
    return table.assign(**{column: text.astype(object) for column, text in texts.items()})
