"""From what a regimen file says to a proved `Regimen`; every fault of the file at once."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from protocol.errors import Fault, InputError, ProofError
from protocol.reading.documents import content_hash, validate
from protocol.regimen import language
from protocol.regimen.checks import faults_of_file
from protocol.regimen.conditions import Condition, parse_name_condition, parse_number_condition
from protocol.regimen.grid import Axis, Cell, fill, grid_of, smallest_example, spoken
from protocol.regimen.paths import faults_of_paths
from protocol.regimen.rules import DecisionTable, Phase, Regimen, Rule, StartCriterion

#: Cells of a table that can be proved in seconds and some hundred megabytes.
MAX_CELLS = 1_000_000


def compile_regimen(where: str, text: str, plain: Any, parameters: Mapping[str, float]) -> Regimen:
    """Check and prove a regimen; ``text`` is hashed, ``parameters`` replace the file's values."""
    file = validate(plain, language.RegimenFile, where)
    file = _with_parameters(file, parameters, where)
    faults = [Fault(where, *fault) for fault in faults_of_file(file)]
    if faults:
        raise InputError(faults)
    compiler = _Compiler(where, file)
    regimen = compiler.regimen(_hash(text, parameters))
    if compiler.faults:
        raise InputError(compiler.faults + compiler.unproved)
    if compiler.unproved:
        raise ProofError(compiler.unproved)
    if wrong := faults_of_paths(regimen):
        cure = "mend the table so that every man's therapy ends"
        raise ProofError(Fault(where, "tables.phase", fault, cure) for fault in wrong)
    return regimen


def _hash(text: str, parameters: Mapping[str, float]) -> str:
    changed = "".join(f"\n{name}={value!r}" for name, value in sorted(parameters.items()))
    return content_hash(text + changed)


def _with_parameters(
    file: language.RegimenFile, values: Mapping[str, float], where: str
) -> language.RegimenFile:
    unknown = [name for name in values if name not in file.parameters]
    if unknown:
        known = ", ".join(file.parameters)
        raise InputError(
            Fault(where, f"parameters.{name}", "there is no such parameter", f"there are: {known}")
            for name in unknown
        )
    if faults := [
        Fault(where, f"parameters.{name}", f"{value:g} is not allowed", "give -1e6 to 1e6")
        for name, value in values.items()
        if not abs(value) <= 1e6  # nor is anything that is not a number
    ]:
        raise InputError(faults)
    changed = {
        name: file.parameters[name].model_copy(
            update={"value": float(value), "status": "assumed", "note": "set by the user"}
        )
        for name, value in values.items()
    }
    return file.model_copy(update={"parameters": {**file.parameters, **changed}})


