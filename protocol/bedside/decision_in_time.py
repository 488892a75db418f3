"""Decisions with their dated results: days, sources, conflicts, and recorded phases."""

from dataclasses import replace

from protocol.bedside.decide import decide, orders_of
from protocol.bedside.decision import Decision, InputValue
from protocol.bedside.known.timed_rule import TimedRule
from protocol.bedside.known.timeline import Observation, Timeline, Window
from protocol.regimen.rules import Regimen

#: Rule ids of decisions that do not result from a rule of the table.
CONFLICT, RECORDED = "conflicting results", "as recorded"


def decision_of(
    regimen: Regimen, table: str, timed: TimedRule, timeline: Timeline, today: int, where: str
) -> Decision:
    """Return the decision of a table, its inputs with days, sources and qualifiers.

    If results contradict one another, the decision is deferred and names them.
    """
    decision = decide(regimen, table, timed.values, where=where)
    inputs = tuple(_input(item, regimen, timed, timeline, today) for item in decision.inputs)
    decision = replace(decision, inputs=inputs)
    return _conflict(decision, regimen, timed) if timed.conflicting else decision


def _input(
    item: InputValue, regimen: Regimen, timed: TimedRule, timeline: Timeline, today: int
) -> InputValue:
    """Return an input as the table used it, with the day, source and qualifier of the result."""
    found = timed.results.get(item.name)
    if found is None:
        return item
    if not found:
        return replace(item, note=why_missing(regimen, item.name, timed.day, timeline, today))
    last = found[-1]
    others = [shown_result(other) for other in found[:-1]]
    notes = [last.note, f"also {', '.join(others)} on that day" if others else ""]
    return replace(
        item,
        value=last.value,
        qualifier=last.qualifier,
        date=last.date,
        source=last.source,
        note=", ".join(note for note in notes if note),
    )


def why_missing(regimen: Regimen, name: str, day: int, timeline: Timeline, today: int) -> str:
    """Return why no result of an input counts on a day although some are known; "" otherwise."""
    spec = regimen.inputs[name]
    known = timeline.known_values(name, Window(1, today), today)
    if not known:
        return ""
    last = known[-1]
    age = day - last.measured
    if spec.max_age_days is not None and age > spec.max_age_days:
        allowed = f"at most {spec.max_age_days} are allowed"
        return f"the last one, of {last.date}, is {age} days old; {allowed}"
    if spec.not_before is not None:
        return f"the last one, of {last.date}, was taken before the end of therapy"
    return f"the last one, of {last.date}, came too late for this decision"


def _conflict(decision: Decision, regimen: Regimen, timed: TimedRule) -> Decision:
    """Return a deferred decision: results are on both sides of a limit."""
    wording = [
        f"{regimen.inputs[name].label}: "
        + " and ".join(shown_result(item) for item in timed.results[name])
        for name in timed.conflicting
    ]
    if any(len(timed.results[name]) > 1 for name in timed.conflicting):
        reason = "Results of one day lead to different answers"
    else:
        reason = "The result lies beyond a limit of detection, and the answer changes there"
    rationale = f"{reason} ({'; '.join(wording)}). Settle which counts, or measure again."
    return _replaced(decision, CONFLICT, rationale, missing_inputs=timed.conflicting)


def as_recorded(decision: Decision, regimen: Regimen, recorded: str, month: int) -> Decision:
    """Return the recorded decision: the phase that the file states for a month."""
    if decision.action == recorded:
        return decision
    phase = regimen.phase(recorded)
    rationale = (
        f"The patient's file records this phase for month {month}; "
        "a month that has begun is not decided again."
    )
    return replace(
        _replaced(decision, RECORDED, rationale),
        outcome="no action required" if phase.ends_therapy else "recommendation",
        action=recorded,
        recommendation=phase.label,
        orders=orders_of(regimen, recorded),
        citation="the patient's file",
    )


def _replaced(
    decision: Decision, rule: str, rationale: str, missing_inputs: tuple[str, ...] = ()
) -> Decision:
    """Return a decision that does not result from a rule and that no single value changes."""
    return replace(
        decision,
        outcome="insufficient data",
        action=None,
        recommendation=rationale,
        orders=(),
        rule_id=rule,
        rationale=rationale,
        status="assumed",
        missing_inputs=missing_inputs,
        boundary=None,
        nearest_change=None,
    )


def shown_result(item: Observation) -> str:
    """Return a result as it is usually written."""
    if isinstance(item.value, str) or item.value is None:
        return str(item.value)
    return f"{item.qualifier}{item.value:.6g}"
