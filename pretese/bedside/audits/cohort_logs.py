"""Convert the tables of a simulated study to logs, one for each regimen followed."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from pretese.io.input.read_table import TableFile, read_table
from pretese.io.input.table_cells import CategoryUse, NumberUse, Uses
from protocol.audit.log.events import Event, Log
from protocol.errors import Fault, InputError
from simulate.tables.study_tables import ASSAYED

Tables = Mapping[str, pd.DataFrame]

#: Chronological order of events within a day.
ORDER = {"start": 0, "semen": 1, "injection": 2, "micro-tese": 3, "icsi": 3}
MEASURED = 1


def logs_of_study(tables: Tables, start: dt.date) -> dict[str, Log]:
    """Return each regimen's log: every patient enrolled on ``start``, every event on its day.

    Parameters
    ----------
    tables
        ``patients``, ``visits``, ``injections`` and ``procedures`` as returned by
        `study_tables.tables`. Missing measurements give no event.

    Returns
    -------
    By regimen, then by patient (``patient 1``), events in order of date.
    """
    events: dict[int, list[Event]] = {number: [] for number in tables["patients"]["patient_id"]}
    for source in (_starts, _tests, _injections, _procedures):
        for number, day, event in source(tables):
            events[number].append(_on(start.toordinal() + int(day), event))
    logs: dict[str, Log] = {}
    for number, regimen in zip(
        tables["patients"]["patient_id"], tables["patients"]["regimen"], strict=True
    ):
        mine = sorted(events[number], key=lambda e: (e.date, ORDER.get(e.name, MEASURED)))
        logs.setdefault(regimen, {})[f"patient {number}"] = mine
    return logs


#: Tables required by an audit.
NEEDED = ("patients", "visits", "injections", "procedures")
#: Day 0 of simulated patients with exact days, who have no dates.
DAY_0 = dt.date(2000, 1, 1)


def logs_of_folder(folder: Path) -> dict[str, Log]:
    """Return each regimen's log from a folder written by ``pretese simulate``, CSV or Parquet.

    Day 0 of every patient is 2000-01-01. With several studies a patient is called
    ``study 2, patient 7``.
    """
    read = _read_all(folder)
    if "study" not in read["patients"]:
        return logs_of_study(read, DAY_0)
    logs: dict[str, Log] = {}
    for study in read["patients"]["study"].unique():
        parts = {name: table[table["study"] == study] for name, table in read.items()}
        for regimen, log in logs_of_study(parts, DAY_0).items():
            named = {f"study {study}, {patient}": events for patient, events in log.items()}
            logs.setdefault(regimen, {}).update(named)
    return logs


_WHOLE = NumberUse("give the whole numbers that were written")
_NAMES = CategoryUse()
_KEYS: Uses = {"patient_id": _WHOLE, "study": _WHOLE}

#: The columns used of each table.
_USES: Mapping[str, Uses] = {
    "patients": {**_KEYS, "regimen": _NAMES, "prolactin_ng_ml": NumberUse()},
    "visits": {**_KEYS, "day": _WHOLE, **dict.fromkeys(ASSAYED, NumberUse())},
    "injections": {**_KEYS, "day": _WHOLE, "drug": _NAMES, "dose_iu": NumberUse()},
    "procedures": {**_KEYS, "day": _WHOLE, "procedure": _NAMES, "result": _NAMES},
}

#: Columns in which no cell may be empty.
_FILLED = ("patient_id", "study", "day", "regimen", "drug", "dose_iu", "procedure")


def _read_all(folder: Path) -> dict[str, pd.DataFrame]:
    """Return the required tables, checked to be complete."""
    files = {name: _read(folder, name) for name in NEEDED}
    faults = [
        Fault(str(file.path), column, "a cell is empty", "write the folder again")
        for file in files.values()
        for column in _FILLED
        if column in file.frame and file.frame[column].isna().any()
    ]
    known = files["patients"].frame
    key = ["study", "patient_id"] if "study" in known else ["patient_id"]
    for file in files.values():
        if ("study" in file.frame) != ("study" in known):
            problem = "only some of the tables have this column"
            faults.append(Fault(str(file.path), "study", problem, "write the folder again"))
        elif strange := set(file.frame[key].itertuples(index=False, name=None)) - set(
            known[key].itertuples(index=False, name=None)
        ):
            problem = f"{len(strange)} of them are not in the table of patients"
            faults.append(Fault(str(file.path), "patient_id", problem, "write the folder again"))
    if faults:
        raise InputError(faults)
    return {name: file.frame for name, file in files.items()}


def _read(folder: Path, name: str) -> TableFile:
    for path in (folder / f"{name}.csv", folder / f"{name}.parquet"):
        if path.is_file():
            return read_table(path, _USES[name], optional=frozenset({"study"}))
    cure = "name a log (CSV), or a folder that `pretese simulate` wrote as csv or parquet"
    raise InputError.of(str(folder), f"{name}.csv", "it is not there", cure)


Found = Iterator[tuple[int, int, Event]]


def _on(date: int, event: Event) -> Event:
    return replace(event, date=date)


def _starts(tables: Tables) -> Found:
    for number in tables["patients"]["patient_id"]:
        yield number, 0, Event(0, "start")


def _tests(tables: Tables) -> Found:
    """Yield hormones of all visits; prolactin, measured once, is kept with the patient."""
    for name in ASSAYED:
        rows = tables["visits"][["patient_id", "day", name]].dropna()
        for number, day, value in rows.itertuples(index=False, name=None):
            yield number, day, Event(0, name, value=float(value))
    rows = tables["patients"][["patient_id", "prolactin_ng_ml"]].dropna()
    for number, value in rows.itertuples(index=False, name=None):
        yield number, 0, Event(0, "prolactin_ng_ml", value=float(value))


def _injections(tables: Tables) -> Found:
    rows = tables["injections"][["patient_id", "day", "drug", "dose_iu"]]
    for number, day, drug, dose in rows.itertuples(index=False, name=None):
        yield number, day, Event(0, "injection", drug, float(dose))


def _procedures(tables: Tables) -> Found:
    """Yield semen analyses, surgery and ICSI with their results."""
    rows = tables["procedures"][["patient_id", "day", "procedure", "result"]]
    for number, day, procedure, result in rows.itertuples(index=False, name=None):
        if procedure == "semen analysis":
            yield number, day, Event(0, "semen", value=result)
        elif procedure == "micro-TESE":
            yield number, day, Event(0, "micro-tese", value=result)
        elif procedure == "ICSI":
            yield number, day, Event(0, "icsi", value=(result or "").removesuffix(" sperm") or None)
