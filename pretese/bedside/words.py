"""Decisions, plans, regimens and proofs in words, for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from protocol.bedside.decision import Decision, InputValue
from protocol.bedside.recommend import Recommendation
from protocol.bedside.schedule import Plan
from protocol.regimen.language import Order
from protocol.regimen.load import Regimen
from protocol.regimen.paths import Path, Totals

if TYPE_CHECKING:  # models of files take a while to load
    from protocol.bedside.cases import CaseResult

#: UCUM as people write it.
SHOWN_UNITS = {"[IU]/L": "IU/L", "1": "", "[g]": "g", "month": ""}

#: Colour of the line that answers, by outcome; a file or a pipe gets none.
OUTCOME_COLOURS = {
    "recommendation": "green",
    "no action required": "blue",
    "insufficient data": "yellow",
    "out of scope": "red",
}


def shown_unit(unit: str | None) -> str:
    """Return a UCUM unit as people write it."""
    return SHOWN_UNITS.get(unit or "", unit or "")


def shown_input(item: InputValue) -> str:
    """Return an input with its value, unit, date and source."""
    if item.value is None:
        return f"{item.label}: missing" + (f" ({item.note})" if item.note else "")
    value = item.value if isinstance(item.value, str) else f"{item.value:g}"
    said = f"{item.label}: {value} {shown_unit(item.unit)}".rstrip()
    origin = [str(part) for part in (item.date, item.source, item.note) if part]
    return said + (f" ({', '.join(origin)})" if origin else "")


def shown_order(regimen: Regimen, order: Order) -> str:
    """Return an order as a prescription reads."""
    every = "every day" if order.interval_days == 1 else f"every {order.interval_days} days"
    first = f", first on day {order.offset_day} of the phase"
    drug = regimen.drugs[order.drug].label
    return f"{drug} {order.dose_iu:g} IU {order.route.upper()} {every}{first}"


def recommendation_lines(advice: Recommendation, regimen: Regimen) -> Iterator[str]:
    """Yield a man's advice line by line: the answer first, then why, then what would change it."""
    yield f"{regimen.title} ({regimen.id} {regimen.version})"
    yield f"{advice.patient}, {advice.as_of}, month {advice.month} (begun {advice.decision_date})"
    yield ""
    yield f"{advice.outcome.upper()}: {advice.recommendation}"
    for decision in advice.decisions:
        yield ""
        yield from decision_lines(decision, regimen)
    yield from _criteria_lines(advice)
    yield from _flag_lines(advice)
    yield ""
    yield advice.disclaimer


def decision_lines(decision: Decision, regimen: Regimen) -> Iterator[str]:
    """Yield one decision: question, answer, rule, inputs, boundary, change, alternatives."""
    yield f"{decision.question}  {decision.recommendation}"
    for order in decision.orders:
        yield f"  inject   {shown_order(regimen, order)}"
    yield f"  because  {decision.rationale} [{decision.rule_id}, {decision.status}]"
    yield f"  source   {decision.citation}"
    for item in decision.inputs:
        yield f"  looked at  {shown_input(item)}"
    if decision.missing_inputs:
        labels = [regimen.inputs[name].label for name in decision.missing_inputs]
        yield f"  needed   {'; '.join(labels)}"
    if decision.boundary:
        edge = decision.boundary
        where = f"{regimen.inputs[edge.input].label}: {edge.limit:g} {shown_unit(edge.unit)}"
        yield f"  boundary {where}, {edge.distance:g} away"
    if decision.nearest_change:
        flip = decision.nearest_change
        label = regimen.inputs[flip.input].label
        answer = flip.action or flip.outcome
        yield f"  would change  {label} {flip.to}: {answer} [{flip.rule_id}]"
    for other in decision.rules_not_met:
        if other.outcome == "recommendation" and other.action != decision.action:
            yield f"  not {other.rule_id} ({other.action}): {'; '.join(other.failed)}"


def _criteria_lines(advice: Recommendation) -> Iterator[str]:
    if not advice.criteria:
        return
    yield ""
    yield "Entry criteria"
    for result in advice.criteria:
        yield f"  {result.verdict:8} {result.label}: {result.found}"


