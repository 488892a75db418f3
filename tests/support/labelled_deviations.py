"""Put one labelled deviation into an adherent log: the answer key for tests of audits."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from protocol.audit.deviations import Kind
from protocol.audit.log.events import Event
from protocol.dates import MONTH_DAYS
from protocol.regimen.rules import Regimen

Events = list[Event]
Random = np.random.Generator

#: Days beyond a window, well below the distance at which an event counts as a different one.
JUST_LATE = 1


def deviate(events: Events, kind: Kind, regimen: Regimen, random: Random) -> Events | None:
    """Return the log of an adherent patient with one deviation of ``kind``, in order of date.

    Parameters
    ----------
    events
        A log that audits clean, closed by surgery; its first event is day 0.

    Returns
    -------
    None if the deviation is impossible in this patient: a patient whose drug is the only one cannot
    get another, and only a patient with a semen analysis can miss it.
    """
    changed = _WAYS[kind](_Patient(events, regimen), random)
    return None if changed is None else sorted(changed, key=lambda event: event.date)


class _Patient:
    """An adherent log with its days."""

    def __init__(self, events: Events, regimen: Regimen) -> None:
        self.events = list(events)
        self.regimen = regimen
        self.start = events[0].date
        self.end = next((e.date for e in events if e.name == "semen"), events[-1].date)

    def day(self, event: Event) -> int:
        return event.date - self.start

    def injection(self, random: Random, last: int = 4) -> int | None:
        """Return the place of an injection, neither the first nor near the end."""
        places = [
            i
            for i, event in enumerate(self.events)
            if event.name == "injection"
            and event.date > self.start
            and event.date + last <= self.end
        ]
        return int(random.choice(places)) if places else None

    def with_event(self, at: int, **changes: object) -> Events:
        events = list(self.events)
        events[at] = replace(events[at], **changes)  # type: ignore[arg-type]  # names are ours
        return events

    def monthly(self, random: Random, last: bool) -> int:
        """Return the day of a monthly visit; the last one is at the end of therapy."""
        months = (self.end - self.start) // MONTH_DAYS
        return MONTH_DAYS * int(random.integers(1, months + last))


def _eligibility(patient: _Patient, random: Random) -> Events:
    """Make an exclusion criterion known before or during therapy."""
    name, value = (("karyotype", "klinefelter"), ("azf", "azfb"), ("radio_or_chemotherapy", "yes"))[
        int(random.integers(3))
    ]
    return [
        *patient.events,
        Event(patient.start + int(random.integers(-400, 20)), name, value=value),
    ]


def _held(patient: _Patient, random: Random) -> Events | None:
    """Continue injections after a haematocrit that holds therapy; a later value lifts the hold."""
    at = patient.injection(random)
    if at is None:
        return None
    name, date = "hematocrit_percent", patient.events[at].date
    return [
        *patient.events,
        Event(date - 1, name, value=54.1),
        Event(date + int(random.integers(1, 20)), name, value=54.0),
    ]


def _dose(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    if at is None:
        return None
    factor = float(random.choice([0.5, 1.5, 2.0]))
    return patient.with_event(at, dose=patient.events[at].dose * factor)


def _drug(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    if at is None:
        return None
    others = [drug for drug in (*patient.regimen.drugs, "hmg") if drug != patient.events[at].drug]
    return patient.with_event(at, drug=str(random.choice(others)))


def _route(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    if at is None:
        return None
    orders = [order for phase in patient.regimen.phases for order in phase.orders]
    due = next(order.route for order in orders if order.drug == patient.events[at].drug)
    return patient.with_event(at, route="im" if due == "sc" else "sc")


def _timing(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    if at is None:
        return None
    late = int(patient.regimen.tolerances.injection.value) + JUST_LATE
    moved = patient.events[at]
    same = {e.date for e in patient.events if e.name == "injection" and e.drug == moved.drug}
    # Two injections of one drug on one day are reported as such, not as a late injection.
    late += moved.date + late in same
    return patient.with_event(at, date=moved.date + late)


def _missed(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    return None if at is None else patient.events[:at] + patient.events[at + 1 :]


def _extra(patient: _Patient, random: Random) -> Events | None:
    at = patient.injection(random)
    if at is None:
        return None
    again = patient.events[at]
    return [*patient.events, replace(again, date=again.date + 1)]


def _gap(patient: _Patient, random: Random) -> Events | None:
    longest = int(patient.regimen.tolerances.gap.value)
    at = patient.injection(random, last=longest + 6)
    if at is None:
        return None
    first = patient.events[at].date
    gone = range(first, first + longest + 4)
    return [
        event for event in patient.events if event.name != "injection" or event.date not in gone
    ]


def _omitted(patient: _Patient, random: Random) -> Events:
    day = patient.monthly(random, last=True)
    tests = {name for visit in patient.regimen.visits.values() for name in visit.measure} - {
        "semen"
    }
    return [
        event for event in patient.events if event.name not in tests or patient.day(event) != day
    ]


def _test_timing(patient: _Patient, random: Random) -> Events:
    day = patient.monthly(random, last=False)
    late = int(patient.regimen.tolerances.visit.value) + JUST_LATE
    return [
        replace(event, date=event.date + late)
        if event.name == "lh_iu_l" and patient.day(event) == day
        else event
        for event in patient.events
    ]


def _against_the_rule(patient: _Patient, random: Random) -> Events:
    """Let the semen analysis show sperm, and operate anyway."""
    del random
    return [
        replace(event, value="sperm") if event.name == "semen" else event
        for event in patient.events
    ]


def _early_surgery(patient: _Patient, random: Random) -> Events:
    soonest = patient.start + MONTH_DAYS + 10
    date = int(random.integers(soonest, patient.end - 10))
    treated = {"injection", "decision"}  # a blood sample on the day of surgery is allowed
    kept = [event for event in patient.events if event.date + (event.name in treated) <= date]
    return [*kept, Event(date - 1, "semen", value="no sperm"), Event(date, "micro-tese")]


def _semen_after_surgery(patient: _Patient, random: Random) -> Events:
    surgery = patient.events[-1].date
    wait = surgery - patient.end + int(random.integers(1, 15))
    return [
        replace(event, date=event.date + wait) if event.name == "semen" else event
        for event in patient.events
    ]


def _no_semen(patient: _Patient, random: Random) -> Events:
    del random
    return [event for event in patient.events if event.name != "semen"]


def _after_stop(patient: _Patient, random: Random) -> Events | None:
    drug = next(iter(patient.regimen.drugs), None)
    if drug is None:
        return None
    date = patient.events[-1].date + int(random.integers(1, 30))
    return [*patient.events, Event(date, "injection", drug, 150.0)]


_WAYS: dict[Kind, Callable[[_Patient, Random], Events | None]] = {
    "eligibility": _eligibility,
    "treatment during a hold": _held,
    "dose": _dose,
    "drug": _drug,
    "route": _route,
    "timing": _timing,
    "missed dose": _missed,
    "extra dose": _extra,
    "treatment gap": _gap,
    "omitted test": _omitted,
    "test timing": _test_timing,
    "decision against the rule": _against_the_rule,
    "early surgery": _early_surgery,
    "surgery before semen analysis": _semen_after_surgery,
    "missing semen analysis": _no_semen,
    "therapy after stop": _after_stop,
}
