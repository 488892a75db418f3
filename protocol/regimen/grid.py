"""A decision table as a dense grid: every axis is cut at the values at which an answer may change.

A numeric axis with thresholds ``t1 < ... < tk`` has the cells ``(low, t1), {t1}, (t1, t2), ...,
{tk}, (tk, high)``: thresholds are cells of their own, so open and closed ends need no care and a
value's cell is ``#(t < x) + #(t <= x)``. An integer axis is cut before every integer at which an
answer may change; an enum has one cell per name in declared order. The last cell of an axis that
may be missing is *missing*. One rule per cell is the proof that the table is complete and free of
conflict.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from protocol.regimen.conditions import Condition, Value, plain

Cell = tuple[int, ...]


@dataclass(frozen=True)
class Axis:
    """One input of a table, cut into cells.

    ``low`` and ``high`` close the range of plausible values (both belong); ``cuts`` lie strictly
    between them. Of an integer axis, ``cuts`` are the first integers of all cells but the lowest.
    ``values`` are the names of an enum.
    """

    name: str
    kind: Literal["number", "integer", "enum"]
    may_be_missing: bool
    low: float = 0.0
    high: float = 0.0
    cuts: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @cached_property
    def measured_cells(self) -> int:
        """Number of cells before *missing*."""
        if self.kind == "number":
            return 2 * len(self.cuts) + 1
        return len(self.cuts) + 1 if self.kind == "integer" else len(self.values)

    @cached_property
    def examples(self) -> tuple[Value, ...]:
        """One value inside each cell, None in *missing*; it stands for the whole cell."""
        measured: tuple[Value, ...]
        if self.kind == "number":
            measured = tuple(self._number_examples())
        elif self.kind == "integer":
            measured = tuple(float(first) for first in (self.low, *self.cuts))
        else:
            measured = self.values
        return (*measured, None) if self.may_be_missing else measured

    def _number_examples(self) -> Iterator[float]:
        edges = (self.low, *self.cuts, self.high)
        for i, (left, right) in enumerate(itertools.pairwise(edges)):
            if i:
                yield left
            yield _between(left, right)

    def locate(self, value: Value) -> int:
        """Return the cell of a value that `check_values` has let through.

        >>> fsh = Axis("fsh_iu_l", "number", True, 0, 200, cuts=(0.7, 11.1))
        >>> [fsh.locate(x) for x in (0.5, 0.7, 5.0, 11.1, 12.0, None)]
        [0, 1, 2, 3, 4, 5]
        """
        if value is None:
            return self.measured_cells
        if isinstance(value, str):
            return self.values.index(value)
        if self.kind == "integer":
            return sum(cut <= value for cut in self.cuts)
        return sum((cut < value) + (cut <= value) for cut in self.cuts)


def _between(left: float, right: float) -> float:
    """Return the roundest number strictly between two."""
    for digits in range(17):
        number = round((left + right) / 2, digits)
        if left < number < right:
            return number
    return (left + right) / 2


@dataclass(frozen=True, slots=True)
class DecisionGrid:
    """The proved table: for each cell, in row-major order of ``shape``, the index of its rule."""

    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    rules: tuple[int, ...]

    def locate(self, values: Mapping[str, Value]) -> Cell:
        """Return the cell of a patient; ``values`` holds every axis by name."""
        return tuple(axis.locate(values[axis.name]) for axis in self.axes)

    def rule_at(self, values: Mapping[str, Value]) -> int:
        """Return the index of the rule that fires; ``values`` holds every axis by name."""
        return self.rule_in(self.locate(values))

    def rule_in(self, cell: Cell) -> int:
        """Return the index of the rule that fires in a cell."""
        index = 0
        for size, place in zip(self.shape, cell, strict=True):
            index = index * size + place
        return self.rules[index]

    def rules_along(self, cell: Cell, axis: int) -> tuple[int, ...]:
        """Return the rules that fire along one axis, with the positions on all others fixed."""
        stride = prod(self.shape[axis + 1 :])
        index = 0
        for number, (size, place) in enumerate(zip(self.shape, cell, strict=True)):
            index = index * size + (0 if number == axis else place)
        return self.rules[index : index + stride * self.shape[axis] : stride]


def shape_of(axes: Sequence[Axis]) -> tuple[int, ...]:
    """Return the number of cells along each axis, *missing* included."""
    return tuple(len(axis.examples) for axis in axes)


def fill(axes: Sequence[Axis], rules: Sequence[Mapping[str, Condition]]) -> dict[Cell, list[int]]:
    """Return the rules that fire in each cell; an input without a condition may have any value."""
    filled: dict[Cell, list[int]] = {
        cell: [] for cell in itertools.product(*(range(size) for size in shape_of(axes)))
    }
    for number, conditions in enumerate(rules):
        for cell in itertools.product(*(_cells(axis, conditions) for axis in axes)):
            filled[cell].append(number)
    return filled


def _cells(axis: Axis, conditions: Mapping[str, Condition]) -> list[int]:
    condition = conditions.get(axis.name)
    return [i for i, value in enumerate(axis.examples) if not condition or condition.holds(value)]


def grid_of(axes: Sequence[Axis], filled: Mapping[Cell, Sequence[int]]) -> DecisionGrid:
    """Return the grid of a table, in which every cell has exactly one rule."""
    if any(len(hits) != 1 for hits in filled.values()):
        raise ValueError("a grid needs exactly one rule in every cell; find the faults first")
    shape = shape_of(axes)
    rules = tuple(filled[cell][0] for cell in itertools.product(*(range(n) for n in shape)))
    return DecisionGrid(tuple(axes), shape, rules)


def smallest_example(axes: Sequence[Axis], cells: Iterable[Cell]) -> dict[str, Value]:
    """Return the fewest inputs that put a patient inside ``cells``: a counter-example.

    An input is omitted if its value does not matter.
    """
    inside = set(cells)
    whole = {axis: range(size) for axis, size in enumerate(shape_of(axes))}
    best: dict[int, int] | None = None
    for cell in sorted(inside):
        fixed = dict(enumerate(cell))
        for axis in sorted(fixed, key=lambda i: -len(whole[i])):
            rest = {i: (at,) for i, at in fixed.items() if i != axis}
            freed = itertools.product(*(rest.get(i, whole[i]) for i in whole))
            if all(other in inside for other in freed):
                del fixed[axis]
        if best is None or len(fixed) < len(best):
            best = fixed
    return {axes[i].name: axes[i].examples[at] for i, at in (best or {}).items()}


def spoken(values: Mapping[str, Value]) -> str:
    """Return the known values of a patient in words.

    >>> spoken({"month": 2.0, "fsh_iu_l": None})
    'month 2, fsh_iu_l missing'
    """
    wording = [f"{name} {plain(value)}" for name, value in values.items()]
    return ", ".join(wording) or "any value"
