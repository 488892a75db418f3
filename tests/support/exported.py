"""A simulated study as tables with their fields, for tests of the export."""

from functools import cache

import pandas as pd
import pyreadstat

from pretese.io.export.columns.export_fields import Fields, fields_of
from simulate.cohort.draw import draw_cohort
from simulate.tables.study_tables import tables
from tests.support.paper import paper


@cache
def drawn_tables(studies: int = 1, patients: int = 120, seed: int = 3) -> dict[str, pd.DataFrame]:
    drawn = [
        tables(draw_cohort(paper(), seed, first=study, patients=patients), exact_days=False)
        for study in range(studies)
    ]
    if studies == 1:
        return drawn[0]
    for study, parts in enumerate(drawn, 1):
        for table in parts.values():
            table.insert(0, "study", study)
    return {name: pd.concat([parts[name] for parts in drawn]) for name in drawn[0]}


def fields(studies: int = 1) -> Fields:
    return fields_of(drawn_tables(studies), paper())


def assert_same_values(found: pd.DataFrame, table: pd.DataFrame, what: object = "") -> None:
    """Compare value for value, digit for digit; missing text may become the empty text."""
    assert list(found.columns) == list(table.columns), what
    assert len(found) == len(table), what
    for name in table:
        if name.endswith("date"):
            ours, theirs = (pd.to_datetime(t[name]).dt.date.tolist() for t in (table, found))
        elif not pd.api.types.is_numeric_dtype(table[name]):
            ours, theirs = (t[name].fillna("").astype(str).tolist() for t in (table, found))
        else:
            ours, theirs = (
                t[name].astype("Float64").astype(object).where(t[name].notna(), None).tolist()
                for t in (table, found)
            )
        assert ours == theirs, (what, name)


def read_stata(path, table: pd.DataFrame) -> pd.DataFrame:
    """Read a Stata file, with text where ``table`` has text: the file stores labelled numbers."""
    found, about = pyreadstat.read_dta(path)
    for name, labels in about.variable_value_labels.items():
        if not pd.api.types.is_numeric_dtype(table[name]):
            found[name] = found[name].map(labels)
    return found


def read_exact(path, **named):
    """Read a CSV file with every number as it is written: pandas before 3.1 must be asked to."""
    release = tuple(int(part) for part in pd.__version__.split(".")[:2])
    precision = {"float_precision": "round_trip"} if release < (3, 1) else {}
    return pd.read_csv(path, **precision, **named)
