"""Compile a regimen file to a proved `Regimen`; all faults of the file are reported together."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from protocol.errors import Fault, InputError, ProofError
from protocol.reading.analytes import Analyte
from protocol.reading.documents import validate
from protocol.reading.quantities import analyte_file, convert, convertible
from protocol.regimen import language, parts
from protocol.regimen.checks import faults_of_file
from protocol.regimen.conditions import (
    Condition,
    parse_name_condition,
    parse_number_condition,
)
from protocol.regimen.grid import Axis, fill, grid_of
from protocol.regimen.language import part_of
from protocol.regimen.parts import analyte_of
from protocol.regimen.paths import faults_of_paths
from protocol.regimen.replaced_parameters import hash_with, with_parameters
from protocol.regimen.rules import DecisionTable, Phase, Regimen, Rule, StartCriterion
from protocol.regimen.table_proof import axes_of, misused_actions, table_faults

#: Maximum number of cells of a table: proved in seconds with a few hundred megabytes.
MAX_CELLS = 1_000_000


def compile_regimen(
    where: str,
    text: str,
    plain: Any,
    parameters: Mapping[str, float | parts.NewValue],
    origins: Mapping[str, str],
) -> Regimen:
    """Check and prove a regimen.

    ``text`` is hashed, ``parameters`` replace the file's values, and ``origins`` names the file
    of each entry.
    """
    file = validate(plain, language.RegimenFile, where)
    new = {
        name: value if isinstance(value, parts.NewValue) else parts.NewValue(value)
        for name, value in parameters.items()
    }
    file = with_parameters(file, new, where)
    faults = [Fault(where, *fault) for fault in faults_of_file(file)]
    if faults:
        raise InputError(faults)
    set_by = {f"parameters.{name}": f"set by {value.set_by}" for name, value in new.items()}
    compiler = _Compiler(where, file, {**origins, **set_by})
    regimen = compiler.regimen(hash_with(text, new))
    if compiler.faults:
        raise InputError(compiler.faults + compiler.unproved)
    if compiler.unproved:
        raise ProofError(compiler.unproved)
    if wrong := faults_of_paths(regimen):
        cure = "change the table so that the therapy of every patient ends"
        raise ProofError(Fault(where, "tables.phase", fault, cure) for fault in wrong)
    return regimen


#: Parameters in the unit of an input, the texts of converted ones, and those of another dimension.
_InUnit = tuple[dict[str, float], dict[str, str], set[str]]


class _Compiler:
    """Compiles each part of one file and collects faults."""

    def __init__(self, where: str, file: language.RegimenFile, origins: Mapping[str, str]) -> None:
        self.where = where
        self.file = file
        self.origins = origins
        self.analytes = {**analyte_file().analytes, **part_of(file.analytes)}
        self.inputs: dict[str, parts.Input] = part_of(file.inputs)
        self.faults: list[Fault] = []
        self.unproved: list[Fault] = []
        self._parameters: dict[str, _InUnit] = {}
        self.required = {
            name: self._conditions(action.requires, f"actions.{name}.requires")
            for name, action in file.actions.items()
        }

    def regimen(self, sha256: str) -> Regimen:
        file = self.file
        return Regimen(
            id=file.id,
            version=file.version,
            sha256=sha256,
            title=file.title,
            about=file.about.strip(),
            months=file.months,
            sources=part_of(file.sources),
            readings=part_of(file.readings),
            parameters=part_of(file.parameters),
            reference_ranges=part_of(file.reference_ranges),
            inputs=self.inputs,
            drugs=part_of(file.drugs),
            phases=tuple(self._phases()),
            visits=part_of(file.visits),
            actions=part_of(file.actions),
            criteria=tuple(self._criteria()),
            tables={name: self._table(name, spec) for name, spec in file.tables.items()},
            tolerances=part_of(file.tolerances),
            analytes=self.analytes,
            origins=self.origins,
        )

    def _phases(self) -> Iterator[Phase]:
        for code, (name, phase) in enumerate(self.file.phases.items()):
            yield Phase(
                name=name,
                code=code,
                label=phase.label,
                orders=part_of(phase.orders),
                ends_therapy=phase.ends_therapy,
                citation=self._citation(phase),
                status=phase.status,
                origin=self._origin(f"phases.{name}"),
            )

    def _criteria(self) -> Iterator[StartCriterion]:
        for name, spec in self.file.criteria.items():
            yield StartCriterion(
                name=name,
                label=spec.label,
                conditions=self._conditions(spec.met_when, f"criteria.{name}.met_when"),
                citation=self._citation(spec),
                status=spec.status,
                origin=self._origin(f"criteria.{name}"),
            )

    def _origin(self, entry: str) -> str:
        return self.origins.get(entry, self.file.id)

    def _citation(self, spec: language.PhaseSpec | language.RuleSpec | language.Criterion) -> str:
        source = self.file.sources[spec.source]
        doi = f", doi {source.doi}" if source.doi else ""
        return f"{source.title}{doi}; {spec.locator}"

    def _conditions(self, when: Mapping[str, str], field: str) -> dict[str, Condition]:
        read: dict[str, Condition] = {}
        for name, text in when.items():
            try:
                read[name] = self._condition(name, text)
            except ValueError as error:
                problem, _, cure = str(error).partition("; ")
                self.faults.append(Fault(self.where, f"{field}.{name}", problem, cure))
        return read

    def _condition(self, name: str, text: str) -> Condition:
        spec = self.inputs[name]
        if spec.kind == "enum":
            condition = parse_name_condition(text, spec.values)
        else:
            if name not in self._parameters:  # many conditions of one input
                self._parameters[name] = self._parameters_in(name, spec)
            numbers, spellings, foreign = self._parameters[name]
            if named := [word for word in text.split() if word in foreign]:
                unit = self.file.parameters[named[0]].unit
                raise ValueError(
                    f"the parameter {named[0]!r} is in {unit}, the input in {spec.unit}; "
                    "compare numbers of one dimension"
                )
            condition = parse_number_condition(text, numbers, spellings)
            _refuse_limits_never_crossed(condition, spec)
        if condition.missing and not spec.may_be_missing:
            raise ValueError("this input is never missing; drop the word 'missing'")
        return condition

    def _parameters_in(self, name: str, spec: parts.Input) -> "_InUnit":
        """Return the parameters in the unit of an input, and those of another dimension.

        The mapping in between gives the texts of converted parameters.
        """
        analyte = self.analytes.get(analyte_of(self._measured_by(name), spec) or "")
        numbers: dict[str, float] = {}
        spellings: dict[str, str] = {}
        foreign: set[str] = set()
        for parameter, declared in self.file.parameters.items():
            unit, wanted = declared.unit, spec.unit or "1"
            if unit == wanted:
                numbers[parameter] = declared.value
            elif convertible(analyte, unit, wanted):
                known = analyte or Analyte(label=name, unit=wanted)
                numbers[parameter] = convert(known, declared.value, unit, wanted, parameter)
                spellings[parameter] = f"{declared.value:.12g} {unit}"
            else:
                foreign.add(parameter)
        return numbers, spellings, foreign

    def _measured_by(self, name: str) -> str:
        """Return the input that provides the results of an input: another one if it is computed."""
        computed = self.inputs[name].computed
        return computed.of if computed and computed.of in self.inputs else name

    def _table(self, name: str, spec: language.TableSpec) -> DecisionTable:
        before = len(self.faults)
        rules = tuple(
            Rule(
                id=rule.id,
                conditions=self._conditions(rule.when, f"tables.{name}.rules.{rule.id}.when"),
                outcome=rule.outcome,
                then=rule.then,
                rationale=rule.rationale,
                citation=self._citation(rule),
                status=rule.status,
                severity=rule.severity,
                blocking=rule.blocking,
                origin=self._origin(f"tables.{name}"),
            )
            for rule in spec.rules
        )
        grid = None
        axes = axes_of(self.inputs, spec.inputs, rules)
        if spec.hit == "unique" and len(self.faults) == before and self._fits(name, axes):
            filled = fill(axes, [rule.conditions for rule in rules])
            faults = [
                Fault(self.where, f"tables.{name}", *found)
                for found in (
                    *table_faults(axes, rules, filled),
                    *misused_actions(axes, rules, self.required),
                )
            ]
            self.unproved += faults
            grid = None if faults else grid_of(axes, filled)
        return DecisionTable(name, spec.question, spec.inputs, rules, grid)

    def _fits(self, name: str, axes: Sequence[Axis]) -> bool:
        """Whether a table is small enough to be proved; a fault is noted if it is not."""
        cells = prod(axis.measured_cells + axis.may_be_missing for axis in axes)
        if cells > MAX_CELLS:
            problem = f"its inputs have {cells:,} combinations"
            cure = f"name fewer inputs, limits or values: at most {MAX_CELLS:,} combinations"
            self.faults.append(Fault(self.where, f"tables.{name}", problem, cure))
        return cells <= MAX_CELLS


def _refuse_limits_never_crossed(condition: Condition, spec: parts.Input) -> None:
    """Raise if a limit of a number is at or beyond an end of its plausible range."""
    low, high = spec.plausible or (0.0, 0.0)
    for limit in sorted(condition.limits):
        inside = low <= limit <= high if spec.kind == "integer" else low < limit < high
        if not inside:
            raise ValueError(
                f"{limit:g} is not inside the plausible range {low:g} to {high:g}; "
                "no patient could be on its other side: widen `plausible` or drop it"
            )
