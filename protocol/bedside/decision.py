"""The parts of a decision: the answer, the rule, its inputs, and the nearest change."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from protocol.regimen import parts
from protocol.regimen.conditions import Value


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input as the table used it. ``value`` None is missing; ``unit`` is UCUM.

    With ``qualifier`` ``<`` or ``>`` the true value lies below or above ``value``.
    """

    name: str
    label: str
    value: Value
    unit: str | None
    date: dt.date | None = None
    source: str | None = None
    note: str = ""
    qualifier: Literal["", "<", ">"] = ""


@dataclass(frozen=True, slots=True)
class Boundary:
    """The nearest number at which the answer changes; ``distance`` is in the input's unit."""

    input: str
    limit: float
    distance: float
    unit: str


@dataclass(frozen=True, slots=True)
class NearestChange:
    """A change of a single input that changes the answer. ``to`` is in words: ``above 11.1``."""

    input: str
    to: str
    rule_id: str
    outcome: parts.Outcome
    action: str | None


@dataclass(frozen=True, slots=True)
class RuleNotMet:
    """A rule that did not fire, and each condition that failed."""

    rule_id: str
    outcome: parts.Outcome
    action: str | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DoseOrder:
    """One repeated dose; ``origin`` is the regimen file that orders it.

    ``every`` is its rhythm in words.
    """

    drug: str
    label: str
    dose: float
    unit: parts.DoseUnit
    route: str
    every: str
    interval_days: int | None
    offset_day: int
    weekdays: tuple[str, ...]
    status: parts.Status
    citation: str
    origin: str


@dataclass(frozen=True, slots=True)
class ParameterUsed:
    """A number that the rule compares with, and the file that defines it."""

    name: str
    value: float
    unit: str
    status: parts.Status
    citation: str
    origin: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of one table for one patient.

    ``orders`` are those of the phase named by ``action``; ``status``, ``citation`` and ``origin``
    are those of the rule, and each order and parameter has its own. If data are insufficient,
    ``missing_inputs`` names the inputs whose measurement would allow a decision. ``boundary`` is
    None if no measured number could change the answer; ``nearest_change`` is None if no single
    measured input could.
    """

    regimen_id: str
    regimen_version: str
    regimen_sha256: str
    table: str
    question: str
    outcome: parts.Outcome
    action: str | None
    recommendation: str
    orders: tuple[DoseOrder, ...]
    rule_id: str
    rationale: str
    citation: str
    status: parts.Status
    origin: str
    parameters: tuple[ParameterUsed, ...]
    inputs: tuple[InputValue, ...]
    missing_inputs: tuple[str, ...]
    boundary: Boundary | None
    nearest_change: NearestChange | None
    rules_not_met: tuple[RuleNotMet, ...]
