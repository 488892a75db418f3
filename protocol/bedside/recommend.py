"""What the regimen says of one man on one day: entry, phase, end of therapy, sperm use, flags."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from protocol.bedside.decide import decide, input_value
from protocol.bedside.decision import Decision, InputValue
from protocol.bedside.entry import CriterionResult, Flags, check_entry, raise_flags, together
from protocol.bedside.patient import PatientRecord, month_on, seen_at
from protocol.dates import day_from
from protocol.regimen import language
from protocol.regimen.conditions import Value
from protocol.regimen.load import Regimen
from protocol.regimen.paths import MONTH_DAYS

SCHEMA = "pretese/decision/2"
DISCLAIMER = "Research software; not a medical device and no advice about a real patient."


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Every decision that led to the last one, which is the one that speaks today.

    ``due`` is the day on which the month of therapy began that holds ``on``; ``month`` counts
    from 1.
    """

    schema: str
    patient: str
    as_of: dt.date
    month: int
    decision_date: dt.date
    outcome: language.Outcome
    recommendation: str
    decisions: tuple[Decision, ...]
    criteria: tuple[CriterionResult, ...]
    flags: Flags
    disclaimer: str = DISCLAIMER


def recommend(
    known: PatientRecord, regimen: Regimen, on: dt.date, where: str = "patient"
) -> Recommendation:
    """Return what the regimen says of a man on the day ``on``.

    Entry is judged first when its facts are given or therapy has not begun; then the phase of the
    month; when therapy has ended, what the semen analysis decides; after surgery, what is done
    with what it found. The first decision that is no advice ends the chain.
    """
    month = month_on(known.started, on)
    due = day_from(known.started or on, MONTH_DAYS * (month - 1), where)
    criteria: tuple[CriterionResult, ...] = ()
    decisions: list[Decision] = []
    if known.started is None or any(value is not None for value in known.entry.values()):
        criteria = check_entry(regimen, known.entry)
        decisions.append(_entry_decision(regimen, criteria, where))
    if not decisions or decisions[-1].outcome == "recommendation":
        decisions += _course(known, regimen, month, due, on, where)
    seen = _seen(regimen, "flags", known, due, on) if "flags" in regimen.tables else {}
    values = {name: item.value for name, item in seen.items()}
    values["month"] = float(month)
    last = decisions[-1]
    return Recommendation(
        schema=SCHEMA,
        patient=known.patient,
        as_of=on,
        month=month,
        decision_date=due,
        outcome=last.outcome,
        recommendation=last.recommendation,
        decisions=tuple(decisions),
        criteria=criteria,
        flags=raise_flags(regimen, values),
    )


def _entry_decision(
    regimen: Regimen, criteria: tuple[CriterionResult, ...], where: str
) -> Decision:
    decision = decide(regimen, "eligibility", {"criteria": together(criteria)}, where=where)
    unknown = [
        name for result in criteria if result.verdict == "unknown" for name in result.missing_inputs
    ]
    if decision.outcome != "insufficient data":
        return decision
    return replace(decision, missing_inputs=tuple(dict.fromkeys(unknown)))


def _course(
    known: PatientRecord, regimen: Regimen, month: int, due: dt.date, on: dt.date, where: str
) -> list[Decision]:
    before = known.phases[month - 2] if 1 < month <= len(known.phases) + 1 else None
    state: dict[str, Value] = {
        "month": min(float(month), (regimen.inputs["month"].plausible or (1, month))[1]),
        "previous_phase": "none" if known.started is None or month == 1 else before,
    }
    decisions = [_decided(regimen, "phase", known, due, on, where, state)]
    then = decisions[0].action
    if then is None or not regimen.phase(then).ends_therapy:
        return decisions
    decisions.append(_decided(regimen, "end-of-therapy", known, due, on, where, {}))
    if "sperm-use" in regimen.tables and known.last_before("micro_tese", dt.date.min, on):
        ready = {"couple_ready": known.couple_ready}
        decisions.append(_decided(regimen, "sperm-use", known, due, on, where, ready))
    return decisions


def _decided(
    regimen: Regimen,
    table: str,
    known: PatientRecord,
    due: dt.date,
    on: dt.date,
    where: str,
    state: Mapping[str, Value],
) -> Decision:
    seen = _seen(regimen, table, known, due, on)
    seen |= {
        name: input_value(regimen, name, value)
        for name, value in state.items()
        if name in regimen.tables[table].inputs
    }
    decision = decide(
        regimen, table, {name: item.value for name, item in seen.items()}, where=where
    )
    return replace(decision, inputs=tuple(seen[item.name] for item in decision.inputs))


def _seen(
    regimen: Regimen, table: str, known: PatientRecord, due: dt.date, on: dt.date
) -> dict[str, InputValue]:
    """Return the measured inputs of a table; after therapy, findings count up to ``on``."""
    seen = {}
    surgery = known.last_before("micro_tese", dt.date.min, on)
    for name in regimen.tables[table].inputs:
        if regimen.inputs[name].role == "measured":
            late = name in AFTER_THERAPY or table == "flags"
            day = surgery.date if surgery and name == "semen" else on
            seen[name] = seen_at(known, regimen, name, day if late else due, on)
    if "testosterone_rise_nmol_l" in seen:
        seen["testosterone_rise_nmol_l"] = _rise(known, regimen, seen)
    return seen


#: Findings that are looked at when they are there, not at the start of a month.
AFTER_THERAPY = frozenset({"semen", "micro_tese", "couple_ready"})


def _rise(known: PatientRecord, regimen: Regimen, seen: Mapping[str, InputValue]) -> InputValue:
    """Return how far testosterone has risen since the start of therapy."""
    now = seen["testosterone_nmol_l"]
    rise = input_value(regimen, "testosterone_rise_nmol_l", None)
    first = known.started and known.last_before("testosterone_nmol_l", dt.date.min, known.started)
    if not first or not isinstance(now.value, float) or not isinstance(first.value, float):
        return rise
    return replace(rise, value=now.value - first.value, date=now.date, source="difference")
