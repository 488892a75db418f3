"""Cautions of a recommendation: late decisions, gaps, and results that were not used."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protocol.bedside.decision import Decision
from protocol.bedside.decision_in_time import RECORDED, shown_result
from protocol.bedside.entry import CriterionResult
from protocol.bedside.known.timed_rule import TimedRule
from protocol.bedside.known.timeline import Observation
from protocol.bedside.patient import UNKNOWN_PHASE, PatientRecord
from protocol.dates import MONTH_DAYS, spoken_date
from protocol.reading.shown import shown_unit
from protocol.regimen.rules import Regimen, facts_asked


@dataclass(frozen=True, slots=True)
class Situation:
    """One patient on one date: the month, when its phase was due, and what has been decided."""

    record: PatientRecord
    regimen: Regimen
    on: dt.date
    month: int
    due: dt.date
    timed: TimedRule | None
    decisions: Sequence[Decision]
    criteria: Sequence[CriterionResult]
    used: Sequence[Observation]
    used_by_flags: Sequence[Observation]


@dataclass(frozen=True, slots=True)
class NotUsed:
    """A result that was given but not used, with the reason."""

    input: str
    label: str
    value: str
    date: dt.date
    reason: str


def cautions_of(now: Situation) -> Iterator[str]:
    """Yield the limitations of the recommendation, one sentence each."""
    yield from _of_timing(now)
    yield from _of_entry(now)
    paused = sum(
        min(last, now.on.toordinal() - 1) - first + 1
        for first, last in now.record.pauses
        if first < now.on.toordinal()
    )
    if paused:
        yield (
            f"{paused} days of pause are not counted as therapy "
            "(assumed; the source does not describe pauses)."
        )
    if UNKNOWN_PHASE in now.record.phases[: now.month - 1]:
        yield "The phase of an earlier month is not known."
    yield from _of_unrecorded_months(now)


def _of_unrecorded_months(now: Situation) -> Iterator[str]:
    """Yield a caution if the file records fewer months than have passed."""
    recorded = len(now.record.phases)
    passed = min(now.month - 1, now.regimen.months)
    ended = {phase.name for phase in now.regimen.phases if phase.ends_therapy}
    if 0 < recorded < passed and not ended.intersection(now.record.phases):
        first, last = recorded + 1, passed
        months = f"month {last}" if first == last else f"months {first} to {last}"
        yield f"The file does not record what was given in {months}: add it to `phases`."


def _of_timing(now: Situation) -> Iterator[str]:
    """Yield a caution if a decision was late or differed from the recommendation."""
    timed = now.timed
    if timed is None:
        return
    late = 0 if timed.decided is None else timed.decided - now.due.toordinal()
    if late > 0:
        day = spoken_date(dt.date.fromordinal(timed.decided or 0))
        yield (
            f"Month {now.month} was decided {late} days late, on {day}: "
            f"it was due on {spoken_date(now.due)}, and the results were not known before."
        )
    decision = next(made for made in now.decisions if made.table == "phase")
    rule = timed.rule
    if decision.rule_id == RECORDED and timed.decided is not None and rule.then != decision.action:
        label = now.regimen.phase(rule.then).label if rule.then else rule.outcome
        yield f"For month {now.month} the regimen recommended: {label} (rule {rule.id})."


def _of_entry(now: Situation) -> Iterator[str]:
    """Yield a caution if eligibility of a patient under therapy was not fully assessed."""
    unknown = [result for result in now.criteria if result.verdict == "unknown"]
    if now.record.started is None or not unknown:
        return
    if len(unknown) == len(now.criteria):
        yield "Eligibility was not assessed: no entry facts were given."
        return
    names = dict.fromkeys(name for result in unknown for name in result.missing_inputs)
    labels = "; ".join(now.regimen.inputs[name].label for name in names)
    yield f"Eligibility was assessed in part; not known: {labels}."


def not_used(now: Situation) -> Iterator[NotUsed]:
    """Yield recent results that no decision used, with the reason; later results are not known.

    Results used for decisions of earlier months are omitted.
    """
    today = now.on.toordinal()
    deciding = {name for made in now.decisions for name in now.regimen.tables[made.table].inputs}
    used = [*now.used, *(item for item in now.used_by_flags if item.input not in deciding)]
    counted = {(item.input, item.measured) for item in used}
    counted |= {(source, item.measured) for item in used for source in _sources(now, item)}
    inputs = {name for table in now.regimen.tables.values() for name in table.inputs}
    inputs |= facts_asked(now.regimen)
    for item in now.record.timeline.all():
        recent = item.measured > now.due.toordinal() - MONTH_DAYS or item.input not in inputs
        if item.known > today or not recent or (item.input, item.measured) in counted:
            continue
        spec = now.regimen.inputs[item.input]
        value = f"{shown_result(item)} {shown_unit(spec.unit)}".rstrip()
        yield NotUsed(item.input, spec.label, value, item.date, _reason(now, item))


def _sources(now: Situation, item: Observation) -> tuple[str, ...]:
    computed = now.regimen.inputs[item.input].computed
    return (computed.of,) if computed else ()


def _reason(now: Situation, item: Observation) -> str:
    tables = [name for name, table in now.regimen.tables.items() if item.input in table.inputs]
    consulted = {made.table for made in now.decisions} | {"flags"}
    if not tables:
        return "no rule of this regimen uses it"
    if "phase" in tables and "phase" in consulted and now.timed is not None:
        if now.timed.decided is not None and item.measured > now.timed.decided:
            return f"month {now.month} was decided before; it counts for the next decision"
        if any(other.input == item.input for other in now.used):
            return "a later result counts"
    if not consulted.intersection(tables):
        when = {"end-of-therapy": "at the end of therapy", "sperm-use": "after surgery"}
        place = when.get(tables[0], f"for the question '{now.regimen.tables[tables[0]].question}'")
        return f"it is used {place}, not in month {now.month}"
    spec = now.regimen.inputs[item.input]
    if spec.not_before is not None and item.measured < now.on.toordinal():
        return "the sample was taken before the end of therapy, or a later one counts"
    if spec.max_age_days is not None and now.due.toordinal() - item.measured > spec.max_age_days:
        return f"it is more than {spec.max_age_days} days older than the decision"
    return f"month {now.month} is decided without it"
