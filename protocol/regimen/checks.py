"""Consistency checks of a regimen file before its tables are read."""

from collections.abc import Iterable, Iterator

from protocol.regimen import language
from protocol.regimen.unit_checks import faults_of_treatment, faults_of_units

#: The required tables of a regimen, and the state of a patient before therapy.
REQUIRED_TABLES = ("phase", "end-of-therapy")
NO_PHASE = "none"


def faults_of_file(file: language.RegimenFile) -> Iterator[tuple[str, str, str]]:
    """Yield (field, problem, cure) for names that refer to nothing, and parts that do not fit."""
    for field, kind, name, known in _references(file):
        if name not in known:
            yield field, f"there is no {kind} {name!r}", f"declared: {', '.join(known) or 'none'}"
    for name in REQUIRED_TABLES:
        if name not in file.tables:
            yield f"tables.{name}", "it is missing", "add the table"
    yield from _faults_of_inputs(file)
    yield from faults_of_units(file)
    yield from faults_of_treatment(file)
    yield from _unused_parameters(file)
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
                    yield f"{field}.when.{used}", "this is not an input of the table", cure
            if table.hit == "unique" and (rule.blocking or rule.severity != "warning"):
                cure = "only rules of a table that collects raise flags; remove it"
                yield f"{field}.severity", "the table is unique", cure
    if sum(phase.ends_therapy for phase in file.phases.values()) != 1:
        yield "phases", "not exactly one phase ends therapy", "give one `ends_therapy: true`"
    for name, phase in file.phases.items():
        if phase.ends_therapy and phase.orders:
            yield f"phases.{name}.orders", "therapy has ended", "remove the orders"
    for name, action in file.actions.items():
        for used in action.requires:
            if used not in file.inputs:
                yield f"actions.{name}.requires", f"there is no input {used!r}", "declare it"


def _unused_parameters(file: language.RegimenFile) -> Iterator[tuple[str, str, str]]:
    """Yield a fault for a parameter that no condition uses."""
    conditions = [rule.when for table in file.tables.values() for rule in table.rules]
    conditions += [criterion.met_when for criterion in file.criteria.values()]
    words = {word for when in conditions for text in when.values() for word in text.split()}
    for name in file.parameters:
        if name not in words:
            yield f"parameters.{name}", "no condition names it", "name it, or remove it (`null`)"


def _faults_of_answer(
    file: language.RegimenFile, table: str, rule: language.RuleSpec
) -> Iterator[tuple[str, str, str]]:
    """Yield a fault if outcome and answer are inconsistent."""
    field = f"tables.{table}.rules.{rule.id}.then"
    if rule.outcome == "recommendation":
        if rule.then is None:
            yield field, "it is missing", "a recommendation must name what to do"
        return
    phase = file.phases.get(rule.then or "") if table == "phase" else None
    ends = rule.outcome == "no action required" and phase is not None and phase.ends_therapy
    if rule.then is not None and not ends:
        problem = f"{rule.then!r} is named though the outcome is {rule.outcome!r}"
        cure = "remove it; only a recommendation names what to do, or the phase that ends therapy"
        yield field, problem, cure


def _references(
    file: language.RegimenFile,
) -> Iterator[tuple[str, str, str, Iterable[str]]]:
    """Yield (field, kind, name, known names) for every name that must be declared elsewhere."""
    for name, parameter in file.parameters.items():
        yield f"parameters.{name}.source", "source", parameter.source, file.sources
    for name, ends in file.reference_ranges.items():
        for end, parameter_name in (("low", ends.low), ("high", ends.high)):
            if parameter_name is not None:
                field = f"reference_ranges.{name}.{end}"
                yield field, "parameter", parameter_name, file.parameters
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
    if "phase_before" in file.inputs:
        yield "inputs.phase_before", "this input is called previous_phase", "rename it"
    for name, spec in file.inputs.items():
        field = f"inputs.{name}"
        if spec.kind == "enum":
            if not spec.values:
                yield f"{field}.values", "an enum has no values", "list its names"
            if len(set(spec.values)) != len(spec.values):
                yield f"{field}.values", "a name is given twice", "remove the second"
            continue
        if spec.plausible is None or not spec.plausible[0] < spec.plausible[1]:
            yield (
                f"{field}.plausible",
                f"{spec.plausible} is not a range",
                "write [lowest, highest]",
            )
        elif spec.kind == "integer" and any(end != int(end) for end in spec.plausible):
            yield f"{field}.plausible", f"{spec.plausible} are not integers", "write whole numbers"
        if not spec.unit:
            yield f"{field}.unit", "a number has no unit", 'write its UCUM unit, or "1"'
    expected = (NO_PHASE, *file.phases)
    before = file.inputs.get("previous_phase")
    if before is not None and before.values != expected:
        yield (
            "inputs.previous_phase.values",
            f"{list(before.values)} does not match the phases",
            f"write [{', '.join(expected)}]",
        )
