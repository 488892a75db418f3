"""Plans, regimens, proofs and cases as text for the console."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pretese.bedside.recommendation_view import wrapped
from protocol.bedside.next_steps import ROUTES, measured_name
from protocol.bedside.schedule import Item, Plan
from protocol.dates import spoken_date
from protocol.regimen.parts import Order
from protocol.regimen.paths import MAX_PATHS, Path, Totals, count_paths
from protocol.regimen.rules import Regimen

if TYPE_CHECKING:  # models of files take a while to load
    from protocol.audit.cases import AuditCaseResult
    from protocol.bedside.cases import CaseResult


def shown_order(regimen: Regimen, order: Order) -> str:
    """Return an order as in a prescription."""
    first = "" if order.weekdays else f", first on day {order.offset_day} of the phase"
    dose = f"{order.dose:g} {order.unit} {ROUTES[order.route]}"
    return f"{regimen.drugs[order.drug].label} {dose} {order.rhythm}{first}"


def totals_words(regimen: Regimen, totals: Totals) -> str:
    """Return totals as ``hCG 30000 IU in 15 doses (15 vials)``."""
    wording = []
    for name, amount in totals.amount.items():
        drug = regimen.drugs[name]
        if amount:
            packs = f"{totals.packs[name]} {drug.pack_name}s"
            doses = f"{totals.injections[name]} doses ({packs})"
            wording.append(f"{drug.name} {amount:g} {drug.unit} in {doses}")
    return ", ".join(wording) or "nothing"


def plan_lines(plan: Plan, regimen: Regimen) -> Iterator[str]:
    """Yield a plan: one line per dated entry, totals, and possible results of the next decision."""
    yield f"{plan.regimen_id} {plan.regimen_version}, start {spoken_date(plan.start)}"
    for item in plan.items:
        place = f"{item.date:%a} {item.date}  day {item.day:3}  "
        yield from wrapped(_item_words(item, regimen), " " * len(place), place)
    yield from wrapped(f"Total: {totals_words(regimen, plan.totals)}", "  ", "")
    if plan.next_decision_date is not None:
        yield f"Next decision on {spoken_date(plan.next_decision_date)}"
    for option in plan.next_options:
        then = "wait for the result"
        if option.phase is not None:
            then = regimen.phase(option.phase).label
        total = ""
        if option.totals:
            total = f"; by the decision after that {totals_words(regimen, option.totals)}"
        condition = spoken_condition(regimen, option.condition)
        yield from wrapped(f"{condition}: {then}{total}", "    ", "  ")


def _item_words(item: Item, regimen: Regimen) -> str:
    if item.kind == "visit":
        measured = ", ".join(measured_name(regimen, name) for name in item.measure)
        return f"visit: {item.text} ({measured})"
    return f"decision: {item.text}" if item.kind == "decision" else item.text


def spoken_condition(regimen: Regimen, condition: str) -> str:
    """Return a condition with the names of inputs replaced by those of their analytes."""
    for name in regimen.inputs:
        condition = condition.replace(name, measured_name(regimen, name))
    return condition


def path_lines(regimen: Regimen, paths: Sequence[Path]) -> Iterator[str]:
    """Yield every path, with its doses."""
    for number, path in enumerate(paths, 1):
        steps = " > ".join(
            f"{step.phase or step.outcome}"
            + (
                ""
                if step.condition == "always"
                else f" [{spoken_condition(regimen, step.condition)}]"
            )
            for step in path.steps
        )
        total = totals_words(regimen, path.totals)
        yield from wrapped(f"{steps}: {path.ends}; {total}", "     ", f"{number:3}. ")


def regimen_text(regimen: Regimen) -> str:
    """Return a regimen in words: its phases, readings and tables, in lines of 80 characters."""
    lines = [*wrapped(f"{regimen.title} ({regimen.id} {regimen.version})", "  ", ""), ""]
    lines += [*wrapped(regimen.about, ""), ""]
    for phase in regimen.phases:
        lines.append(f"{phase.name}: {phase.label}")
        for order in phase.orders:
            lines += wrapped(shown_order(regimen, order), "    ", "  ")
    for reading in regimen.readings.values():
        lines += ["", *wrapped(f'Source: "{reading.quote}"', "  ", "")]
        lines += wrapped(f"Interpretation: {reading.interpretation}", "    ", "  ")
        lines += wrapped(f"Rationale: {reading.rationale}", "    ", "  ")
        lines += [f"  Alternative interpretation: {name}" for name in reading.alternatives]
    for table in regimen.tables.values():
        lines += ["", *wrapped(f"{table.question} ({table.name})", "  ", "")]
        for rule in table.rules:
            wanted = ", ".join(f"{name} {c.text}" for name, c in rule.conditions.items())
            answer = f"{wanted or 'always'}: {rule.then or rule.outcome} [{rule.status}]"
            lines += wrapped(answer, " " * 7, f"  {rule.id:4} ")
    return "\n".join(lines)


def proof_lines(regimen: Regimen, paths: Sequence[Path]) -> Iterator[str]:
    """Yield the proof of a regimen: each table, then up to a hundred paths."""
    yield from wrapped(f"{regimen.id} {regimen.version}, sha256 {regimen.sha256}", "  ", "")
    for name, table in regimen.tables.items():
        if table.grid is None:
            yield f"  {name}: {len(table.rules)} rules, each judged by itself (collects)"
        else:
            cells = f"{len(table.rules)} rules fill {len(table.grid.rules)} cells"
            yield f"  {name}: {cells}, each exactly once; every rule can fire"
    count = count_paths(regimen)
    yield f"Each of {count:,} paths through the months ends in a defined state:"
    yield from path_lines(regimen, paths)
    if count > len(paths):
        yield f"The first {MAX_PATHS} paths are listed."


def case_lines(
    regimen: Regimen, results: "Sequence[CaseResult | AuditCaseResult]", *, verbose: bool = False
) -> Iterator[str]:
    """Yield the cases that failed (with ``verbose`` also those that passed), and their number."""
    for result in results:
        if verbose and result.holds:
            yield from wrapped(result.case.statement, " " * 7, "passed ")
        if not result.holds:
            wrong = f"{result.case.statement}: {'; '.join(result.wrong)}"
            yield from wrapped(wrong, " " * 7, "FAILED ")
    held = sum(result.holds for result in results)
    yield f"{regimen.id} {regimen.version}: {held} of {len(results)} cases passed"
