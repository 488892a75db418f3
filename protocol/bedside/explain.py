"""The nearest change and the rules not met, read off the same grid that gave the answer."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocol.bedside.decision import Boundary, NearestChange, RuleNotMet
from protocol.regimen.conditions import MEASURED, Value, plain
from protocol.regimen.grid import Axis, Cell
from protocol.regimen.load import DecisionTable, Regimen, Rule


@dataclass(frozen=True, slots=True)
class Change:
    """A step of one measured input into another cell, where another answer stands.

    ``size`` is relative to the value and infinite where no number moves; ``cells`` counts how many
    cells the step crosses; ``limit`` is the boundary that it passes first, None for names.
    """

    size: float
    cells: int
    limit: float | None
    nearest_change: NearestChange


def changes(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> list[Change]:
    """Return every change of one measured input alone that changes the answer, smallest first."""
    found = []
    cell = table.proved.locate(values)
    for number, axis in enumerate(table.proved.axes):
        if regimen.inputs[axis.name].role != "measured":
            continue
        here = cell[number]
        for there, other in enumerate(_along(table, cell, number)):
            if axis.examples[there] is None or not _differs(rule, other):
                continue
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
    table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> tuple[str, ...]:
    """Name the missing inputs of which some value, given alone, would end the insufficiency.

    If none would alone, all that are missing are named; with any other outcome, none.
    """
    if rule.outcome != "insufficient data":
        return ()
    cell = table.proved.locate(values)
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
    table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> Iterator[RuleNotMet]:
    """Yield every other rule with the conditions that failed."""
    found = {name: plain(value) for name, value in values.items()}
    for other in table.rules:
        if other is rule:
            continue
        failed = tuple(
            f"{name} is {found[name]}, not {condition.text}"
            for name, condition in other.conditions.items()
            if not condition.holds(values[name])
        )
        yield RuleNotMet(other.id, other.outcome, other.then, failed)


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
