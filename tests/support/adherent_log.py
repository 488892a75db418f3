"""The log of a man to whom exactly what was due was done: what an audit must find clean."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence

from protocol.audit.log.events import Event, Log
from protocol.audit.log.mapping import COLUMNS, LogMapping
from protocol.audit.log.reader import read_log
from protocol.bedside.decide import decide
from protocol.bedside.schedule import Item, plan
from protocol.errors import InputError
from protocol.reading.quantities import analyte_file
from protocol.regimen.conditions import Value
from protocol.regimen.load import Regimen
from protocol.regimen.paths import MONTH_DAYS


def adherent_events(
    regimen: Regimen,
    start: dt.date,
    monthly: Sequence[Mapping[str, Value]] = (),
    *,
    baseline: Mapping[str, Value] | None = None,
    semen: str | None = None,
    closing_day: int | None = None,
) -> list[Event]:
    """Return every injection, visit and decision of a man who is treated as the regimen says.

    Parameters
    ----------
    monthly, baseline
        What was measured at the end of each month and before therapy, by input name, in the
        tables' units.
    semen
        What the semen analysis at the end of therapy shows; None for a regimen without one.
    closing_day
        The day of surgery or ICSI, from 0; None puts it five days after therapy.

    Raises
    ------
    InputError
        When the findings do not carry him to the end of therapy.
    """
    guide = [
        {name: value for name, value in found.items() if name in regimen.tables["phase"].inputs}
        for found in monthly
    ]
    planned = plan(regimen, start, guide)
    if planned.next_decision_date is not None:
        where = f"month {len(planned.phases)}"
        raise InputError.of(where, "fsh_iu_l", "it is missing", "give the finding of its end")
    end = MONTH_DAYS * len(planned.phases)
    events = [Event(start.toordinal(), "start")]
    for item in planned.items:
        events += _of_item(item, planned.phases, baseline or {}, monthly, semen)
    looked = regimen.tables["end-of-therapy"]
    chosen = decide(regimen, looked.name, {"semen": semen}).action
    if chosen is not None:
        day = start.toordinal() + (end + 5 if closing_day is None else closing_day)
        name = "micro-tese" if chosen == "micro-tese" else "icsi"
        events.append(Event(day, name, value=None if name == "micro-tese" else "ejaculated"))
    return events


def _of_item(
    item: Item,
    phases: Sequence[str],
    baseline: Mapping[str, Value],
    monthly: Sequence[Mapping[str, Value]],
    semen: str | None,
) -> Iterator[Event]:
    date, month = item.date.toordinal(), item.day // MONTH_DAYS
    if item.injection:
        dose = item.injection
        yield Event(date, "injection", dose.drug, dose.dose_iu, route=dose.route)
    elif item.kind == "decision" and 0 < month < len(phases):
        yield Event(date, "decision", value=phases[month])
    for name in item.measure:
        found = baseline if month == 0 else monthly[month - 1] if month <= len(monthly) else {}
        value = semen if name == "semen" else found.get(name)
        if value is not None:
            yield Event(date, name, value=value)


def parse_log(
    text: str, regimen: Regimen, where: str, columns: Mapping[str, str] | None = None
) -> Log:
    """Return each man's events in order of date, from the text of a log; see `read_log`."""
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
                cells = [event.name, event.drug, f"{event.dose_iu:g}", "IU", "", event.route]
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
    """Return an adherent log of hCG, then uFSH and hCG, alternating, by months of the calendar."""
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
