"""What a table says of one man, and why."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from protocol import language
from protocol.conditions import MEASURED, Value, plain
from protocol.errors import Fault, InputError
from protocol.grid import Axis
from protocol.regimen import DecisionTable, Regimen, Rule


@dataclass(frozen=True, slots=True)
class Used:
    """One input as the table saw it. ``value`` None is missing; ``unit`` is UCUM."""

    name: str
    label: str
    value: Value
    unit: str | None
    date: dt.date | None = None
    source: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The nearest number at which the answer changes; ``distance`` is in the input's unit."""

    input: str
    limit: float
    distance: float
    unit: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of one input alone that changes the answer. ``to`` is spoken: ``above 11.1``."""

    input: str
    to: str
    rule_id: str
    outcome: language.Outcome
    then: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rule that did not fire, and each condition that failed."""

    rule_id: str
    outcome: language.Outcome
    then: str | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of one table for one man.

    ``orders`` are those of the phase named by ``then``. ``needed`` names, when data are
    insufficient, the inputs that would settle the matter if they were measured. ``boundary`` is
    None when no measured number could change the answer; so is ``flip`` when no single measured
    input could.
    """

    regimen_id: str
    regimen_version: str
    regimen_sha256: str
    table: str
    question: str
    outcome: language.Outcome
    then: str | None
    says: str
    orders: tuple[language.Order, ...]
    rule_id: str
    because: str
    citation: str
    status: language.Status
    inputs: tuple[Used, ...]
    needed: tuple[str, ...]
    boundary: Boundary | None
    flip: Flip | None
    rejected: tuple[Rejected, ...]


def decide(
    regimen: Regimen, table_name: str, values: Mapping[str, Value], *, where: str = "decide"
) -> Decision:
    """Return what a unique table says of one man, and why.

    Parameters
    ----------
    values
        Inputs by name, in the declared units; one left out, or None, is missing. Months count
        from 1, ``phase_before`` is the phase of the month before, and FSH is that measured at the
        end of the month before. Ranges written ``a to b`` are closed.
    where
        How faults name the place that the values come from.

    Raises
    ------
    InputError
        For an unknown table or input, a value of the wrong kind or outside its plausible range,
        and an input that may not be missing and is.

    Examples
    --------
    >>> from protocol.regimen import load_regimen
    >>> regimen = load_regimen("fsh-guided")
    >>> def month_2(fsh):
    ...     given = {"month": 2, "phase_before": "hcg", "fsh_iu_l": fsh}
    ...     return decide(regimen, "phase", given)
    >>> month_2(11.1).then, month_2(11.2).then
    ('hcg-ufsh', 'hcg')
    >>> month_2(11.2).flip.to
    'at most 11.1'
    >>> month_2(None).outcome, month_2(None).needed
    ('insufficient data', ('fsh_iu_l',))
    """
    table = table_of(regimen, table_name, where)
    checked = check_values(regimen, table, values, where)
    rule = table.rules[table.proved.rule_at(checked)]
    flips = sorted(_flips(regimen, table, checked, rule), key=lambda flip: flip[0])
    return Decision(
        regimen_id=regimen.id,
        regimen_version=regimen.version,
        regimen_sha256=regimen.sha256,
        table=table.name,
        question=table.question,
        outcome=rule.outcome,
        then=rule.then,
        says=said(regimen, table, rule),
        orders=_orders(regimen, table, rule),
        rule_id=rule.id,
        because=rule.because,
        citation=rule.citation,
        status=rule.status,
        inputs=tuple(used(regimen, name, checked[name]) for name in table.inputs),
        needed=_needed(regimen, table, checked, rule),
        boundary=_boundary(regimen, table, checked, rule),
        flip=flips[0][1] if flips else None,
        rejected=tuple(_rejected(table, checked, rule)),
    )


def table_of(regimen: Regimen, name: str, where: str) -> DecisionTable:
    """Return a table by name."""
    if name not in regimen.tables:
        known = ", ".join(regimen.tables)
        raise InputError.of(where, "table", f"there is no table {name!r}", f"there are: {known}")
    return regimen.tables[name]


def check_values(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], where: str
) -> dict[str, Value]:
    """Return every input of the table by name, None where missing; faults as in `decide`."""
    faults = [
        Fault(where, name, "the table does not look at it", f"inputs: {', '.join(table.inputs)}")
        for name in values
        if name not in table.inputs
    ]
    checked = {name: values.get(name) for name in table.inputs}
    for name, value in checked.items():
        if problem := value_problem(regimen.inputs[name], value):
            faults.append(Fault(where, name, *problem))
    if faults:
        raise InputError(faults)
    return checked


def value_problem(spec: language.InputSpec, value: Value) -> tuple[str, str] | None:
    """Return (problem, cure) if ``value`` cannot be a value of this input, else None."""
    if value is None:
        return None if spec.may_be_missing else ("it is missing", "give it")
    if spec.kind == "enum":
        if isinstance(value, str) and value in spec.values:
            return None
        return f"{value!r} is not one of its names", f"give one of: {', '.join(spec.values)}"
    low, high = spec.plausible or (-math.inf, math.inf)
    whole = spec.kind == "integer"
    cure = f"give a {'whole ' if whole else ''}number from {low:g} to {high:g} {spec.unit}"
    if isinstance(value, str | bool) or not math.isfinite(value):
        return f"{value!r} is no number", cure
    if not low <= value <= high:
        return f"{value:g} is outside the plausible range", cure
    return (f"{value:g} is not whole", cure) if whole and value != int(value) else None


def used(regimen: Regimen, name: str, value: Value) -> Used:
    """Return an input with its label and unit."""
    spec = regimen.inputs[name]
    return Used(name=name, label=spec.label, value=value, unit=spec.unit)


def said(regimen: Regimen, table: DecisionTable, rule: Rule) -> str:
    """Return the answer of a rule as words."""
    if rule.then is None:
        return rule.because
    return regimen.phase(rule.then).label if table.name == "phase" else regimen.actions[rule.then]


def _orders(regimen: Regimen, table: DecisionTable, rule: Rule) -> tuple[language.Order, ...]:
    if table.name != "phase" or rule.then is None:
        return ()
    return regimen.phase(rule.then).orders


def _other_rules(
    table: DecisionTable, values: Mapping[str, Value], axis: Axis
) -> Iterator[tuple[int, Rule]]:
    """Yield for each cell along one axis, the others held, the rule that fires there."""
    for cell, example in enumerate(axis.examples):
        yield cell, table.rules[table.proved.rule_at({**values, axis.name: example})]


def _measured_axes(regimen: Regimen, table: DecisionTable) -> list[Axis]:
    return [axis for axis in table.proved.axes if regimen.inputs[axis.name].role == "measured"]


def _differs(one: Rule, other: Rule) -> bool:
    return (one.outcome, one.then) != (other.outcome, other.then)


def _flips(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> Iterator[tuple[tuple[float, int], Flip]]:
    """Yield (size, flip) for measured inputs; a number's change is sized relative to itself."""
    for axis in _measured_axes(regimen, table):
        here = axis.locate(values[axis.name])
        for cell, other in _other_rules(table, values, axis):
            if not _differs(rule, other) or axis.examples[cell] is None:
                continue
            size, to = _step(axis, values[axis.name], here, cell)
            yield (
                (size, abs(cell - here)),
                Flip(axis.name, to, other.id, other.outcome, other.then),
            )


