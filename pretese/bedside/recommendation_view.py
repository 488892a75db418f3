"""Console view of a recommendation: holds and warnings first, then next steps and rationale."""

import datetime as dt
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from protocol.bedside.decision import Decision, InputValue
from protocol.bedside.entry import Flag
from protocol.bedside.next_steps import NextStep
from protocol.bedside.recommend import Recommendation
from protocol.dates import short_date, spoken_date
from protocol.reading.shown import shown_unit
from protocol.regimen.rules import Regimen

WIDTH = 80

#: What to do on a hold.
ON_HOLD = (
    "Give no injection until the responsible physician has decided: inform the physician before "
    "the next injection is due."
)

#: A non-breaking blank.
UNBROKEN = "\u00a0"

#: Colour of the recommendation by outcome; files and pipes have none.
OUTCOME_COLOURS = {
    "recommendation": "green",
    "no action required": "blue",
    "insufficient data": "yellow",
    "out of scope": "red",
    "hold": "red",
}


def wrapped(text: str, indent: str = "  ", first: str | None = None) -> list[str]:
    """Return text in lines of at most 80 characters; ``first`` begins the first line."""
    start = indent if first is None else first
    wrapper = textwrap.TextWrapper(
        WIDTH, start, indent, break_long_words=False, break_on_hyphens=False
    )
    lines = wrapper.wrap(text) or [start.rstrip()]
    return [line.replace(UNBROKEN, " ") for line in lines]


def recommendation_lines(
    made: Recommendation, regimen: Regimen, *, why: bool = False
) -> Iterator[str]:
    """Yield a recommendation: outcome, warnings, next steps, rationale, nearest change.

    With ``why`` the rules not met and every entry criterion follow.
    """
    yield from wrapped(f"{regimen.title} ({regimen.id} {regimen.version})", "")
    begun = f", begun on {spoken_date(made.decision_date)}"
    yield f"{made.patient}: month {made.month}{begun}; as of {spoken_date(made.as_of)}"
    yield ""
    yield from _outcome(made)
    yield from _section("", _steps(made.next_steps))
    for decision in made.decisions[::-1]:
        yield ""
        yield from decision_lines(decision, regimen, why=why)
    yield from _eligibility(made, why=why)
    yield from _section("Given but not used", _not_used(made))
    yield from _section("Not assessed, because values are missing", _not_assessed(made, regimen))
    yield ""
    yield from wrapped(made.disclaimer, "")


def _outcome(made: Recommendation) -> Iterator[str]:
    """Yield holds, the outcome, and warnings; a hold precedes what it replaces."""
    yield from wrapped(made.recommendation, "  ", f"{made.outcome.upper()}: ")
    for flag in made.flags.raised:
        if flag.blocking:
            yield from wrapped(_flag_words(flag))
    if made.held is not None:
        yield from wrapped(f"Without the hold the regimen would recommend: {made.held}", "  ")
        yield from wrapped(ON_HOLD, "  ")
    for flag in made.flags.raised:
        if not flag.blocking:
            word = "NOTE: " if flag.severity == "information" else "WARNING: "
            yield from wrapped(f"{flag.text} {_flag_words(flag)}", "  ", word)
    for caution in made.cautions:
        yield from wrapped(caution, "  ", "CAUTION: ")


