"""Cases: statements that a clinician stores with a regimen, which the regimen must satisfy."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from protocol.bedside.decide import check_values, decide
from protocol.bedside.entry import check_entry, raise_flags, together
from protocol.errors import InputError
from protocol.reading.analytes import Analyte
from protocol.reading.documents import Document, parse_document, read_text
from protocol.reading.fields import Fact, Name, Text
from protocol.reading.numbers import read_number
from protocol.reading.quantities import convert
from protocol.regimen.conditions import Value
from protocol.regimen.load import CASES_SUFFIX, SHIPPED, list_regimens
from protocol.regimen.parts import Outcome, analyte_of
from protocol.regimen.rules import Regimen


class Case(Document):
    """One statement, the known facts of the patient, and the expected answer of the table.

    ``given`` holds inputs by name, in their units or as text with another, such as ``600 ng/dL``;
    an absent input is missing. For the table ``eligibility`` it holds the facts for entry criteria,
    and ``failed`` and ``unknown`` list the criteria expected to be so; for ``flags``, ``raised``
    lists the flags expected to be raised.
    """

    statement: Text
    table: Name
    given: dict[Name, Fact] = Field(default_factory=dict)
    outcome: Outcome | None = None
    then: Name | None = None
    rule: str | None = None
    missing_inputs: tuple[str, ...] | None = None
    failed: tuple[str, ...] | None = None
    unknown: tuple[str, ...] | None = None
    raised: tuple[str, ...] | None = None


class CaseFile(Document):
    """A file of cases; each belongs to one regimen.

    ``also`` includes the cases of another shipped regimen for the tables that it names.
    """

    regimen: Name
    also: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Whether a case passed; ``wrong`` describes the difference and is empty if it passed."""

    case: Case
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the regimen satisfies the statement."""
        return not self.wrong


def load_cases(name_or_path: str | Path) -> CaseFile:
    """Return the cases of a shipped regimen, or of a regimen file of your own.

    The cases of ``mine.yaml`` are in ``mine.cases.yaml``.
    """
    name = str(name_or_path)
    if name in list_regimens():
        path = SHIPPED / f"{name}{CASES_SUFFIX}"
        if not path.is_file():
            raise InputError.of(name, "", "it has no cases", f"write {name}{CASES_SUFFIX}")
        return _whole(parse_document(path.read_text(encoding="utf-8"), CaseFile, path.name))
    own = Path(name)
    beside = own if name.endswith(CASES_SUFFIX) else own.with_name(own.stem + CASES_SUFFIX)
    return _whole(parse_document(read_text(beside), CaseFile, str(beside)))


def _whole(file: CaseFile) -> CaseFile:
    """Add the cases of other regimens."""
    borrowed = [
        case
        for name, tables in file.also.items()
        for case in load_cases(name).cases
        if case.table in tables
    ]
    return file.model_copy(update={"cases": (*file.cases, *borrowed)})


def run_cases(regimen: Regimen, file: CaseFile) -> tuple[CaseResult, ...]:
    """Run every case; one whose input is refused fails with the reason."""
    return tuple(run_case(regimen, case) for case in file.cases)


def run_case(regimen: Regimen, case: Case) -> CaseResult:
    """Run one case."""
    try:
        found = _found(regimen, case.table, _converted(regimen, case.given))
    except InputError as error:
        return CaseResult(case, tuple(str(fault) for fault in error.faults))
    wrong = [] if _expects(case) else ["it expects nothing; give an outcome, a rule or flags"]
    for field in EXPECTATIONS:
        wanted = getattr(case, field)
        if wanted is not None and found.get(field) != wanted:
            wrong.append(f"{field} is {_words(found.get(field))}, not {_words(wanted)}")
    return CaseResult(case, tuple(wrong))


#: What a case may expect from its table.
EXPECTATIONS = ("outcome", "then", "rule", "missing_inputs", "failed", "unknown", "raised")

_WITH_UNIT = re.compile(r"\s*([-+.\d]+)\s+(\S+)\s*")


def _expects(case: Case) -> bool:
    return any(getattr(case, field) is not None for field in EXPECTATIONS)


def _converted(regimen: Regimen, given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the given values; numbers with a unit are converted to the units of their inputs."""
    values = dict(given)
    for name, value in given.items():
        spec = regimen.inputs.get(name)
        found = _WITH_UNIT.fullmatch(value) if isinstance(value, str) else None
        if spec is not None and spec.kind != "enum" and found is not None:
            analyte = regimen.analytes.get(analyte_of(name, spec) or "")
            known = analyte or Analyte(label=spec.label, unit=spec.unit or "1")
            number = read_number(found[1], "given", name)
            values[name] = convert(known, number, found[2], spec.unit or "1", f"given: {name}")
    return values


def _found(regimen: Regimen, table: str, given: dict[str, Value]) -> dict[str, object]:
    if table == "flags" and table in regimen.tables:
        checked = {"month": 1.0} | given
        check_values(regimen, regimen.tables[table], checked, "given")
        raised = raise_flags(regimen, checked).raised
        return {"raised": tuple(flag.action for flag in raised)}
    entry: dict[str, object] = {}
    if table == "eligibility" and "criteria" not in given:
        results = check_entry(regimen, given)
        for verdict in ("failed", "unknown"):
            entry[verdict] = tuple(item.name for item in results if item.verdict == verdict)
        given = {"criteria": together(results)}
    decision = decide(regimen, table, given, where="given")
    return {
        "outcome": decision.outcome,
        "then": decision.action,
        "rule": decision.rule_id,
        "missing_inputs": decision.missing_inputs,
        **entry,
    }


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)
