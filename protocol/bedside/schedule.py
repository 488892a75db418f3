"""A dated plan: doses, visits, decisions, and the possible results of each decision."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.bedside.decide import decide
from protocol.bedside.next_steps import ROUTES
from protocol.dates import MONTH_DAYS, day_from
from protocol.errors import InputError
from protocol.regimen import parts
from protocol.regimen.conditions import Value
from protocol.regimen.paths import (
    BEFORE_THERAPY,
    Injection,
    Step,
    Totals,
    end_of,
    injections_of,
    steps_from,
    totals_of,
)
from protocol.regimen.rules import Regimen

Kind = Literal["visit", "decision", "injection"]


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a plan; ``day`` counts from the first day of therapy, 0."""

    date: dt.date
    day: int
    kind: Kind
    text: str
    measure: tuple[str, ...] = ()
    injection: Injection | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """The result of one finding on a decision day; ``totals`` run to the next decision."""

    condition: str
    phase: str | None
    rationale: str
    totals: Totals | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is due, as far as it has been decided.

    ``phases`` are those of the months decided so far; ``next_options`` are the answers that the
    decision on ``next_decision_date`` may give, empty when therapy is planned to its end.
    ``totals`` count the injections among ``items``.
    """

    regimen_id: str
    regimen_version: str
    start: dt.date
    phases: tuple[str, ...]
    items: tuple[Item, ...]
    totals: Totals
    next_decision_date: dt.date | None
    next_options: tuple[Branch, ...]


def plan(regimen: Regimen, start: dt.date, findings: Sequence[Mapping[str, Value]] = ()) -> Plan:
    """Return the dated plan of a patient who starts on ``start``.

    Parameters
    ----------
    findings
        Results at the end of each month so far, by input name: the first decides month 2. Months
        whose decision needs no finding can be left empty.

    Raises
    ------
    InputError
        For a finding that is out of scope, or missing although a later one is given.
    """
    return _planned(regimen, start, *_phases(regimen, findings))


def plan_of_phases(regimen: Regimen, start: dt.date, phases: Sequence[str]) -> Plan:
    """Return the plan of a patient whose months are spent in the given ``phases``.

    Raises
    ------
    InputError
        If no path of the regimen begins with these phases.
    """
    before = BEFORE_THERAPY
    for month, phase in enumerate(phases, 1):
        steps = _going_on(regimen, month, before)
        if phase not in {step.phase for step in steps}:
            raise _off_every_path(regimen, phases, month, steps)
        before = phase
    next_steps = steps_from(regimen, len(phases) + 1, before)
    ended = any(end_of(regimen, step) == "therapy complete" for step in next_steps)
    return _planned(regimen, start, tuple(phases), ended)


def _going_on(regimen: Regimen, month: int, before: str) -> list[Step]:
    return [step for step in steps_from(regimen, month, before) if not end_of(regimen, step)]


def _off_every_path(
    regimen: Regimen, phases: Sequence[str], month: int, steps: Sequence[Step]
) -> InputError:
    """Return the error for phases that no path of the regimen begins with."""
    known = ", ".join(dict.fromkeys(str(step.phase) for step in steps)) or "the end of therapy"
    problem = f"{', '.join(phases) or 'nothing'} begins no path of {regimen.id}"
    return InputError.of("decisions", "", problem, f"in month {month} there may follow: {known}")


def _planned(regimen: Regimen, start: dt.date, phases: tuple[str, ...], ended: bool) -> Plan:
    due = injections_of(regimen, phases, start=start)
    items = [_dose(regimen, start, dose) for dose in due]
    items += _visits(regimen, start, len(phases), ended)
    items += _decisions(regimen, start, len(phases), ended)
    return Plan(
        regimen_id=regimen.id,
        regimen_version=regimen.version,
        start=start,
        phases=phases,
        items=tuple(sorted(items, key=lambda item: (item.day, _ORDER.index(item.kind)))),
        totals=totals_of(regimen, due),
        next_decision_date=None if ended else _date(start, MONTH_DAYS * len(phases)),
        next_options=() if ended else tuple(_branches(regimen, phases, start)),
    )


#: Order within a day: blood sample, decision, injection.
_ORDER: tuple[Kind, ...] = ("visit", "decision", "injection")


def _phases(
    regimen: Regimen, findings: Sequence[Mapping[str, Value]]
) -> tuple[tuple[str, ...], bool]:
    """Follow the months; return the phases decided so far and whether therapy is complete."""
    phases: list[str] = []
    measured = [
        input_name
        for input_name in regimen.tables["phase"].inputs
        if regimen.inputs[input_name].role == "measured"
    ]
    for month in range(1, regimen.months + 2):
        state: dict[str, Value] = {
            "month": float(month),
            "previous_phase": phases[-1] if phases else "none",
        }
        given = dict(findings[month - 2]) if 2 <= month < len(findings) + 2 else {}
        where = f"findings at the end of month {month - 1}"
        if unknown := [name for name in given if name not in measured]:
            cure = f"it uses: {', '.join(measured) or 'no measurement'}"
            raise InputError.of(where, unknown[0], "the regimen does not use it", cure)
        values = {k: v for k, v in state.items() if k in regimen.tables["phase"].inputs}
        decision = decide(regimen, "phase", values | given, where=where)
        if decision.outcome == "insufficient data":
            if given or len(findings) > month - 1:
                raise InputError.of(
                    where, decision.missing_inputs[0], "it is missing", decision.rationale
                )
            return tuple(phases), False
        if decision.action is None:
            raise InputError.of(where, "", decision.rationale, "check the months before")
        if regimen.phase(decision.action).ends_therapy:
            return tuple(phases), True
        phases.append(decision.action)
    return tuple(phases), True


def _date(start: dt.date, day: int) -> dt.date:
    return day_from(start, day, "start of therapy")


def _dose(regimen: Regimen, start: dt.date, dose: Injection) -> Item:
    text = f"{regimen.drugs[dose.drug].name} {dose.dose:g} {dose.unit} {ROUTES[dose.route]}"
    return Item(_date(start, dose.day), dose.day, "injection", text, injection=dose)


def visit_days(visit: parts.Visit, months: int, ended: bool) -> tuple[int, ...]:
    """Return the days of a visit when ``months`` months are planned and therapy has ended or not.

    The end of month m is day 30 m, on which month m + 1 begins.
    """
    if visit.day_of_month is not None:
        return tuple(MONTH_DAYS * month + visit.day_of_month for month in range(months))
    if visit.when == "start":
        return (0,)
    if visit.when == "end of each month":
        return tuple(MONTH_DAYS * month for month in range(1, months + 1))
    return (MONTH_DAYS * months,) if ended else ()


def _visits(regimen: Regimen, start: dt.date, months: int, ended: bool) -> Iterator[Item]:
    for visit in regimen.visits.values():
        for day in visit_days(visit, months, ended):
            yield Item(_date(start, day), day, "visit", visit.label, measure=visit.measure)


def _decisions(regimen: Regimen, start: dt.date, months: int, ended: bool) -> Iterator[Item]:
    for month in range(1, months + 1):
        last = month == months and ended
        table = regimen.tables["end-of-therapy" if last else "phase"]
        day = MONTH_DAYS * month
        yield Item(_date(start, day), day, "decision", table.question)
    if months == 0 and ended:
        yield Item(start, 0, "decision", regimen.tables["end-of-therapy"].question)


def _branches(regimen: Regimen, phases: tuple[str, ...], start: dt.date) -> Iterator[Branch]:
    """Yield the possible answers of the next decision, with doses up to the one after it."""
    rules = {rule.id: rule for rule in regimen.tables["phase"].rules}
    for step in steps_from(regimen, len(phases) + 1, phases[-1] if phases else BEFORE_THERAPY):
        totals = None
        if step.phase:
            totals = totals_of(regimen, injections_of(regimen, (*phases, step.phase), start=start))
        yield Branch(step.condition, step.phase, rules[step.rule_id].rationale, totals)
