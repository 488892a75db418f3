"""The rule that fires for one patient, given the dates on which results were known.

A decision is taken on the first day on which the known results suffice: on the day it is due, or
later while a result is awaited. Results reported after that day do not change it.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from protocol.bedside.known.timeline import (
    Observation,
    Timeline,
    Window,
    last_late_day,
    window_of,
)
from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value
from protocol.regimen.grid import Axis
from protocol.regimen.parts import Input
from protocol.regimen.rules import DecisionTable, Regimen, Rule

#: Possible values when one day has several results, or a result is beyond a limit of detection.
PossibleValues = Mapping[str, Sequence[Value]]


@dataclass(frozen=True, slots=True)
class TimedRule:
    """A rule, the day on which the decision was taken, and the results that it is based on.

    ``rule`` fires for ``values``. ``decided`` is None while data are insufficient. ``conflicting``
    names the inputs whose results of one day, or whose result beyond a limit of detection, lead to
    different answers; then no rule applies. ``day`` is the day as of which the results are known.
    """

    rule: Rule
    day: int
    decided: int | None
    values: Mapping[str, Value]
    results: Mapping[str, tuple[Observation, ...]]
    conflicting: tuple[str, ...] = ()


def rule_on(
    regimen: Regimen,
    table: DecisionTable,
    timeline: Timeline,
    state: Mapping[str, Value],
    *,
    due: int,
    as_of: int,
    start: int | None = None,
    end: int = 1,
) -> TimedRule:
    """Return the rule of a unique table for a decision due on ``due``, as known on ``as_of``.

    Parameters
    ----------
    state
        The inputs that do not come from measurements, by name.
    due, as_of, start
        Proleptic ordinals; ``start`` is the first day of therapy, to which changes are related.
    end
        The first day on which a sample counts as taken at the end of therapy.
    """
    names = [name for name in table.inputs if name not in state]
    for day in _days_of_decision(regimen, names, timeline, due, as_of):
        moment = Moment(due, day, start, end)
        results = {name: results_for(regimen, name, timeline, moment) for name in names}
        found = _fired(table, state, results, day)
        if found.rule.outcome != "insufficient data" and not found.conflicting:
            return replace(found, decided=day)
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """The dates (ordinals) on which a decision is due and as of which it is made; see `rule_on`."""

    due: int
    as_of: int
    start: int | None = None
    end: int = 1


def _days_of_decision(
    regimen: Regimen, names: Sequence[str], timeline: Timeline, due: int, as_of: int
) -> list[int]:
    """Return the days on which new results became known, from the day the decision was due."""
    news = {
        item.known
        for name in names
        for source in (name, *sources_of(regimen, name))
        for item in timeline.of(source)
        if due < item.known <= as_of and item.measured <= last_late_day(regimen.inputs[source], due)
    }
    return [due, *sorted(news)]


def sources_of(regimen: Regimen, name: str) -> tuple[str, ...]:
    """Return the inputs from which a derived input is computed; none for a measured one."""
    computed = regimen.inputs[name].computed
    return (computed.of,) if computed else ()


def results_for(
    regimen: Regimen, name: str, timeline: Timeline, moment: Moment
) -> tuple[Observation, ...]:
    """Return the results of an input that count for a decision; several if one day has several."""
    computed = regimen.inputs[name].computed
    if computed is None:
        return _counting(regimen, name, timeline, moment)
    if computed.how == "previous value":
        earlier = replace(moment, due=moment.due - MONTH_DAYS, as_of=min(moment.due, moment.as_of))
        found = _counting(regimen, computed.of, timeline, earlier)
        return tuple(replace(item, input=name) for item in found)
    if moment.start is None:
        return ()
    first = timeline.first_from(computed.of, moment.start, moment.as_of)
    if first is None or not isinstance(first.value, float) or first.qualifier:
        return ()
    now = _counting(regimen, computed.of, timeline, moment)
    return tuple(_related(name, item, first.value, computed.how) for item in now if _exact(item))


def _counting(
    regimen: Regimen, name: str, timeline: Timeline, moment: Moment
) -> tuple[Observation, ...]:
    """Return the results of a measured input in its window."""
    spec = regimen.inputs[name]
    window = window_of(spec, moment.due, moment.as_of)
    if spec.not_before is not None:
        window = Window(max(window.first, moment.end), window.last)
    return timeline.known_values(name, window, moment.as_of)


def _exact(item: Observation) -> bool:
    return isinstance(item.value, float) and not item.qualifier


def _related(name: str, item: Observation, first: float, how: str) -> Observation:
    """Return a result related to the value ``first`` before therapy."""
    value = float(item.value or 0.0)
    related = value - first if how == "change since start" else value / first if first else None
    return replace(item, input=name, value=related, source=how)


def _fired(
    table: DecisionTable,
    state: Mapping[str, Value],
    results: Mapping[str, tuple[Observation, ...]],
    day: int,
) -> TimedRule:
    """Return the common rule of all possible values; if they disagree, the inputs that differ."""
    axes = {axis.name: axis for axis in table.proved.axes}
    possible: dict[str, Sequence[Value]] = {
        name: possible_values(axes[name], found) for name, found in results.items()
    }
    first = dict(state) | {name: values[0] for name, values in possible.items()}
    rule = table.rules[table.proved.rule_at(first)]
    open_inputs = [name for name, values in possible.items() if len(values) > 1]
    if not open_inputs:
        return TimedRule(rule, day, None, first, results)
    answers = _answers(table, first, {name: possible[name] for name in open_inputs})
    if len(answers) == 1:
        return TimedRule(rule, day, None, first, results)
    conflicting = tuple(
        name for name in open_inputs if len(_answers(table, first, {name: possible[name]})) > 1
    )
    return TimedRule(rule, day, None, first, results, conflicting or tuple(open_inputs))


def _answers(
    table: DecisionTable, values: Mapping[str, Value], possible: PossibleValues
) -> set[tuple[str, str | None]]:
    """Return the different answers of the possible values."""
    found: set[tuple[str, str | None]] = set()
    for chosen in itertools.product(*possible.values()):
        given = {**values, **dict(zip(possible, chosen, strict=True))}
        rule = table.rules[table.proved.rule_at(given)]
        found.add((rule.outcome, rule.then))
    return found


def possible_values(axis: Axis, results: Sequence[Observation]) -> tuple[Value, ...]:
    """Return the values that results may represent: one per cell of the axis if several fit."""
    values: list[Value] = []
    for item in results:
        values += values_of(axis, item)
    return tuple(dict.fromkeys(values)) or (None,)


def values_of(axis: Axis, item: Observation) -> tuple[Value, ...]:
    """Return the value of a result; beyond a limit of detection, one value for every cell there.

    Examples
    --------
    >>> fsh = Axis("fsh_iu_l", "number", True, 0, 200, cuts=(0.7, 11.1))
    >>> len(values_of(fsh, Observation("fsh_iu_l", 0.3, 30, 30, "<")))
    1
    >>> len(values_of(fsh, Observation("fsh_iu_l", 1.0, 30, 30, "<")))
    3
    """
    if not item.qualifier or not isinstance(item.value, float):
        return (item.value,)
    place = axis.locate(item.value)
    at_limit = place % 2 == 1
    if item.qualifier == "<":
        return axis.examples[: place if at_limit else place + 1]
    return axis.examples[place + 1 if at_limit else place : axis.measured_cells]


def extremes_of(spec: Input, item: Observation) -> tuple[Value, ...]:
    """Return the value of a result; beyond a limit of detection, the ends of its possible range."""
    if not item.qualifier or not isinstance(item.value, float):
        return (item.value,)
    low, high = spec.plausible or (-math.inf, math.inf)
    if item.qualifier == "<":
        return (low, math.nextafter(item.value, low))
    return (math.nextafter(item.value, high), high)
