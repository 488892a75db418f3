"""What a compiled regimen is made of. `load.load_regimen` makes one from a file."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.regimen import language
from protocol.regimen.conditions import Condition
from protocol.regimen.grid import DecisionGrid


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table. ``then`` names a phase or an action; None says nothing is named."""

    id: str
    conditions: Mapping[str, Condition]
    outcome: language.Outcome
    then: str | None
    because: str
    citation: str
    status: language.Status


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A table and its rules. ``grid`` is None for a table that collects."""

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
    orders: tuple[language.Order, ...]
    ends_therapy: bool
    citation: str


@dataclass(frozen=True, slots=True)
class StartCriterion:
    """One thing that must hold before a man may start: all of its conditions."""

    name: str
    label: str
    conditions: Mapping[str, Condition]
    citation: str


@dataclass(frozen=True, slots=True, eq=False)
class Regimen:
    """A proved regimen. ``sha256`` covers its file and the files that it extends.

    ``months`` is the longest therapy, in months of 30 days. ``phases`` are in the file's order.
    """

    id: str
    version: str
    sha256: str
    title: str
    about: str
    months: int
    sources: Mapping[str, language.Source]
    readings: Mapping[str, language.Reading]
    parameters: Mapping[str, language.Parameter]
    inputs: Mapping[str, language.InputSpec]
    drugs: Mapping[str, language.Drug]
    phases: tuple[Phase, ...]
    visits: Mapping[str, language.Visit]
    actions: Mapping[str, str]
    criteria: tuple[StartCriterion, ...]
    tables: Mapping[str, DecisionTable]
    tolerances: language.Tolerances

    def phase(self, name: str) -> Phase:
        """Return a phase by name; KeyError if there is none."""
        for phase in self.phases:
            if phase.name == name:
                return phase
        raise KeyError(name)
