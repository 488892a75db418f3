"""Read and write logs as text; build the log of a clinic that uses calendar months."""

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence

from protocol.audit.log.adherent import adherent_events
from protocol.audit.log.events import Event, Log, LogReading
from protocol.audit.log.mapping import COLUMNS, LogMapping
from protocol.audit.log.reader import read_log_table
from protocol.reading.quantities import analyte_file
from protocol.regimen.conditions import Value
from protocol.regimen.rules import Regimen
from protocol.tables import open_table

__all__ = ["adherent_events", "calendar_month_events", "parse_log", "read_log", "write_log"]


def read_log(
    data: bytes, regimen: Regimen, where: str, mapping: LogMapping | None = None
) -> LogReading:
    """Return the events of a text table (CSV); see `read_log_table`."""
    return read_log_table(open_table(data, where), regimen, mapping or LogMapping())


def parse_log(
    text: str, regimen: Regimen, where: str, columns: Mapping[str, str] | None = None
) -> Log:
    """Return each patient's events in order of date, from the text of a log; see `read_log`."""
    mapping = LogMapping(columns=dict(columns or {}))
    return read_log(text.encode("utf-8", "surrogatepass"), regimen, where, mapping).log


def write_log(log: Mapping[str, Sequence[Event]]) -> str:
    """Return a log as CSV text that `parse_log` reads back to the same events."""
    names = {declared.input: name for name, declared in analyte_file().analytes.items()}
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for patient, events in log.items():
        for event in events:
            date = dt.date.fromordinal(event.date).isoformat()
            if event.name == "injection":
                cells = [event.name, event.drug, f"{event.dose:g}", event.unit, "", event.route]
            elif event.name in names and isinstance(event.value, float | int):
                analyte = names[event.name]
                unit = analyte_file().analytes[analyte].unit
                cells = [analyte, "", f"{event.qualifier}{float(event.value)!r}", unit, "", ""]
            else:
                cells = [event.name, "", "", "", str(event.value or ""), ""]
            known = dt.date.fromordinal(event.known).isoformat() if event.known else ""
            writer.writerow([patient, date, *cells, known])
    return out.getvalue()


def calendar_month_events(start: dt.date, others: Mapping[str, Value]) -> list[Event]:
    """Return an adherent log of hCG, then uFSH and hCG, alternating, by calendar month."""
    days = [start.toordinal()]
    for month in (1, 2, 3):
        year, at = divmod(start.month - 1 + month, 12)
        first = dt.date(start.year + year, at + 1, 1)
        after = dt.date(first.year + (at == 11), (at + 1) % 12 + 1, 1)
        days.append(first.toordinal() + min(start.day, (after - first).days) - 1)
    events = [Event(days[0], "start"), Event(days[0], "prolactin_ng_ml", value=8.0)]
    for day in days:
        events += [Event(day, name, value=value) for name, value in others.items()]
        events.append(Event(day, "fsh_iu_l", value=21.0 if day == days[0] else 9.0))
    events += [Event(day, "injection", "hcg", 2000.0) for day in range(days[0], days[1], 2)]
    for turn, day in enumerate(range(days[1], days[3], 2)):
        drug, dose = ("hcg", 2000.0) if turn % 2 else ("ufsh", 150.0)
        events.append(Event(day, "injection", drug, dose))
    return sorted(events, key=lambda event: event.date)
