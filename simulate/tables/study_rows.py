"""Shared by all tables of a study: patient numbers, words, and values in the chosen arm."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.draw import Cohort

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


def numbers(cohort: Cohort) -> Ints:
    """Return the number of each patient in the study, from 1."""
    return cohort.streams.first_patient + np.arange(1, cohort.gonadotropin_therapy.shape[1] + 1)


def words(names: Sequence[str | None]) -> NDArray[np.object_]:
    """Return an object array that shares the strings, much faster than fixed-width text."""
    return np.array(names, dtype=object)


def coded(names: Sequence[str | None], codes: NDArray[np.integer[Any]]) -> pd.Categorical:
    """Return words by their place in ``names``, each stored once; None is a missing word.

    >>> list(coded(["hcg", None, "hcg"], np.array([2, 0, 1])))
    ['hcg', 'hcg', nan]
    """
    known = {name: code for code, name in enumerate(_known(names))}
    place = np.array([-1 if name is None else known[name] for name in names], np.int16)
    return pd.Categorical.from_codes(place[codes], list(known))


def _known(names: Sequence[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name is not None))


def words_as_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text columns hold objects, and None if missing.

    Pandas from version 3 infers the type of a column from its content, so that an empty column
    would have another type.
    """
    found = table.copy(deep=False)  # other columns are not copied
    for name, kind in table.dtypes.items():
        if _wordy(kind):
            found[name] = _objects(table[name])
    return found


def _wordy(kind: object) -> bool:
    return isinstance(kind, pd.StringDtype | pd.CategoricalDtype)


def _objects(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype):
        plain = words([*column.cat.categories, None])[column.cat.codes.to_numpy()]
        return pd.Series(plain, column.index, dtype=object, copy=False)
    return column.astype(object).where(column.notna(), None)


def along(cohort: Cohort, r: int, name: str) -> Floats:
    """Return a field of `simulate.hormones.therapy.Course` in the arm that each patient chose."""
    untreated, treated = (getattr(path.course, name)[..., r, :] for path in cohort.paths)
    chosen: Floats = np.where(cohort.gonadotropin_therapy[r], treated, untreated)
    return chosen
