"""The next steps with dates: doses of the month, visits, and the next decision."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from protocol.bedside.decision import Decision
from protocol.bedside.patient import PatientRecord
from protocol.dates import MONTH_DAYS, day_from
from protocol.regimen.parts import Order, Visit, analyte_of
from protocol.regimen.paths import days_of_order
from protocol.regimen.rules import Phase, Regimen

ROUTES = {"im": "IM", "sc": "SC", "po": "by mouth"}


@dataclass(frozen=True, slots=True)
class NextStep:
    """One dose, visit or decision that is due, with its dates."""

    kind: Literal["dose", "visit", "decision"]
    text: str
    dates: tuple[dt.date, ...]


def next_steps(
    record: PatientRecord, regimen: Regimen, on: dt.date, decision: Decision
) -> tuple[NextStep, ...]:
    """Return the steps due from ``on`` to the next decision, if the month of therapy is decided."""
    if decision.table != "phase" or decision.action is None:
        return ()
    phase = regimen.phase(decision.action)
    if phase.ends_therapy:
        return ()
    return tuple(step for step in _of_month(record, regimen, on, phase) if step.dates)


def _of_month(
    record: PatientRecord, regimen: Regimen, on: dt.date, phase: Phase
) -> Iterator[NextStep]:
    month = record.month_on(on)
    first, end = MONTH_DAYS * (month - 1), MONTH_DAYS * month
    begun = MONTH_DAYS * _first_month_of_run(record, month, phase.name)
    # Weekdays are those of the dates of this month, after any pause.
    weekday = day_from(record.date_on(first, on), -first, "start").weekday()
    for order in phase.orders:
        days = days_of_order(order, begun, first, end, weekday)
        yield NextStep("dose", dose_text(regimen, order), _from(record, days, on))
    for visit in regimen.visits.values():
        days = _visit_days(visit, month, last=month == regimen.months)
        yield NextStep("visit", visit_text(regimen, visit), _from(record, days, on))
    question = f"next decision. {regimen.tables['phase'].question}"
    yield NextStep("decision", question, _from(record, (end,), on))


def _from(record: PatientRecord, days: tuple[int, ...], on: dt.date) -> tuple[dt.date, ...]:
    """Return the dates of days of therapy, without those before ``on``."""
    base = on if record.started is None else record.started
    return tuple(date for date in (record.date_on(day, base) for day in days) if date >= on)


def _first_month_of_run(record: PatientRecord, month: int, phase: str) -> int:
    """Return the month, from 0, in which the run of months in this phase began."""
    first = month
    while first > 1 and record.phase_of(first - 1) == phase:
        first -= 1
    return first - 1


def _visit_days(visit: Visit, month: int, *, last: bool) -> tuple[int, ...]:
    """Return the days of a visit from the second day of a month to the first of the next."""
    end = MONTH_DAYS * month
    if visit.day_of_month is not None:
        return (end - MONTH_DAYS + visit.day_of_month,)
    due = visit.when == "end of each month" or (visit.when == "end of therapy" and last)
    return (end,) if due else ()


def dose_text(regimen: Regimen, order: Order) -> str:
    """Return one dose as written on a plan, such as ``uFSH 150 IU IM``."""
    name = regimen.drugs[order.drug].name
    return f"{name} {order.dose:g} {order.unit} {ROUTES[order.route]}"


def visit_text(regimen: Regimen, visit: Visit) -> str:
    """Return a visit with what is measured, in words."""
    return f"{visit.label}: {', '.join(measured_name(regimen, name) for name in visit.measure)}"


def measured_name(regimen: Regimen, name: str) -> str:
    """Return the name of the measurement: the analyte, or the label of the input."""
    return _measured_names(regimen)[name]


@lru_cache(maxsize=64)
def _measured_names(regimen: Regimen) -> Mapping[str, str]:
    labels = {name: spec.label for name, spec in regimen.inputs.items()}
    for name, spec in regimen.inputs.items():
        if analyte := analyte_of(name, spec):
            labels[name] = regimen.analytes[analyte].label
    return labels
