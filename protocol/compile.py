"""From what a regimen file says to a proved `Regimen`; every fault of the file at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from protocol import language
from protocol.conditions import Condition, parse_name_condition, parse_number_condition
from protocol.documents import content_hash, validate
from protocol.errors import Fault, InputError, ProofError
from protocol.grid import Axis, Cell, fill, grid_of, smallest_example, spoken
from protocol.paths import faults_of_paths
from protocol.rules import Criterion, DecisionTable, Phase, Regimen, Rule

#: The tables without which there is no regimen, and the inputs that state where a man is.
REQUIRED_TABLES = ("phase", "end-of-therapy")
NO_PHASE = "none"


def compile_regimen(where: str, text: str, plain: Any, parameters: Mapping[str, float]) -> Regimen:
    """Check and prove a regimen; ``text`` is hashed, ``parameters`` replace the file's values."""
    file = validate(plain, language.RegimenFile, where)
    file = _with_parameters(file, parameters, where)
    faults = [Fault(where, *fault) for fault in _faults_of_names(file)]
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
    changed = {
        name: file.parameters[name].model_copy(
            update={"value": float(value), "status": "assumed", "note": "set by the user"}
        )
        for name, value in values.items()
    }
    return file.model_copy(update={"parameters": {**file.parameters, **changed}})


def _faults_of_names(file: language.RegimenFile) -> Iterator[tuple[str, str, str]]:
    """Yield (field, problem, cure) for every name that refers to nothing."""
    for field, kind, name, known in _references(file):
        if name not in known:
            yield field, f"there is no {kind} {name!r}", f"declared: {', '.join(known) or 'none'}"
    for name in REQUIRED_TABLES:
        if name not in file.tables:
            yield f"tables.{name}", "it is missing", "add the table"
    yield from _faults_of_inputs(file)
    for name, table in file.tables.items():
        ids = [rule.id for rule in table.rules]
        for twice in sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1}):
            yield f"tables.{name}.rules", f"the id {twice!r} is given twice", "number rules apart"
        if table.hit == "collect" and name in REQUIRED_TABLES:
            yield f"tables.{name}.hit", "it collects", "this table must be unique"
        for rule in table.rules:
            field = f"tables.{name}.rules.{rule.id}"
            yield from _faults_of_answer(file, name, rule)
            for used in rule.when:
                if used not in table.inputs:
                    cure = f"add it to tables.{name}.inputs"
                    yield f"{field}.when.{used}", "the table does not look at this input", cure
    if sum(phase.ends_therapy for phase in file.phases.values()) != 1:
        yield "phases", "not exactly one phase ends therapy", "give one `ends_therapy: true`"
    for name, phase in file.phases.items():
        if phase.ends_therapy and phase.orders:
            yield f"phases.{name}.orders", "therapy has ended", "remove the orders"


def _faults_of_answer(
    file: language.RegimenFile, table: str, rule: language.RuleSpec
) -> Iterator[tuple[str, str, str]]:
    """Yield a fault where outcome and answer do not fit each other."""
    field = f"tables.{table}.rules.{rule.id}.then"
    if rule.outcome == "advice":
        if rule.then is None:
            yield field, "it is missing", "advice must name what to do"
        return
    phase = file.phases.get(rule.then or "") if table == "phase" else None
    ends = rule.outcome == "nothing due" and phase is not None and phase.ends_therapy
    if rule.then is not None and not ends:
        problem = f"{rule.then!r} is named though the outcome is {rule.outcome!r}"
        cure = "remove it; only advice names what to do, and `nothing due` the phase of rest"
        yield field, problem, cure


def _references(
    file: language.RegimenFile,
) -> Iterator[tuple[str, str, str, Iterable[str]]]:
    """Yield (field, kind, name, known names) for every name that must be declared elsewhere."""
    for name, parameter in file.parameters.items():
        yield f"parameters.{name}.source", "source", parameter.source, file.sources
    for name, phase in file.phases.items():
        yield f"phases.{name}.source", "source", phase.source, file.sources
        for i, order in enumerate(phase.orders):
            yield f"phases.{name}.orders.{i}.drug", "drug", order.drug, file.drugs
    for name, visit in file.visits.items():
        yield f"visits.{name}.source", "source", visit.source, file.sources
        for measured in visit.measure:
            yield f"visits.{name}.measure", "input", measured, file.inputs
    for name, criterion in file.criteria.items():
        yield f"criteria.{name}.source", "source", criterion.source, file.sources
        for used in criterion.met_when:
            yield f"criteria.{name}.met_when", "input", used, file.inputs
    for name, table in file.tables.items():
        for used in table.inputs:
            yield f"tables.{name}.inputs", "input", used, file.inputs
        answers: Iterable[str] = file.phases if name == "phase" else file.actions
        kind = "phase" if name == "phase" else "action"
        for rule in table.rules:
            field = f"tables.{name}.rules.{rule.id}"
            yield f"{field}.source", "source", rule.source, file.sources
            if rule.then is not None:
                yield f"{field}.then", kind, rule.then, answers


def _faults_of_inputs(file: language.RegimenFile) -> Iterator[tuple[str, str, str]]:
    for name, spec in file.inputs.items():
        field = f"inputs.{name}"
        if spec.kind == "enum":
            if not spec.values:
                yield f"{field}.values", "an enum has no values", "list its names"
            if len(set(spec.values)) != len(spec.values):
                yield f"{field}.values", "a name is given twice", "remove the second"
            continue
        if spec.plausible is None or not spec.plausible[0] < spec.plausible[1]:
            yield f"{field}.plausible", f"{spec.plausible} is no range", "write [lowest, highest]"
        elif spec.kind == "integer" and any(end != int(end) for end in spec.plausible):
            yield f"{field}.plausible", f"{spec.plausible} are no integers", "write whole numbers"
        if not spec.unit:
            yield f"{field}.unit", "a number has no unit", 'write its UCUM unit, or "1"'
    expected = (NO_PHASE, *file.phases)
    before = file.inputs.get("phase_before")
    if before is not None and before.values != expected:
        yield (
            "inputs.phase_before.values",
            f"{list(before.values)} does not match the phases",
            f"write [{', '.join(expected)}]",
        )


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
                Criterion(
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
        if spec.hit == "unique" and len(self.faults) == before:
            axes = axes_of(self.file.inputs, spec.inputs, rules)
            filled = fill(axes, [rule.conditions for rule in rules])
            faults = [
                Fault(self.where, f"tables.{name}", *found)
                for found in table_faults(axes, rules, filled)
            ]
            self.unproved += faults
            grid = None if faults else grid_of(axes, filled)
        return DecisionTable(name, spec.question, spec.inputs, rules, grid)


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
