"""Read a clinic's log: one row per event, as a clinic can export it.

Columns: ``patient, date, event, drug, amount, unit, value, route, known``. Events:

==================  ==============================================================================
``start``           therapy begins (optional; by default the first injection or decision is day 0)
``injection``       ``drug``, ``amount`` and ``unit`` (IU); ``route`` where it is known
``decision``        ``value`` is the phase that was chosen
an analyte          ``fsh``, ``lh``, ``testosterone`` ...: ``amount`` and ``unit``; ``known`` is
                    the day on which the result arrived, if not that of the sample
a finding           an input of the regimen: ``semen``, ``karyotype`` with a ``value``,
                    ``centrifuge_g`` with an ``amount``
``micro-tese``      surgery; ``value`` may give its result
``icsi``            sperm is injected; ``value`` is ``ejaculated`` or ``testicular``
``withdrawn``       the patient leaves; nothing is due afterwards
==================  ==============================================================================
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Protocol

from protocol.audit.log.columns import places_of
from protocol.audit.log.events import Log, LogReading
from protocol.audit.log.mapping import LogMapping
from protocol.audit.log.rows import RowReader
from protocol.errors import Fault, InputError
from protocol.regimen.rules import Regimen
from protocol.tables.rows import Block

MAX_FAULTS = 20


class Table(Protocol):
    """A table whose header has been read and whose rows have not."""

    where: str
    header: tuple[str, ...]
    delimiter: str
    assumptions: list[str]

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that are not blank, in blocks."""


def read_log_table(table: Table, regimen: Regimen, mapping: LogMapping) -> LogReading:
    """Return each patient's events in order of date, the assumptions, and the unused rows.

    Events that no regimen knows and results that cannot be used are listed, not refused.

    Raises
    ------
    InputError
        With the first 20 faults: columns that are missing, invalid or ambiguous dates, phases that
        the regimen does not have, numbers that are impossible or ambiguous; or with rows that do
        not fit the header.
    """
    order, assumed = places_of(table.header, mapping, table.where)
    reader = RowReader(regimen, table.where, mapping, free=table.delimiter != ",")
    log: Log = {}
    faults: list[Fault] = []
    try:
        for numbers, rows in table.blocks():
            _collect(reader, order, zip(numbers, rows, strict=True), log, faults)
            if len(faults) >= MAX_FAULTS:
                faults.append(
                    Fault(table.where, "", "there may be more faults", "correct these first")
                )
                break
    except InputError as error:
        faults += error.faults
    faults += reader.days.faults(table.where, "date")
    if faults:
        raise InputError(faults)
    if not log:
        raise InputError(_no_events(table.where, reader))
    assumptions = [*table.assumptions, *assumed, *reader.assumptions()]
    return LogReading(_sorted(log, reader), tuple(assumptions), reader.unused())


def _collect(
    reader: RowReader,
    order: Sequence[int],
    rows: Iterable[tuple[int, list[str]]],
    log: Log,
    faults: list[Fault],
) -> None:
    """Add the events of some rows to the log, or their faults to the faults, up to `MAX_FAULTS`."""
    assigned = itemgetter(*order)
    for number, cells in rows:
        cells.append("")  # for columns that the file does not have
        try:
            found = reader.event(tuple(map(str.strip, assigned(cells))), number)
        except InputError as error:
            faults += error.faults
            if len(faults) >= MAX_FAULTS:
                return
            continue
        if found is not None:
            log.setdefault(found[0], []).extend(found[1])


def _sorted(log: Log, reader: RowReader) -> Log:
    """Return the log with events in order of date; events of one day keep the order of the file."""
    if reader.days.undecided:
        settle = reader.days.settled
        log = {
            patient: [
                replace(event, date=settle(event.date), known=settle(event.known))
                for event in events
            ]
            for patient, events in log.items()
        }
    return {
        patient: sorted(events, key=lambda event: (event.date, event.row))
        for patient, events in log.items()
    }


def _no_events(where: str, reader: RowReader) -> list[Fault]:
    faults = [Fault(where, "", "it has no events", "give one row per event")]
    for each in reader.unused()[:MAX_FAULTS]:
        rows = f"row {', '.join(map(str, each.rows[:5]))}"
        faults.append(Fault(where, rows, f"{each.what}: {each.reason}", "give a mapping file"))
    return faults
