"""May he start, and is anything alarming? Conditions in three values: met, failed, unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from protocol.regimen.conditions import Condition, Value
from protocol.regimen.load import Regimen

Verdict = Literal["met", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What is known of one criterion. ``missing_inputs`` names the inputs that would settle it."""

    name: str
    label: str
    verdict: Verdict
    found: str
    missing_inputs: tuple[str, ...]
    citation: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that somebody should look at; ``status`` says whose limit it is."""

    rule_id: str
    action: str
    text: str
    rationale: str
    found: str
    status: str


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that are raised, and those that nobody could judge for want of a measurement."""

    raised: tuple[Flag, ...]
    not_assessed: tuple[str, ...]


def verdict(conditions: Mapping[str, Condition], values: Mapping[str, Value]) -> Verdict:
    """Return the verdict on all conditions together.

    A known value that fails settles the matter whatever else is missing; if only missing values
    stand in the way it is unknown (the "and" of Kleene's logic).
    """
    unmet = [
        name for name, condition in conditions.items() if not condition.holds(values.get(name))
    ]
    if not unmet:
        return "met"
    return "failed" if any(values.get(name) is not None for name in unmet) else "unknown"


def check_entry(regimen: Regimen, values: Mapping[str, Value]) -> tuple[CriterionResult, ...]:
    """Return the verdict on every entry criterion; failed ones do not hide one another."""
    return tuple(
        CriterionResult(
            name=criterion.name,
            label=criterion.label,
            verdict=verdict(criterion.conditions, values),
            found=_found(criterion.conditions, values),
            missing_inputs=tuple(name for name in criterion.conditions if values.get(name) is None),
            citation=criterion.citation,
        )
        for criterion in regimen.criteria
    )


def together(results: tuple[CriterionResult, ...]) -> str:
    """Return the value of the input ``criteria``: one failure outweighs what is unknown."""
    verdicts = {result.verdict for result in results}
    if "failed" in verdicts:
        return "some failed"
    return "some unknown" if "unknown" in verdicts else "all met"


def raise_flags(regimen: Regimen, values: Mapping[str, Value]) -> Flags:
    """Return the safety flags of the table ``flags``; none if the regimen has no such table."""
    if "flags" not in regimen.tables:
        return Flags((), ())
    raised, not_assessed = [], []
    for rule in regimen.tables["flags"].rules:
        found = verdict(rule.conditions, values)
        if found == "unknown":
            not_assessed.append(rule.id)
        elif found == "met" and rule.then:
            says = regimen.actions[rule.then]
            where = _found(rule.conditions, values)
            raised.append(Flag(rule.id, rule.then, says, rule.because, where, rule.status))
    return Flags(tuple(raised), tuple(not_assessed))


def _found(conditions: Mapping[str, Condition], values: Mapping[str, Value]) -> str:
    said = []
    for name, condition in conditions.items():
        value = values.get(name)
        shown = (
            value if isinstance(value, str) else f"{value:g}" if value is not None else "unknown"
        )
        said.append(f"{name} {shown} ({condition.text})")
    return ", ".join(said)
