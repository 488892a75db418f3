"""The log of a patient treated exactly as the regimen recommends: an audit finds no deviation."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from protocol.audit.log.events import Event
from protocol.bedside.decide import decide
from protocol.bedside.schedule import Item, plan
from protocol.dates import MONTH_DAYS
from protocol.errors import InputError
from protocol.regimen.conditions import Value
from protocol.regimen.rules import Regimen


def adherent_events(
    regimen: Regimen,
    start: dt.date,
    monthly: Sequence[Mapping[str, Value]] = (),
    *,
    baseline: Mapping[str, Value] | None = None,
    semen: str | None = None,
    closing_day: int | None = None,
) -> list[Event]:
    """Return every injection, visit and decision of a patient treated as the regimen recommends.

    Parameters
    ----------
    monthly, baseline
        Results at the end of each month and before therapy, by input name, in the units of the
        tables.
    semen
        The semen analysis at the end of therapy; None for a regimen without one.
    closing_day
        The day of surgery or ICSI, from 0; None puts it five days after therapy.

    Raises
    ------
    InputError
        The findings do not lead to the end of therapy.
    """
    asked = regimen.tables["phase"].inputs
    guide = []
    for found in monthly:
        known = {**found, **_computed(regimen, found, baseline or {})}
        guide.append({name: value for name, value in known.items() if name in asked})
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


def _computed(
    regimen: Regimen, found: Mapping[str, Value], baseline: Mapping[str, Value]
) -> dict[str, Value]:
    """Return the inputs that follow from a finding and its value before therapy."""
    values: dict[str, Value] = {}
    for name, spec in regimen.inputs.items():
        now = found.get(spec.computed.of) if spec.computed else None
        first = baseline.get(spec.computed.of) if spec.computed else None
        if spec.computed and isinstance(now, float) and isinstance(first, float):
            ratio = spec.computed.how == "ratio to start"
            values[name] = now / first if ratio else now - first
    return values


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
        yield Event(date, "injection", dose.drug, dose.dose, route=dose.route, unit=dose.unit)
    elif item.kind == "decision" and 0 < month < len(phases):
        yield Event(date, "decision", value=phases[month])
    for name in item.measure:
        found = baseline if month == 0 else monthly[month - 1] if month <= len(monthly) else {}
        value = semen if name == "semen" else found.get(name)
        if value is not None:
            yield Event(date, name, value=value)
