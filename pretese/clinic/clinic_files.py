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

from pretese.io.export.cohort_files import describe
from pretese.io.export.columns.export_fields import Field, fields_of, place_of
from pretese.io.export.formats import FORMATS, Tables
from protocol.errors import InputError
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.clinic_tables import tables_of, truth_of
from simulate.clinic.records.event_log import LOG_COLUMNS, log_of
from simulate.clinic.records.milestones import milestones_of
from simulate.clinic.records.state_on_day import views
from simulate.clinic.records.xes import XesWriter
from simulate.clinic.setup.clinic_file import Clinic, read_clinic
from simulate.clinic.setup.referrals import Waiting, read_waiting_list
from simulate.core.shipped import shipped_folder
from simulate.endpoints import endpoint_columns
from simulate.scenario.scenario_file import Scenario
from simulate.tables.study_tables import COLUMNS, columns_of, in_order
from simulate.tables.table_columns import DATE, ENROLLED_DATE, TIME

#: Number of patients processed at a time, which bounds memory.
BLOCK = 4096
TRUTH = "truth"
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

    The waiting list is in the folder of the clinic file; ``tell`` is called with its path and the
    assumptions about it.
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

    The truth is in a separate folder, and CSV and Parquet tables have a datapackage.json.

    Parameters
    ----------
    kind
        Among `pretese.io.export.formats.FORMATS`. Milestones and log are written as CSV if the
        format does not support them.
    xes
        Whether the log is written as XES too.

    Raises
    ------
    InputError
        There are too many patients for the format.
    """
    form = FORMATS[kind]
    streamed = (*TABLES, TRUTH) if form.streamed else ("milestones", "log")
    (folder / "truth").mkdir()
    rows, kept, fields = dict.fromkeys(TABLES, 0), list[Tables](), dict[str, tuple[Field, ...]]()
    with ExitStack() as stack:
        suffix = kind if form.streamed else "csv"
        sinks = {
            name: stack.enter_context(_Sink(place_of(folder, name) / f"{name}.{suffix}"))
            for name in streamed
        }
        traces = None
        if xes:
            file = stack.enter_context((folder / "log.xes").open("w", encoding="utf-8"))
            traces = stack.enter_context(XesWriter(file))
        for parts in _blocks(run, day):
            described = {name: parts[name] for name in COLUMNS}
            if not form.streamed:
                described["patients"] = _dated(described["patients"], run.clinic)
            fields = fields or dict(fields_of(described, run.scenario))
            for name, sink in sinks.items():
                sink.write(parts[name])
            for name in rows:
                rows[name] += len(parts[name])
            if traces:
                traces.write(parts["log"])
            if not form.streamed:
                _check_size(kind, rows["patients"])
                kept.append(described)
    if form.streamed:
        describe(folder, (kind,), fields, run.scenario)
    elif form.write is not None and kept:
        whole = {n: pd.concat([part[n] for part in kept], ignore_index=True) for n in COLUMNS}
        form.write(whole, folder, fields, run.clinic.id)
    return rows


def _dated(patients: pd.DataFrame, clinic: Clinic) -> pd.DataFrame:
    """Return the patients with the date of their referral, from which their days count."""
    day = pd.to_timedelta(patients["enrolled_day"].to_numpy(), unit="D")
    dated = patients.assign(
        enrolled_date=(pd.Timestamp(clinic.opens) + day).astype("datetime64[s]")
    )
    return in_order(dated, COLUMNS["patients"])


def _check_size(kind: str, patients: int) -> None:
    most = FORMATS[kind].max_patients
    if most is not None and patients > most:
        problem = f"{patients:,} patients are too many for {kind}"
        raise InputError.of("format", "", problem, f"ask for up to {most:,}, or for csv or parquet")


def _blocks(run: Run, day: float) -> Iterator[dict[str, pd.DataFrame]]:
    for seen in views(run, day, at_a_time=BLOCK):
        yield {
            **tables_of(seen),
            TRUTH: truth_of(seen),
            "milestones": milestones_of(seen),
            "log": log_of(run, [seen]),
        }


class _Sink:
    """An open CSV or Parquet file to which blocks of rows are appended."""

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
        """Add rows; columns that may be empty have the same type in every block."""
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


def clinic_dictionary(scenario: Scenario) -> pd.DataFrame:
    """Return the meaning of every column of the tables and the log."""
    rows = [
        (name, column.name, column.unit, column.meaning)
        for name, columns in columns_of(scenario).items()
        if name in (*TABLES, TRUTH)
        for column in columns
        if column not in (DATE, TIME, ENROLLED_DATE)
        and not (name == "patients" and column.name in scenario.user_defined.outcomes)
    ]
    rows += [("log", name, "", meaning) for name, meaning in LOG_COLUMNS.items()]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])
