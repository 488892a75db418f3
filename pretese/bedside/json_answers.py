"""Results as JSON documents with schema name and program version."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from pretese.io.output.versions import program_version
from pretese.io.text.json_text import plain, to_json
from protocol.audit.deviations import SCHEMA as AUDIT_SCHEMA
from protocol.audit.deviations import Audit
from protocol.audit.log.events import Unused
from protocol.bedside.recommend import SCHEMA as DECISION_SCHEMA
from protocol.bedside.recommend import Recommendation
from protocol.bedside.schedule import Plan
from protocol.regimen.paths import Path
from protocol.regimen.rules import Regimen

if TYPE_CHECKING:  # models of files are slow to load
    from protocol.audit.cases import AuditCaseResult
    from protocol.bedside.cases import CaseResult

PLAN_SCHEMA = "pretese/plan/2"
PROOF_SCHEMA = "pretese/proof/2"
CASES_SCHEMA = "pretese/cases/2"


def as_plain(value: object) -> Any:
    """Return a dataclass or model as plain JSON values, with dates as ISO text."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def as_document(schema: str, **parts: object) -> dict[str, Any]:
    """Return one document: the schema's name, the program's version, and the parts."""
    document: dict[str, Any] = plain({"schema": schema, "pretese": program_version(), **parts})
    return document


def as_json(schema: str, **parts: object) -> str:
    """Return `as_document` as JSON text."""
    return to_json(as_document(schema, **parts))


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a dataclass that `as_plain` writes."""
    return TypeAdapter(kind).json_schema(mode="serialization")


def decision_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `decision_document`."""
    schema = schema_of(Recommendation)
    text = {"type": "string"}
    identity = {
        "type": "object",
        "properties": {"id": text, "version": text, "sha256": text},
        "required": ["id", "version", "sha256"],
    }
    own = {"schema": {"const": DECISION_SCHEMA}, "pretese": text, "regimen": identity}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://pretese.invalid/{DECISION_SCHEMA}",
        **schema,
        "title": "The recommendation for one patient on a given date",
        "properties": {**own, **schema["properties"], "schema": own["schema"]},
        "required": [*own, *(name for name in schema["required"] if name != "schema")],
        "additionalProperties": False,
    }


def decision_document(made: Recommendation, regimen: Regimen) -> dict[str, Any]:
    """Return a recommendation with the identity of the regimen."""
    return as_document(DECISION_SCHEMA, regimen=_identity(regimen), **_without_schema(made))


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a dated plan."""
    return as_document(PLAN_SCHEMA, **as_plain(plan))


def audit_document(
    found: Audit, assumptions: Sequence[str], unused: Sequence[Unused]
) -> dict[str, Any]:
    """Return an audit with its counts, assumptions about the file, and unused rows."""
    parts = {
        "data_assumptions": list(assumptions),
        "unused_rows": [as_plain(each) for each in unused],
        "counts": found.counts(),
        "patients_with": found.patients_with(),
        "adherence": [as_plain(each) for each in found.adherence()],
        **_without_schema(found),
    }
    return as_document(AUDIT_SCHEMA, **parts)


def proof_document(
    regimen: Regimen | None, faults: Sequence[str], paths: Sequence[Path]
) -> dict[str, Any]:
    """Return the proof of a regimen; of one that is not proved, the faults."""
    if regimen is None:
        return as_document(PROOF_SCHEMA, proved=False, faults=list(faults))
    tables = {
        name: {"rules": len(table.rules), "cells": len(table.grid.rules)}
        for name, table in regimen.tables.items()
        if table.grid is not None
    }
    proof = {"regimen": _identity(regimen), "tables": tables}
    every = [as_plain(path) for path in paths]
    return as_document(PROOF_SCHEMA, proved=True, faults=[], **proof, paths=every)


def cases_document(
    regimen: Regimen, results: "Sequence[CaseResult | AuditCaseResult]"
) -> dict[str, Any]:
    """Return the cases of a regimen with their results."""
    cases = [
        {
            "statement": r.case.statement,
            "table": r.case.table,
            "holds": r.holds,
            "wrong": list(r.wrong),
        }
        for r in results
    ]
    return as_document(CASES_SCHEMA, regimen=_identity(regimen), cases=cases)


def _identity(regimen: Regimen) -> dict[str, str]:
    return {"id": regimen.id, "version": regimen.version, "sha256": regimen.sha256}


def _without_schema(answer: object) -> dict[str, Any]:
    """Return the fields of an answer that names its own schema, which the document does."""
    fields: dict[str, Any] = as_plain(answer)
    del fields["schema"]
    return fields
