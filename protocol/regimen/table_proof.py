"""Proof of a decision table: gaps, overlapping rules, and rules that can never fire."""

from collections.abc import Iterator, Mapping, Sequence

from protocol.regimen import parts
from protocol.regimen.conditions import Condition, plain
from protocol.regimen.grid import Axis, Cell, smallest_example, spoken
from protocol.regimen.rules import Rule


def axes_of(
    inputs: Mapping[str, parts.Input], names: Sequence[str], rules: Sequence[Rule]
) -> tuple[Axis, ...]:
    """Cut each input at every number that a rule names."""
    axes = []
    for name in names:
        spec = inputs[name]
        low, high = spec.plausible or (0.0, 0.0)
        conditions = [rule.conditions[name] for rule in rules if name in rule.conditions]
        cuts: set[float] = set()
        for condition in conditions:
            if spec.kind == "number":
                cuts |= condition.limits
            elif spec.kind == "integer":
                cuts |= {cut for cut in condition.integer_cuts() if low < cut <= high}
        axes.append(
            Axis(
                name=name,
                kind=spec.kind,
                may_be_missing=spec.may_be_missing,
                low=low,
                high=high,
                cuts=tuple(sorted(cuts)),
                values=spec.values,
            )
        )
    return tuple(axes)


def table_faults(
    axes: Sequence[Axis], rules: Sequence[Rule], filled: Mapping[Cell, Sequence[int]]
) -> Iterator[tuple[str, str]]:
    """Yield (problem, cure) for gaps, overlapping rules and rules that never fire."""
    holes = [cell for cell, hits in filled.items() if not hits]
    if holes:
        patient = spoken(smallest_example(axes, holes))
        yield f"no rule fires for a patient with {patient}", "add a rule, or widen one"
    doubles: dict[tuple[int, int], list[Cell]] = {}
    for cell, hits in filled.items():
        if len(hits) > 1:
            doubles.setdefault((hits[0], hits[1]), []).append(cell)
    for (one, two), cells in sorted(doubles.items()):
        patient = spoken(smallest_example(axes, cells))
        yield (
            f"rules {rules[one].id} and {rules[two].id} both fire for a patient with {patient}",
            "narrow one of them",
        )
    fired = {number for hits in filled.values() for number in hits}
    for number, rule in enumerate(rules):
        if number not in fired:
            yield f"rule {rule.id} can never fire", "correct its conditions, or remove it"


def misused_actions(
    axes: Sequence[Axis], rules: Sequence[Rule], required: Mapping[str, Mapping[str, Condition]]
) -> Iterator[tuple[str, str]]:
    """Yield (problem, cure) for rules that recommend an action whose preconditions are not met.

    ``required`` holds the requirements of each action on the inputs.
    """
    for rule in rules:
        needs = required.get(rule.then or "", {})
        for axis in axes:
            if axis.name not in needs:
                continue
            wanted, fires = needs[axis.name], rule.conditions.get(axis.name)
            for example in axis.examples:
                if (fires is None or fires.holds(example)) and not wanted.holds(example):
                    yield (
                        f"rule {rule.id} recommends {rule.then!r} when {axis.name} is "
                        f"{plain(example)}, and {rule.then!r} requires {axis.name}: "
                        f"{wanted.text}",
                        "correct the rule, or what the action requires",
                    )
