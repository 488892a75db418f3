"""Shared by all tables of a study: patient numbers, words, and values in the chosen arm."""

from collections.abc import Sequence

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


def words_as_objects(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text columns hold objects, and None if missing.

    Pandas from version 3 infers the type of a column from its content, so that an empty column
    would have another type.
    """
    chosen = [name for name, kind in table.dtypes.items() if isinstance(kind, pd.StringDtype)]
    plain = {name: table[name].astype(object).where(table[name].notna(), None) for name in chosen}
    return table.assign(**plain) if plain else table


def along(cohort: Cohort, r: int, name: str) -> Floats:
    """Return a field of `simulate.hormones.therapy.Course` in the arm that each patient chose."""
    untreated, treated = (getattr(path.course, name)[..., r, :] for path in cohort.paths)
    chosen: Floats = np.where(cohort.gonadotropin_therapy[r], treated, untreated)
    return chosen