class _Compiler:
    """Collects faults while it turns each part of one file into its compiled form."""

    def __init__(self, where: str, file: language.RegimenFile) -> None:
        self.where = where
        self.file = file
        self.faults: list[Fault] = []
        self.unproved: list[Fault] = []
        self.numbers = {name: spec.value for name, spec in file.parameters.items()}

    def regimen(self, sha256: str) -> Regimen:
        file = self.file
        return Regimen(
            id=file.id,
            version=file.version,
            sha256=sha256,
            title=file.title,
            about=file.about.strip(),
            months=file.months,
            sources=file.sources,
            readings=file.readings,
            parameters=file.parameters,
            inputs=file.inputs,
            drugs=file.drugs,
            phases=tuple(
                Phase(
                    name=name,
                    code=code,
                    label=phase.label,
                    orders=phase.orders,
                    ends_therapy=phase.ends_therapy,
                    citation=self._citation(phase),
                )
                for code, (name, phase) in enumerate(file.phases.items())
            ),
            visits=file.visits,
            actions=file.actions,
            criteria=tuple(
                StartCriterion(
                    name=name,
                    label=spec.label,
                    conditions=self._conditions(spec.met_when, f"criteria.{name}.met_when"),
                    citation=self._citation(spec),
                )
                for name, spec in file.criteria.items()
            ),
            tables={name: self._table(name, spec) for name, spec in file.tables.items()},
            tolerances=file.tolerances,
        )

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
        spec = self.file.inputs[name]
        if spec.kind == "enum":
            condition = parse_name_condition(text, spec.values)
        else:
            same_unit = {
                parameter: value
                for parameter, value in self.numbers.items()
                if self.file.parameters[parameter].unit == spec.unit
            }
            condition = parse_number_condition(text, same_unit)
            _refuse_limits_never_crossed(condition, spec)
        if condition.missing and not spec.may_be_missing:
            raise ValueError("this input is never missing; drop the word 'missing'")
        return condition

    def _table(self, name: str, spec: language.TableSpec) -> DecisionTable:
        before = len(self.faults)
        rules = tuple(
            Rule(
                id=rule.id,
                conditions=self._conditions(rule.when, f"tables.{name}.rules.{rule.id}.when"),
                outcome=rule.outcome,
                then=rule.then,
                because=rule.because,
                citation=self._citation(rule),
                status=rule.status,
            )
            for rule in spec.rules
        )
        grid = None
        axes = axes_of(self.file.inputs, spec.inputs, rules)
        if spec.hit == "unique" and len(self.faults) == before and self._fits(name, axes):
            filled = fill(axes, [rule.conditions for rule in rules])
            faults = [
                Fault(self.where, f"tables.{name}", *found)
                for found in table_faults(axes, rules, filled)
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


def _refuse_limits_never_crossed(condition: Condition, spec: language.InputSpec) -> None:
    """Raise if a limit of a number lies at or beyond an end of its plausible range."""
    low, high = spec.plausible or (0.0, 0.0)
    for limit in sorted(condition.limits):
        inside = low <= limit <= high if spec.kind == "integer" else low < limit < high
        if not inside:
            raise ValueError(
                f"{limit:g} is not inside the plausible range {low:g} to {high:g}; "
                "no man could be on its other side: widen `plausible` or drop it"
            )


def axes_of(
    inputs: Mapping[str, language.InputSpec], names: Sequence[str], rules: Sequence[Rule]
) -> tuple[Axis, ...]:
    """Cut each input at every number that a rule names."""
    axes = []
    for name in names:
        spec = inputs[name]
        low, high = spec.plausible or (0.0, 0.0)
        limits = {
            limit
            for rule in rules
            if name in rule.conditions
            for limit in rule.conditions[name].limits
        }
        axes.append(
            Axis(
                name=name,
                kind=spec.kind,
                may_be_missing=spec.may_be_missing,
                low=low,
                high=high,
                cuts=tuple(sorted(limits)) if spec.kind == "number" else (),
                values=spec.values,
            )
        )
    return tuple(axes)


def table_faults(
    axes: Sequence[Axis], rules: Sequence[Rule], filled: Mapping[Cell, Sequence[int]]
) -> Iterator[tuple[str, str]]:
    """Yield (problem, cure) for holes, double hits and rules that never fire."""
    holes = [cell for cell, hits in filled.items() if not hits]
    if holes:
        man = spoken(smallest_example(axes, holes))
        yield f"no rule fires for a man with {man}", "add a rule for him, or widen one"
    doubles: dict[tuple[int, int], list[Cell]] = {}
    for cell, hits in filled.items():
        if len(hits) > 1:
            doubles.setdefault((hits[0], hits[1]), []).append(cell)
    for (one, two), cells in sorted(doubles.items()):
        man = spoken(smallest_example(axes, cells))
        yield (
            f"rules {rules[one].id} and {rules[two].id} both fire for a man with {man}",
            "narrow one of them",
        )
    fired = {number for hits in filled.values() for number in hits}
    for number, rule in enumerate(rules):
        if number not in fired:
            yield f"rule {rule.id} can never fire", "mend its conditions, or remove it"