def _flag_lines(advice: Recommendation) -> Iterator[str]:
    if advice.flags.raised:
        yield ""
        yield "Flags"
    for flag in advice.flags.raised:
        yield f"  {flag.text} {flag.found} [{flag.rule_id}, {flag.status} limit]"
    if advice.flags.not_assessed:
        yield f"  not assessed for want of data: {', '.join(advice.flags.not_assessed)}"


def totals_words(totals: Totals) -> str:
    """Return totals as ``hcg 30000 IU in 15 injections (15 vials)``."""
    said = [
        f"{drug} {iu:g} IU in {totals.injections[drug]} injections ({totals.vials[drug]} vials)"
        for drug, iu in totals.iu.items()
        if iu
    ]
    return ", ".join(said) or "nothing"


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan: one line per dated thing, totals, and what the next decision may change."""
    yield f"{plan.regimen_id} {plan.regimen_version}, start {plan.start}"
    for item in plan.items:
        measured = f" ({', '.join(item.measure)})" if item.measure else ""
        yield f"{item.date}  day {item.day:3}  {item.kind:9}  {item.text}{measured}"
    yield f"in all: {totals_words(plan.totals)}"
    if plan.next_options:
        yield f"decided on {plan.next_decision_date}:"
    for branch in plan.next_options:
        then = branch.phase or "wait for the result"
        total = f"; by the next decision {totals_words(branch.totals)}" if branch.totals else ""
        yield f"  {branch.condition}: {then}{total}"


def path_lines(paths: Sequence[Path]) -> Iterator[str]:
    """Yield every path on one line, with what it injects."""
    for number, path in enumerate(paths, 1):
        steps = " > ".join(
            f"{step.phase or step.outcome}"
            + ("" if step.condition == "always" else f" [{step.condition}]")
            for step in path.steps
        )
        yield f"{number}. {steps}: {path.ends}; {totals_words(path.totals)}"


def regimen_text(regimen: Regimen) -> str:
    """Return a regimen in words: its phases, readings and tables."""
    lines = [f"{regimen.title} ({regimen.id} {regimen.version})", "", regimen.about, ""]
    for phase in regimen.phases:
        lines.append(f"{phase.name}: {phase.label}")
        lines += [f"  {shown_order(regimen, order)}" for order in phase.orders]
    for reading in regimen.readings.values():
        lines += ["", f'Where the source says "{reading.quote}":', f"  {reading.interpretation}"]
        lines.append(f"  {reading.because}")
        lines += [f"  otherwise: {name}" for name in reading.alternatives]
    for table in regimen.tables.values():
        lines += ["", f"{table.question} ({table.name})"]
        for rule in table.rules:
            wanted = ", ".join(f"{name} {c.text}" for name, c in rule.conditions.items())
            answer = rule.then or rule.outcome
            lines.append(f"  {rule.id:4} {wanted or 'always'}: {answer} [{rule.status}]")
    return "\n".join(lines)


def proof_lines(regimen: Regimen, paths: Sequence[Path]) -> Iterator[str]:
    """Yield the proof of a regimen: each table, then every path."""
    yield f"{regimen.id} {regimen.version}, sha256 {regimen.sha256}"
    for name, table in regimen.tables.items():
        if table.grid is None:
            yield f"  {name}: {len(table.rules)} rules, each judged by itself (collects)"
        else:
            cells = f"{len(table.rules)} rules fill {len(table.grid.rules)} cells"
            yield f"  {name}: {cells}, each exactly once; every rule can fire"
    yield "Every path through the months ends in a defined state:"
    for line in path_lines(paths):
        yield f"  {line}"


def case_lines(
    regimen: Regimen, results: "Sequence[CaseResult]", *, verbose: bool = False
) -> Iterator[str]:
    """Yield the cases that do not hold (with ``verbose`` also those that do), and their number."""
    for result in results:
        if verbose and result.holds:
            yield f"holds  {result.case.statement}"
        if not result.holds:
            yield f"FAILS  {result.case.statement}: {'; '.join(result.wrong)}"
    held = sum(result.holds for result in results)
    yield f"{regimen.id} {regimen.version}: {held} of {len(results)} cases hold"
