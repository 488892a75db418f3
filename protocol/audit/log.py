"""A log of what was done: one row per event, as a clinic can export it.

Columns: ``patient, date, event, drug, amount, unit, value, route``. Events:

==================  ==============================================================================
``start``           therapy begins (optional; else the first injection or decision is day 0)
``injection``       ``drug``, ``amount`` and ``unit`` (IU); ``route`` where it is known
``decision``        ``value`` is the phase that was chosen
an analyte          ``fsh``, ``lh``, ``testosterone`` ...: ``amount`` and ``unit``
a finding           ``semen``: ``value`` is ``sperm`` or ``no sperm``
``micro-tese``      surgery; ``value`` may hold what it found
``icsi``            sperm is injected; ``value`` is ``ejaculated`` or ``testicular``
``withdrawn``       the man leaves; nothing is due afterwards
==================  ==============================================================================
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

from protocol.audit.events import PLAIN_EVENTS, Event, Log
from protocol.bedside.decide import value_problem
from protocol.errors import Fault, InputError
from protocol.reading.numbers import cure_of, lone_number, shown
from protocol.reading.quantities import analyte_file, quantity
from protocol.regimen.conditions import Value
from protocol.regimen.load import Regimen
from protocol.tables import open_table

COLUMNS = ("patient", "date", "event", "drug", "amount", "unit", "value", "route")
REQUIRED = ("patient", "date", "event")
MAX_FAULTS = 20
#: How an injection may be given, by the words for it (capitals and dots do not matter).
ROUTES = {"im": "im", "intramuscular": "im", "sc": "sc", "subcutaneous": "sc"}


def read_log(
    data: bytes, regimen: Regimen, where: str, columns: Mapping[str, str] | None = None
) -> tuple[Log, tuple[str, ...]]:
    """Return each man's events in order of date, and what was assumed about the file.

    Parameters
    ----------
    columns
        The file's own column names, by the names used here: ``{"patient": "ID"}``.

    Raises
    ------
    InputError
        With the first 20 faults: columns that are missing, dates that are none, events, phases or
        units that nobody knows, and numbers that cannot be; or with rows that do not fit the
        header.
    """
    table = open_table(data, where)
    order = _places(table.header, columns or {}, where)
    reader = _Reader(regimen, where, free=table.delimiter != ",")
    log: Log = {}
    faults: list[Fault] = []
    try:
        for numbers, rows in table.blocks():
            _collect(reader, order, zip(numbers, rows, strict=True), log, faults)
            if len(faults) >= MAX_FAULTS:
                faults.append(Fault(where, "", "there may be more faults", "mend these first"))
                break
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(faults)
    if not log:
        raise InputError.of(where, "", "it has no events", "give one row per event")
    if reader.commas:
        table.assumptions.append("decimal commas are read in amounts")
    return {
        patient: sorted(events, key=lambda event: (event.date, event.row))
        for patient, events in log.items()
    }, tuple(table.assumptions)


def _collect(
    reader: "_Reader",
    order: Sequence[int],
    rows: Iterable[tuple[int, list[str]]],
    log: Log,
    faults: list[Fault],
) -> None:
    """Add the events of some rows to the log, or their faults to the faults, up to `MAX_FAULTS`."""
    for number, cells in rows:
        cells.append("")  # for columns that the file does not have
        try:
            patient, event = reader.event([cells[place].strip() for place in order], number)
            log.setdefault(patient, []).append(event)
        except InputError as error:
            faults += error.faults
            if len(faults) >= MAX_FAULTS:
                return


def _places(header: Sequence[str], columns: Mapping[str, str], where: str) -> list[int]:
    """Return where each of `COLUMNS` stands in the file; one that is absent stands at its end."""
    faults = [
        Fault(where, f"column mapping {name}", "this is no column of a log", _ALLOWED)
        for name in columns
        if name not in COLUMNS
    ]
    places = []
    for name in COLUMNS:
        own = columns.get(name, name)
        if own not in header and (name in REQUIRED or name in columns):
            found = ", ".join(header) or "none"
            cure = f"add it, or map another to it; columns found: {found}"
            faults.append(Fault(where, own, "the column is missing", cure))
        places.append(header.index(own) if own in header else len(header))
    if faults:
        raise InputError(faults)
    return places


_ALLOWED = f"columns: {', '.join(COLUMNS)}"


class _Reader:
    """Turns rows into events, remembering what the regimen knows."""

    def __init__(self, regimen: Regimen, where: str, *, free: bool = False) -> None:
        self.regimen = regimen
        self.where = where
        #: Commas and points split no columns: either may be a decimal mark, or separate thousands.
        self.free = free
        self.commas = False
        self.phases = [phase.name for phase in regimen.phases]
        self.analytes = analyte_file().analytes
        self.findings = [
            name
            for name, spec in regimen.inputs.items()
            if spec.kind == "enum" and spec.role == "measured" and name != "micro_tese"
        ]
        self.dates: dict[str, int] = {}
        #: Rows differ in man and day and little else: what follows is read once for all of them.
        self.read: dict[tuple[str, ...], Event] = {}

    def event(self, cells: Sequence[str], number: int) -> tuple[str, Event]:
        """Return the man and the event of a row; ``cells`` are in the order of `COLUMNS`."""
        patient, date, *rest = cells
        place = f"row {number}"
        if not patient:
            raise self._error(place, "patient", "", "is empty", "name the man in every row")
        if date not in self.dates:
            self.dates[date] = self._date(date, place)
        key = tuple(rest)
        if key not in self.read:
            self.read[key] = self._read(dict(zip(COLUMNS[2:], rest, strict=True)), place)
        read = self.read[key]
        day = self.dates[date]
        return patient, Event(
            day, read.name, read.drug, read.dose_iu, read.value, number, read.route
        )

    def _read(self, row: Mapping[str, str], place: str) -> Event:
        """Read a row without its man and its date."""
        name, value = row["event"], row["value"]
        if name == "injection":
            return self._injection(row, place)
        if name in self.analytes:
            return self._measurement(row, place)
        if name in self.findings:
            return Event(0, name, value=self._name(name, value, place))
        if name == "decision":
            if value not in self.phases:
                cure = f"give one of: {', '.join(self.phases)}"
                raise self._error(place, "value", value, "is no phase of the regimen", cure)
            return Event(0, name, value=value)
        if name == "micro-tese" and value and "micro_tese" in self.regimen.inputs:
            return Event(0, name, value=self._name("micro_tese", value, place))
        if name in PLAIN_EVENTS:
            return Event(0, name, value=value or None)
        known = ", ".join([*PLAIN_EVENTS, *self.analytes, *self.findings])
        raise self._error(place, "event", name, "is no event", f"events: {known}")

    def _injection(self, row: Mapping[str, str], place: str) -> Event:
        drug, unit = row["drug"].lower(), row["unit"]
        if not drug:
            raise self._error(place, "drug", "", "is empty", "name the drug that was injected")
        amount = self._number(row["amount"], place)
        if amount <= 0:
            raise self._error(place, "amount", f"{amount:g}", "is no dose", "give IU above 0")
        if unit not in {"IU", "iu", "[IU]", "[iU]"}:
            raise self._error(place, "unit", unit, "is no unit of a dose here", "give doses in IU")
        return Event(0, "injection", drug, amount, route=self._route(row["route"], place))

    def _route(self, text: str, place: str) -> str:
        word = text.lower().replace(".", "").replace(" ", "")
        if word and word not in ROUTES:
            cure = f"give one of: {', '.join(ROUTES)}; or leave it empty"
            raise self._error(place, "route", text, "is no route that is known", cure)
        return ROUTES.get(word, "")

    def _measurement(self, row: Mapping[str, str], place: str) -> Event:
        amount = self._number(row["amount"], place)
        if not row["unit"]:
            cure = f"give one, for example {self.analytes[row['event']].unit}"
            raise self._error(place, "unit", "", "is empty", cure)
        measured = quantity(row["event"], amount, row["unit"], f"{self.where}: {place}")
        spec = self.regimen.inputs.get(measured.input)
        if spec and (problem := value_problem(spec, measured.value)):
            raise InputError.of(self.where, f"{place}: amount", *problem)
        return Event(0, measured.input, value=measured.value)

    def _name(self, name: str, value: str, place: str) -> Value:
        allowed = self.regimen.inputs[name].values
        if value not in allowed:
            cure = f"give one of: {', '.join(allowed)}"
            raise self._error(place, "value", value, f"is no result of {name}", cure)
        return value

    def _number(self, text: str, place: str) -> float:
        value = lone_number(text, free=self.free)
        if value is None or not math.isfinite(value):
            raise self._error(place, "amount", text, "is no number", cure_of(text))
        self.commas |= "," in text
        return value

    def _date(self, text: str, place: str) -> int:
        try:
            return dt.date.fromisoformat(text).toordinal()
        except ValueError:
            cure = "write year-month-day, such as 2022-03-31"
            raise self._error(place, "date", text, "is no date", cure) from None

    def _error(self, place: str, field: str, value: str, problem: str, cure: str) -> InputError:
        return InputError.of(self.where, f"{place}: {field}", f"{shown(value)} {problem}", cure)
