"""Eligibility and safety flags: conditions that are met, failed or unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from protocol.reading.shown import shown_unit
from protocol.regimen import parts
from protocol.regimen.conditions import Condition, Value
from protocol.regimen.rules import Regimen, Rule

Verdict = Literal["met", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """The assessment of one criterion.

    ``missing_inputs`` names the inputs needed to assess it. ``origin`` is the regimen file that
    states the criterion.
    """

    name: str
    label: str
    verdict: Verdict
    found: str
    missing_inputs: tuple[str, ...]
    citation: str
    status: parts.Status
    origin: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding that needs attention.

    ``status``, ``citation`` and ``origin`` are those of its limit. A ``blocking`` flag turns every
    recommendation into a hold.
    """

    rule_id: str
    action: str
    text: str
    rationale: str
    found: str
    severity: parts.Severity
    blocking: bool
    status: parts.Status
    citation: str
    origin: str


@dataclass(frozen=True, slots=True)
class NotAssessed:
    """A flag that could not be judged, and the inputs that are missing."""

    rule_id: str
    text: str
    missing_inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags that are raised, most urgent first, and those without data."""

    raised: tuple[Flag, ...]
    not_assessed: tuple[NotAssessed, ...]

    @property
    def blocking(self) -> tuple[Flag, ...]:
        """The flags that turn every recommendation into a hold."""
        return tuple(flag for flag in self.raised if flag.blocking)


def verdict(conditions: Mapping[str, Condition], values: Mapping[str, Value]) -> Verdict:
    """Return the verdict on all conditions together.

    A known value that fails decides, whatever else is missing; if only missing values prevent a
    verdict, it is unknown (the "and" of Kleene's logic).
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
            found=found_words(regimen, criterion.conditions, values, "required"),
            missing_inputs=tuple(name for name in criterion.conditions if values.get(name) is None),
            citation=criterion.citation,
            status=criterion.status,
            origin=criterion.origin,
        )
        for criterion in regimen.criteria
    )


def together(results: tuple[CriterionResult, ...]) -> str:
    """Return the value of the input ``criteria``: one failure outweighs what is unknown."""
    verdicts = {result.verdict for result in results}
    if "failed" in verdicts:
        return "some failed"
    return "some unknown" if "unknown" in verdicts else "all met"


#: Order of urgency, the most urgent first.
URGENCY: tuple[parts.Severity, ...] = ("critical", "warning", "information")


def raise_flags(regimen: Regimen, values: Mapping[str, Value]) -> Flags:
    """Return the safety flags of the table ``flags``; none if the regimen has no such table."""
    return raise_flags_of_any(regimen, [values])


def raise_flags_of_any(regimen: Regimen, several: Sequence[Mapping[str, Value]]) -> Flags:
    """Return the flags raised by any of several sets of values, such as two results of one day."""
    if "flags" not in regimen.tables:
        return Flags((), ())
    raised, not_assessed = [], []
    for rule in regimen.tables["flags"].rules:
        verdicts = [verdict(rule.conditions, values) for values in several]
        if "met" in verdicts and rule.then:
            raised.append(_flag(regimen, rule, several[verdicts.index("met")]))
        elif "unknown" in verdicts:
            first = several[verdicts.index("unknown")]
            missing = tuple(name for name in rule.conditions if first.get(name) is None)
            text = regimen.actions[rule.then].label if rule.then else rule.rationale
            not_assessed.append(NotAssessed(rule.id, text, missing))
    raised.sort(key=lambda flag: (not flag.blocking, URGENCY.index(flag.severity)))
    return Flags(tuple(raised), tuple(not_assessed))


def _flag(regimen: Regimen, rule: Rule, values: Mapping[str, Value]) -> Flag:
    action = rule.then or ""
    return Flag(
        rule_id=rule.id,
        action=action,
        text=regimen.actions[action].label,
        rationale=rule.rationale,
        found=found_words(regimen, rule.conditions, values, "limit"),
        severity=rule.severity,
        blocking=rule.blocking,
        status=rule.status,
        citation=rule.citation,
        origin=rule.origin,
    )


def found_words(
    regimen: Regimen, conditions: Mapping[str, Condition], values: Mapping[str, Value], asked: str
) -> str:
    """Return the known inputs of some conditions, with the limits, introduced by ``asked``."""
    wording = []
    for name, condition in conditions.items():
        spec = regimen.inputs[name]
        if spec.role == "state":
            continue
        value, unit = values.get(name), shown_unit(spec.unit)
        known = "not known" if value is None else f"{shown_value(value)} {unit}".rstrip()
        limit = condition.text if "/" in condition.text else f"{condition.text} {unit}".rstrip()
        wording.append(f"{spec.label}: {known} ({asked}: {limit})")
    return "; ".join(wording)


def shown_value(value: Value) -> str:
    """Return a value as it is usually written."""
    return str(value) if isinstance(value, str) else f"{value:.6g}"
