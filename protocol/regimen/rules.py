"""The classes of a compiled regimen; `load.load_regimen` builds one from a file."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.reading.analytes import Analyte
from protocol.regimen import parts
from protocol.regimen.conditions import Condition
from protocol.regimen.grid import DecisionGrid


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table. ``then`` names a phase or an action, or is None."""

    id: str
    conditions: Mapping[str, Condition]
    outcome: parts.Outcome
    then: str | None
    rationale: str
    citation: str
    status: parts.Status
    severity: parts.Severity = "warning"
    blocking: bool = False
    origin: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class DecisionTable:
    """A table and its rules. ``grid`` is None for a table that collects.

    Two tables are equal only if they are the same object, so that results can be cached by table.
    """

    name: str
    question: str
    inputs: tuple[str, ...]
    rules: tuple[Rule, ...]
    grid: DecisionGrid | None

    @property
    def proved(self) -> DecisionGrid:
        """The grid of a unique table."""
        if self.grid is None:
            raise TypeError(f"the table {self.name} collects; it has no grid")
        return self.grid


@dataclass(frozen=True, slots=True)
class Phase:
    """A state of therapy; ``code`` is its place in the file, from 0."""

    name: str
    code: int
    label: str
    orders: tuple[parts.Order, ...]
    ends_therapy: bool
    citation: str
    status: parts.Status = "assumed"
    origin: str = ""


@dataclass(frozen=True, slots=True)
class StartCriterion:
    """One entry criterion: all of its conditions must be met before therapy starts."""

    name: str
    label: str
    conditions: Mapping[str, Condition]
    citation: str
    status: parts.Status = "assumed"
    origin: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Regimen:
    """A proved regimen. ``sha256`` covers its file and the files that it extends.

    ``months`` is the longest therapy, in months of 30 days. ``phases`` are in the file's order.
    ``analytes`` are the shipped ones and the file's own; ``reference_ranges`` names the parameters
    that hold the normal range of an analyte. ``origins`` names the regimen file that defines an
    entry, by its dotted path, such as ``phases.hcg`` or ``parameters.fsh_low``.
    """

    id: str
    version: str
    sha256: str
    title: str
    about: str
    months: int
    sources: Mapping[str, parts.Source]
    readings: Mapping[str, parts.Reading]
    parameters: Mapping[str, parts.Parameter]
    reference_ranges: Mapping[str, parts.RangeParameters]
    inputs: Mapping[str, parts.Input]
    drugs: Mapping[str, parts.Drug]
    phases: tuple[Phase, ...]
    visits: Mapping[str, parts.Visit]
    actions: Mapping[str, parts.Action]
    criteria: tuple[StartCriterion, ...]
    tables: Mapping[str, DecisionTable]
    tolerances: parts.Tolerances
    analytes: Mapping[str, Analyte]
    origins: Mapping[str, str]

    def inputs_of(self, analyte: str) -> tuple[str, ...]:
        """Return the inputs that use results of an analyte, in declared order."""
        return tuple(
            name for name, spec in self.inputs.items() if parts.analyte_of(name, spec) == analyte
        )

    def phase(self, name: str) -> Phase:
        """Return a phase by name; KeyError if there is none."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise KeyError(name)


def facts_asked(regimen: Regimen) -> frozenset[str]:
    """Return the inputs that entry criteria use."""
    return frozenset(name for criterion in regimen.criteria for name in criterion.conditions)
