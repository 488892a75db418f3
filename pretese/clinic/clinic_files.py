"""Find clinic files, and write a run of a clinic: its tables, its log, block by block."""

import difflib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import inf
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from protocol.errors import InputError
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.clinic_tables import tables_of
from simulate.clinic.records.event_log import LOG_COLUMNS, log_of
from simulate.clinic.records.milestones import milestones_of
from simulate.clinic.records.state_on_day import views
from simulate.clinic.records.xes import XesWriter
from simulate.clinic.setup.clinic_file import Clinic, read_clinic
from simulate.clinic.setup.referrals import Waiting, read_waiting_list
from simulate.core.shipped import shipped_folder
from simulate.endpoints import endpoint_columns
from simulate.tables.study_tables import COLUMNS

#: Patients whose rows are made at a time, so that memory does not grow with the log.
BLOCK = 4096
TABLES = (
    "patients", "visits", "injections", "procedures", "operations", "cycles", "transfers",
    "milestones", "log",
)  # fmt: skip


def clinic_names() -> tuple[str, ...]:
    """Return the names of the shipped clinics, sorted.

    >>> "unlimited" in clinic_names()
    True
    """
    return tuple(sorted(path.stem for path in (shipped_folder() / "clinics").glob("*.yaml")))


def load_clinic(
    name: str, tell: Callable[[Path, list[str]], None] | None = None
) -> tuple[Clinic, tuple[Waiting, ...]]:
    """Load a shipped clinic by name or a file by its path, with its waiting list if it names one.

    The waiting list stands beside the clinic file; ``tell`` is called with its path and with what
    was assumed about it.
    """
    path = _clinic_path(name)
    clinic = read_clinic(path)
    if not clinic.referrals.waiting_list:
        return clinic, ()
    listed, assumptions = path.parent / clinic.referrals.waiting_list, list[str]()
    waiting = read_waiting_list(listed, assumptions.append)
    if tell is not None:
        tell(listed, assumptions)
    return clinic, waiting


def _clinic_path(name: str) -> Path:
    names = clinic_names()
    if name in names:
        return shipped_folder() / "clinics" / f"{name}.yaml"
    if name and Path(name).exists():
        return Path(name)
    near = difflib.get_close_matches(Path(name).stem, names, n=1)
    guess = f"did you mean {near[0]!r}? " if near else ""
    raise InputError.of(
        "clinic", name, "there is no such clinic",
        f"{guess}give the path of a file or a shipped name ({', '.join(names)})",
    )  # fmt: skip


def write_run(run: Run, folder: Path, kind: str, xes: bool, day: float = inf) -> dict[str, int]:
    """Write every table of a run as known at the end of ``day``; return the rows of each.

    Parameters
    ----------
    kind
        ``csv`` or ``parquet``.
    xes
        Whether the log is written as XES too.
    """
    with ExitStack() as stack:
        sinks = {name: stack.enter_context(_Sink(folder / f"{name}.{kind}")) for name in TABLES}
        traces = None
        if xes:
            file = stack.enter_context((folder / "log.xes").open("w", encoding="utf-8"))
            traces = stack.enter_context(XesWriter(file))
        for parts in _blocks(run, day):
            for name, table in parts.items():
                sinks[name].write(table)
            if traces:
                traces.write(parts["log"])
    return {name: sink.rows for name, sink in sinks.items()}


def _blocks(run: Run, day: float) -> Iterator[dict[str, pd.DataFrame]]:
    for seen in views(run, day, at_a_time=BLOCK):
        yield {
            **tables_of(seen),
            "milestones": milestones_of(seen),
            "log": log_of(run, [seen]),
        }


class _Sink:
    """An open CSV or Parquet file that takes one block of rows after another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | pa_csv.CSVWriter | None = None
        self.rows = 0

    def __enter__(self) -> "_Sink":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, table: pd.DataFrame) -> None:
        """Add rows; columns that may be empty keep one type from block to block."""
        rows = _plain(table)
        if self._writer is None:
            self._writer = (
                pa_csv.CSVWriter(
                    self._path,
                    rows.schema,
                    write_options=pa_csv.WriteOptions(quoting_style="needed"),
                )
                if self._path.suffix == ".csv"
                else pq.ParquetWriter(self._path, rows.schema)
            )
            self._schema = rows.schema
        self._writer.write_table(rows.cast(self._schema))
        self.rows += len(table)


_WHOLE = frozenset({"gonadotropin_therapy", "completed", "micro_tese", "icsi", *endpoint_columns()})
_WORDS = frozenset({"diagnosis", "regimen", "previous_phase", "drug", "procedure", "result", "end"})


def _plain(table: pd.DataFrame) -> pa.Table:
    rows = pa.Table.from_pandas(table, preserve_index=False)
    fields = []
    for field in rows.schema:
        if pa.types.is_dictionary(field.type) or field.name in _WORDS:
            fields.append(field.with_type(pa.string()))
        elif field.name in _WHOLE:
            fields.append(field.with_type(pa.int8()))
        else:
            fields.append(field)
    return rows.cast(pa.schema(fields)).replace_schema_metadata()


def clinic_dictionary() -> pd.DataFrame:
    """Return the meaning of every column of the tables and the log."""
    rows = [
        (name, column.name, column.unit, column.meaning)
        for name, columns in COLUMNS.items()
        if name in TABLES
        for column in columns
    ]
    rows += [("log", name, "", meaning) for name, meaning in LOG_COLUMNS.items()]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])
