"""What a decision holds: the answer, the rule, what was looked at, and what would change it."""

import datetime as dt
from dataclasses import dataclass

from protocol.regimen import language
from protocol.regimen.conditions import Value


@dataclass(frozen=True, slots=True)
class InputValue:
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
class NearestChange:
    """A change of one input alone that changes the answer. ``to`` is spoken: ``above 11.1``."""

    input: str
    to: str
    rule_id: str
    outcome: language.Outcome
    action: str | None


@dataclass(frozen=True, slots=True)
class RuleNotMet:
    """A rule that did not fire, and each condition that failed."""

    rule_id: str
    outcome: language.Outcome
    action: str | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of one table for one man.

    ``orders`` are those of the phase named by ``action``. ``missing_inputs`` names, when data are
    insufficient, the inputs that would settle the matter if they were measured. ``boundary`` is
    None when no measured number could change the answer; so is ``nearest_change`` when no single
    measured input could.
    """

    regimen_id: str
    regimen_version: str
    regimen_sha256: str
    table: str
    question: str
    outcome: language.Outcome
    action: str | None
    recommendation: str
    orders: tuple[language.Order, ...]
    rule_id: str
    rationale: str
    citation: str
    status: language.Status
    inputs: tuple[InputValue, ...]
    missing_inputs: tuple[str, ...]
    boundary: Boundary | None
    nearest_change: NearestChange | None
    rules_not_met: tuple[RuleNotMet, ...]
