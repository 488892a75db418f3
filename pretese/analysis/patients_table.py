"""The table of an analysis: the columns that a plan names, from a file or a DataFrame."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from estimate.core.clusters import names_identifier
from estimate.plan.spec import Plan
from pretese.io.input.frame_columns import read_frame
from pretese.io.input.plan_columns import uses_of
from pretese.io.input.read_table import column_names, read_table
from pretese.io.input.table_cells import CategoryUse, Use
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class PatientsTable:
    """Columns of a table, one row per patient.

    Attributes
    ----------
    where
        Name of the table in messages.
    sha256
        Of the file; None if the table is a DataFrame.
    assumptions
        Assumptions made in reading it.
    """

    frame: pd.DataFrame
    where: str
    sha256: str | None
    assumptions: tuple[str, ...]


def read_patients(table: Any, plan: Plan) -> PatientsTable:
    """Read the columns that a plan names from a file or a DataFrame.

    Raises
    ------
    InputError
        All faults of a kind at once.
    """
    if isinstance(table, pd.DataFrame):
        uses = _with_identifiers(uses_of(plan), map(str, table.columns))
        frame, assumptions = read_frame(table, uses, "table")
        return PatientsTable(frame, "table", None, assumptions)
    if isinstance(table, str | Path):
        uses = _with_identifiers(uses_of(plan), column_names(Path(table)))
        read = read_table(Path(table), uses)
        return PatientsTable(read.frame, str(table), read.sha256, read.assumptions)
    problem = f"{type(table).__name__} is not a table of patients"
    raise InputError.of("table", "", problem, "give a DataFrame, or a .csv or .parquet file")


def read_beside(table: Any, uses: dict[str, Use], argument: str) -> Any:
    """Read the named columns of a table of visits or injections; None stays None."""
    if table is None or isinstance(table, pd.DataFrame):
        return table if table is None else read_frame(table, uses, argument)[0]
    return read_table(Path(table), uses).frame


def _with_identifiers(uses: dict[str, Use], names: Iterable[str]) -> dict[str, Use]:
    """Add columns that identify patients or couples, so that repeated values can be reported."""
    found = {name: CategoryUse() for name in names if names_identifier(name)}
    return {**uses, **{name: use for name, use in found.items() if name not in uses}}
