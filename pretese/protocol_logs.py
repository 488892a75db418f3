"""The tables of a drawn study as audit logs, one for each regimen that its men followed."""

import datetime as dt
from collections.abc import Iterator, Mapping

import pandas as pd

from protocol.log import Event, Log
from simulate.tables import ASSAYED

Tables = Mapping[str, pd.DataFrame]

#: Events of one day in the order in which they happen.
ORDER = {"start": 0, "semen": 1, "injection": 2, "micro-tese": 3, "icsi": 3}
MEASURED = 1


def logs_of_study(tables: Tables, start: dt.date) -> dict[str, Log]:
    """Return each regimen's log: every man enrolled on ``start``, every event on its day.

    Parameters
    ----------
    tables
        ``patients``, ``visits``, ``injections`` and ``procedures`` as `simulate.tables.tables`
        lays them out. What was not measured leaves no event.

    Returns
    -------
    By regimen, then by man (``man 1``), events in order of date.
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
        logs.setdefault(regimen, {})[f"man {number}"] = mine
    return logs


Found = Iterator[tuple[int, int, Event]]


def _on(date: int, event: Event) -> Event:
    return Event(date, event.name, event.drug, event.dose_iu, event.value)


def _starts(tables: Tables) -> Found:
    for number in tables["patients"]["patient_id"]:
        yield number, 0, Event(0, "start")


def _tests(tables: Tables) -> Found:
    """Yield hormones of all visits; prolactin is measured before therapy and kept with the man."""
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
    """Yield semen analyses, surgery and ICSI as their results call them."""
    rows = tables["procedures"][["patient_id", "day", "procedure", "result"]]
    for number, day, procedure, result in rows.itertuples(index=False, name=None):
        if procedure == "semen analysis":
            yield number, day, Event(0, "semen", value=result)
        elif procedure == "micro-TESE":
            yield number, day, Event(0, "micro-tese", value=result)
        elif procedure == "ICSI":
            yield number, day, Event(0, "icsi", value=result.removesuffix(" sperm"))