def _flag_words(flag: Flag) -> str:
    return f"{flag.found}. [{flag.rule_id}: {flag.status} limit, {flag.origin}]"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a blank line, a title and the lines, if there are lines."""
    found = list(lines)
    if found:
        yield ""
        if title:
            yield title
        yield from found


def _steps(steps: Sequence[NextStep]) -> Iterator[str]:
    for step in steps:
        if step.kind == "dose":
            wording = f"{step.text} on {_dates(step.dates)} ({len(step.dates)}{UNBROKEN}doses)"
        else:
            wording = f"{_dates(step.dates)}: {step.text}"
        yield from wrapped(wording, "    ", "  ")


def _dates(dates: Sequence[dt.date]) -> str:
    """Return dates as ``31 Mar, 4 Apr 2022``, with the year where it changes and at the end.

    Lines do not break within a date.
    """
    wording = []
    for i, date in enumerate(dates):
        last = i + 1 == len(dates) or dates[i + 1].year != date.year
        wording.append((spoken_date(date) if last else short_date(date)).replace(" ", UNBROKEN))
    return ", ".join(wording)


def decision_lines(decision: Decision, regimen: Regimen, *, why: bool = False) -> Iterator[str]:
    """Yield one decision: question and answer, rationale, source, inputs, nearest change."""
    yield from wrapped(f"{decision.question} {decision.recommendation}", "")
    wording = f"{decision.rationale} [{decision.rule_id}: {decision.status}, {decision.origin}]"
    if decision.rationale != decision.recommendation:
        yield from _entry("Rationale", wording)
    yield from _entry("Source", decision.citation)
    for text in dict.fromkeys(_provenance(decision)):
        yield from _entry("Source", text)
    for item in decision.inputs:
        yield from _entry("Input", input_words(item, regimen))
    if decision.missing_inputs:
        labels = [regimen.inputs[name].label for name in decision.missing_inputs]
        yield from _entry("Missing", "; ".join(labels))
    yield from _change(decision, regimen)
    if why:
        yield from _rules_not_met(decision, regimen)


def _entry(title: str, text: str) -> list[str]:
    return wrapped(text, " " * 15, f"  {title:13}")


def _provenance(decision: Decision) -> Iterator[str]:
    """Yield the sources of orders and limits that differ from that of the rule."""
    own = (decision.status, decision.origin)
    for order in decision.orders:
        if (order.status, order.origin) != own:
            dose = f"{order.label} {order.dose:g} {order.unit} {order.every}"
            yield f"{dose}: {order.status}, {order.origin} ({order.citation})"
    for limit in decision.parameters:
        if (limit.status, limit.origin) != own:
            value = f"{limit.value:g} {shown_unit(limit.unit)}".rstrip()
            yield f"Limit {limit.name} = {value}: {limit.status}, {limit.origin}"


def input_words(item: InputValue, regimen: Regimen) -> str:
    """Return an input with its value, unit, date and source."""
    if item.value is None:
        return f"{item.label}: missing" + (f" ({item.note})" if item.note else "")
    if item.name == "previous_phase":
        return f"{item.label}: {_phase_label(regimen, str(item.value))}"
    value = item.value if isinstance(item.value, str) else f"{item.qualifier}{item.value:g}"
    wording = f"{item.label}: {value} {shown_unit(item.unit)}".rstrip()
    date = spoken_date(item.date) if item.date else ""
    origin = [part for part in (date, item.source, item.note) if part]
    return wording + (f" ({', '.join(origin)})" if origin else "")


def _phase_label(regimen: Regimen, name: str) -> str:
    labels = {phase.name: phase.label for phase in regimen.phases}
    return labels.get(name, name)


def _answer(regimen: Regimen, action: str | None, outcome: str) -> str:
    """Return the answer of a rule in words."""
    if action is None:
        return outcome
    known = regimen.actions.get(action)
    return known.label.rstrip(".") if known else _phase_label(regimen, action)


def _change(decision: Decision, regimen: Regimen) -> Iterator[str]:
    nearest = decision.nearest_change
    if nearest is None:
        return
    spec = regimen.inputs[nearest.input]
    unit = shown_unit(spec.unit)
    answer = _answer(regimen, nearest.action, nearest.outcome)
    text = f"{spec.label} {nearest.to} {unit}".rstrip() + f": {answer} [{nearest.rule_id}]"
    if decision.boundary and decision.boundary.input == nearest.input:
        text += f"; the limit is {decision.boundary.distance:g} {unit} away"
    yield from _entry("Change", text)


def _rules_not_met(decision: Decision, regimen: Regimen) -> Iterator[str]:
    for other in decision.rules_not_met:
        answer = _answer(regimen, other.action, other.outcome)
        failed = "; ".join(_labelled(regimen, text) for text in other.failed)
        yield from _entry("Not met", f"{other.rule_id} ({answer}): {failed}")


def _labelled(regimen: Regimen, failed: str) -> str:
    """Return a condition that failed with the label of its input in place of its name."""
    name, _, rest = failed.partition(" ")
    return f"{regimen.inputs[name].label} {rest}" if name in regimen.inputs else failed


def _eligibility(made: Recommendation, *, why: bool) -> Iterator[str]:
    """Yield the entry criteria: those not met, and with ``why`` all of them."""
    shown = [item for item in made.criteria if why or item.verdict != "met"]
    met = sum(item.verdict == "met" for item in made.criteria)
    if made.criteria:
        yield ""
        yield f"Eligibility: {met} of {len(made.criteria)} criteria are met"
    for item in shown:
        word = {"met": "met", "failed": "not met", "unknown": "not known"}[item.verdict]
        wording = f"{item.label}. {item.found} [{item.status}, {item.origin}]"
        yield from wrapped(wording, " " * 15, f"  {word:13}")


def _not_used(made: Recommendation) -> Iterator[str]:
    for item in made.not_used:
        yield from wrapped(
            f"{item.label}: {item.value} ({spoken_date(item.date)}): {item.reason}", "    ", "  "
        )


def _not_assessed(made: Recommendation, regimen: Regimen) -> Iterator[str]:
    """Yield the safety flags that could not be judged, by what is missing."""
    missing = dict.fromkeys(n for flag in made.flags.not_assessed for n in flag.missing_inputs)
    labels = [
        regimen.inputs[name].label for name in missing if regimen.inputs[name].role != "state"
    ]
    if labels:
        yield from wrapped(f"Safety flags that need: {'; '.join(labels)}", "    ", "  ")
