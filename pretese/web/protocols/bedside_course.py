"""The course of a patient in the bedside form: start, phases month by month, and results."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pretese.api.protocols.regimens import Regimen
from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from protocol.reading.analytes import Analyte
from protocol.regimen.parts import analyte_of

#: Units offered for a value, by analyte; the first is the default.
UNITS = {
    "fsh": ("IU/L", "mIU/mL"),
    "lh": ("IU/L", "mIU/mL"),
    "testosterone": ("nmol/L", "ng/mL", "ng/dL"),
    "estradiol": ("pmol/L", "pg/mL"),
    "prolactin": ("ng/mL",),
}


@dataclass(frozen=True, slots=True)
class HormoneRow:
    """A row of the table of results: analyte, label and units offered."""

    analyte: str
    label: str
    units: tuple[str, ...]


def hormone_rows(regimen: Regimen) -> tuple[HormoneRow, ...]:
    """Return the analytes measured at the visits of a regimen, in the order of its inputs."""
    compiled = regimen.compiled
    measured = {name for visit in compiled.visits.values() for name in visit.measure}
    rows: dict[str, HormoneRow] = {}
    for name, spec in compiled.inputs.items():
        analyte = analyte_of(name, spec)
        if name in measured and analyte is not None:
            known: Analyte = compiled.analytes[analyte]
            rows[analyte] = HormoneRow(analyte, known.label, UNITS.get(analyte, (known.unit,)))
    return tuple(rows.values())


def course_of(
    regimen: Regimen, entries: Mapping[str, str], decision_date: dt.date
) -> dict[str, Any] | None:
    """Return start, phases and results as fields of a patient's file; None without a start.

    Results of a month are dated on its last day, day 30; months that end after the date of the
    decision are excluded. Without phases only the phase of the previous month is used.

    Raises
    ------
    InputError
        The start is not a date, or a phase is missing before another one.
    """
    text = entries.get("start", "").strip()
    if not text:
        return None
    start = _date(text)
    months = regimen.compiled.months
    phases = [entries.get(f"phase.{month}", "") for month in range(1, months + 1)]
    while phases and not phases[-1]:
        phases.pop()
    previous, passed = entries.get("previous_phase", ""), (decision_date - start).days // MONTH_DAYS
    if not phases and previous and 0 < passed <= months:
        phases = [*[""] * (passed - 1), previous]
    results = []
    for row in hormone_rows(regimen):
        unit = entries.get(f"course_unit.{row.analyte}") or row.units[0]
        for month in range(months + 1):
            value = entries.get(f"result.{row.analyte}.{month}", "").strip()
            day = start + dt.timedelta(days=MONTH_DAYS * month)
            if value and day <= decision_date:
                number = value if value[0] in "<>" else read_number(row.label, value)
                result = {"date": day, "name": row.analyte, "value": number, "unit": unit}
                results.append(result)
    return {
        "started": start,
        "phases": [phase or "unknown" for phase in phases],
        "measurements": results,
    }


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        problem = f"{text[:40]!r} is not a date"
        raise InputError.of("form", "start", problem, "write it as 2022-03-01") from None


def read_number(field: str, text: str) -> float:
    """Read a number with a decimal point or a decimal comma."""
    from protocol.reading.numbers import read_number as read

    clean = text.strip()
    if clean.count(",") == 1 and "." not in clean and len(clean.partition(",")[2]) != 3:
        clean = clean.replace(",", ".")
    return read(clean, field, "")