def _step(axis: Axis, value: Value, here: int, cell: int) -> tuple[float, str]:
    """Return the relative size of the change into ``cell`` and how to say it."""
    if axis.kind != "number":
        example = axis.examples[cell]
        return math.inf, example if isinstance(example, str) else f"{example:g}"
    if not isinstance(value, float | int):
        return math.inf, _cell_words(axis, cell)
    limit = axis.cuts[(cell if cell < here else cell - 1) // 2]
    size = _relative(value, limit)
    if cell % 2:
        return size, f"{'at most' if cell < here else 'at least'} {limit:g}"
    return size, f"{'below' if cell < here else 'above'} {limit:g}"


def _relative(value: float, limit: float) -> float:
    """Return how far ``limit`` is, as a share of the larger of the two; 0 when they are equal."""
    return abs(value - limit) / max(abs(value), abs(limit)) if value != limit else 0.0


def _cell_words(axis: Axis, cell: int) -> str:
    place, at_cut = divmod(cell, 2)
    if at_cut:
        return f"{axis.cuts[place]:g}"
    if place == 0:
        return f"below {axis.cuts[0]:g}" if axis.cuts else MEASURED
    if place == len(axis.cuts):
        return f"above {axis.cuts[-1]:g}"
    return f"between {axis.cuts[place - 1]:g} and {axis.cuts[place]:g}"


def _boundary(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> Boundary | None:
    nearest: tuple[float, Boundary] | None = None
    for axis in _measured_axes(regimen, table):
        value = values[axis.name]
        if axis.kind != "number" or not isinstance(value, float | int):
            continue
        here = axis.locate(value)
        for cell, other in _other_rules(table, values, axis):
            if cell == axis.measured_cells or not _differs(rule, other):
                continue
            limit = axis.cuts[(cell if cell < here else cell - 1) // 2]
            relative = _relative(value, limit)
            if nearest is None or relative < nearest[0]:
                distance = float(f"{abs(value - limit):.12g}")
                unit = regimen.inputs[axis.name].unit or "1"
                nearest = relative, Boundary(axis.name, limit, distance, unit)
    return nearest[1] if nearest else None


def _needed(
    regimen: Regimen, table: DecisionTable, values: Mapping[str, Value], rule: Rule
) -> tuple[str, ...]:
    """Name the missing inputs of which some value, given alone, would end the insufficiency."""
    if rule.outcome != "insufficient data":
        return ()
    missing = [axis for axis in table.proved.axes if values[axis.name] is None]
    alone = tuple(
        axis.name
        for axis in missing
        if any(other.outcome != rule.outcome for _, other in _other_rules(table, values, axis))
    )
    return alone or tuple(axis.name for axis in missing)


def _rejected(table: DecisionTable, values: Mapping[str, Value], rule: Rule) -> Iterator[Rejected]:
    for other in table.rules:
        failed = tuple(
            f"{name} is {plain(values[name])}, not {condition.text}"
            for name, condition in other.conditions.items()
            if not condition.holds(values[name])
        )
        if other.id != rule.id:
            yield Rejected(other.id, other.outcome, other.then, failed)
