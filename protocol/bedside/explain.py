"""The nearest change and the rules not met, from the grid that gave the answer."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from protocol.bedside.decision import Boundary, NearestChange, RuleNotMet
from protocol.regimen.conditions import MEASURED, Value, plain
from protocol.regimen.grid import Axis, Cell
from protocol.regimen.rules import DecisionTable, Regimen, Rule

#: Number of cells of tables whose explanations are cached.
REMEMBERED_CELLS = 4096


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one measured input into another cell with a different answer.

    ``size`` is relative to the value and infinite where no number moves; ``cells`` counts how many
    cells the step crosses; ``limit`` is the boundary that it passes first, None for names.
    """

    size: float
    cells: int
    limit: float | None
    nearest_change: NearestChange


def changes(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], cell: Cell
) -> list[Change]:
    """Return every change of a single measured input that changes the answer, smallest first.

    ``cell`` is the cell of the values, here and below.
    """
    found = []
    for number, there, other in _other_answers(table, cell):
        axis = table.proved.axes[number]
        if regimen.inputs[axis.name].role != "measured":
            continue
        here = cell[number]
        size, limit, to = _step(axis, values[axis.name], here, there)
        nearest = NearestChange(axis.name, to, other.id, other.outcome, other.then)
        found.append(Change(size, abs(there - here), limit, nearest))
    return sorted(found, key=lambda change: (change.size, change.cells))


def nearest_boundary(
    regimen: Regimen, values: Mapping[str, Value], found: list[Change]
) -> Boundary | None:
    """Return the boundary of the smallest change of a number; None if no number matters."""
    for change in found:
        name = change.nearest_change.input
        value = values[name]
        if change.limit is not None and isinstance(value, float | int):
            distance = float(f"{abs(value - change.limit):.12g}")
            return Boundary(name, change.limit, distance, regimen.inputs[name].unit or "1")
    return None


def missing_inputs(
    table: DecisionTable, values: Mapping[str, Value], cell: Cell
) -> tuple[str, ...]:
    """Name the missing inputs any one of which could make the data sufficient.

    If no single input could, all missing inputs are named; with any other outcome, none.
    """
    rule = table.rules[table.proved.rule_in(cell)]
    if rule.outcome != "insufficient data":
        return ()
    missing = {
        axis.name: number
        for number, axis in enumerate(table.proved.axes)
        if values[axis.name] is None
    }
    alone = tuple(
        name
        for name, number in missing.items()
        if any(other.outcome != rule.outcome for other in _along(table, cell, number))
    )
    return alone or tuple(missing)


def rules_not_met(
    table: DecisionTable, values: Mapping[str, Value], cell: Cell
) -> tuple[RuleNotMet, ...]:
    """Return every other rule with the conditions that failed."""
    found = {name: f"{name} is {plain(value)}, not " for name, value in values.items()}
    return tuple(
        RuleNotMet(
            other.id,
            other.outcome,
            other.then,
            tuple([found[name] + text for name, text in failed]),
        )
        for other, failed in _failed_conditions(table, cell)
    )


@lru_cache(maxsize=REMEMBERED_CELLS)
def _failed_conditions(
    table: DecisionTable, cell: Cell
) -> tuple[tuple[Rule, tuple[tuple[str, str], ...]], ...]:
    """Return each rule that does not fire in a cell, its failed conditions as (input, text).

    Cached, since many patients share a cell and one value represents the whole cell.
    """
    values = {
        axis.name: axis.examples[at] for axis, at in zip(table.proved.axes, cell, strict=True)
    }
    fires = table.rules[table.proved.rule_in(cell)]
    return tuple(
        (
            rule,
            tuple(
                (name, condition.text)
                for name, condition in rule.conditions.items()
                if not condition.holds(values[name])
            ),
        )
        for rule in table.rules
        if rule is not fires
    )


@lru_cache(maxsize=REMEMBERED_CELLS)
def _other_answers(table: DecisionTable, cell: Cell) -> tuple[tuple[int, int, Rule], ...]:
    """Return each step along one axis to another answer: axis, cell along it, rule there."""
    fires = table.rules[table.proved.rule_in(cell)]
    return tuple(
        (number, there, other)
        for number, axis in enumerate(table.proved.axes)
        for there, other in enumerate(_along(table, cell, number))
        if axis.examples[there] is not None and _differs(fires, other)
    )


def _along(table: DecisionTable, cell: Cell, axis: int) -> list[Rule]:
    return [table.rules[i] for i in table.proved.rules_along(cell, axis)]


def _differs(one: Rule, other: Rule) -> bool:
    return (one.outcome, one.then) != (other.outcome, other.then)


def _step(axis: Axis, value: Value, here: int, cell: int) -> tuple[float, float | None, str]:
    """Return the relative size of a step into ``cell``, the boundary it passes, and its words."""
    if axis.kind != "number":
        return math.inf, None, plain(axis.examples[cell])
    if not isinstance(value, float | int):
        return math.inf, None, _cell_words(axis, cell)
    limit = axis.cuts[(cell if cell < here else cell - 1) // 2]
    # A value on its boundary has the distance 0, also where it is 0.
    size = abs(value - limit) / max(abs(value), abs(limit)) if value != limit else 0.0
    if cell % 2:
        return size, limit, f"{'at most' if cell < here else 'at least'} {limit:g}"
    return size, limit, f"{'below' if cell < here else 'above'} {limit:g}"


def _cell_words(axis: Axis, cell: int) -> str:
    place, at_cut = divmod(cell, 2)
    if at_cut:
        return f"{axis.cuts[place]:g}"
    if not axis.cuts:
        return MEASURED
    if place == 0:
        return f"below {axis.cuts[0]:g}"
    if place == len(axis.cuts):
        return f"above {axis.cuts[-1]:g}"
    return f"between {axis.cuts[place - 1]:g} and {axis.cuts[place]:g}"
