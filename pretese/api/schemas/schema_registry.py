"""SCHEMAS: every file that is read and every document that is printed, with its JSON Schema.

Schemas of files are those of the models that read them; those of printed documents are stored
in this folder, and ``python -m docs.generate.json_pages`` writes them.
"""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from protocol.errors import InputError
from protocol.shorten import shorten

ANSWERS = Path(__file__).parent / "answers"

DRAFT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class SchemaEntry:
    """A file or a document.

    Attributes
    ----------
    title
        What it is.
    model
        Model that reads a file, ``module.Class``; or the function that makes the schema, with
        brackets. Empty: the schema is stored.
    extends
        Whether a file may name another that it extends: then it holds only the differences.
    """

    title: str
    model: str = ""
    extends: bool = False


#: Files that the program reads.
FILES: Mapping[str, SchemaEntry] = {
    "patient": SchemaEntry("patient file", "protocol.bedside.patient_file.PatientFile"),
    "regimen": SchemaEntry("regimen file", "protocol.regimen.language.RegimenFile", True),
    "scenario": SchemaEntry("scenario", "simulate.scenario.scenario_file.Scenario", True),
    "clinic-file": SchemaEntry("clinic", "simulate.clinic.setup.clinic_file.Clinic"),
    "design": SchemaEntry("trial design", "pretese.trial.design.design_file.DesignFile"),
    "design-several-arms": SchemaEntry(
        "trial design with several treatments",
        "pretese.trial.multi_arm.design.design_file.MultiArmDesign",
    ),
    "design-bayesian": SchemaEntry(
        "trial design with Bayesian decision rules",
        "pretese.trial.bayesian.design.design_file.BayesianDesign",
    ),
    "plan": SchemaEntry("analysis plan", "estimate.plan.spec.Plan"),
    "bias": SchemaEntry("assumed bias of studies", "pretese.literature.bias_assumptions.BiasFile"),
    "prior": SchemaEntry("prior of an effect", "pretese.literature.prior.PriorFile"),
    "recovery-study": SchemaEntry("recovery study", "pretese.recovery.design.study_spec.StudySpec"),
    "trusted-issuers": SchemaEntry(
        "issuers whose tokens `pretese serve` accepts",
        "pretese.web.security.trusted_clients.TrustFile",
    ),
}

#: Documents that the program prints or writes.
DOCUMENTS: Mapping[str, SchemaEntry] = {
    "decision": SchemaEntry("decision", "pretese.bedside.json_answers.decision_schema()"),
    "schedule": SchemaEntry("schedule"),
    "audit": SchemaEntry("audit of a log"),
    "proof": SchemaEntry("verification of a regimen"),
    "cases": SchemaEntry("test cases of a regimen"),
    "boundaries": SchemaEntry("group-sequential boundaries"),
    "monitor": SchemaEntry("monitoring of a trial"),
    "monitor-several-arms": SchemaEntry("monitoring of a trial of several arms"),
    "analysis": SchemaEntry("analysis of a table"),
    "power": SchemaEntry("power study"),
    "power-several-arms": SchemaEntry("power study of several arms"),
    "power-comparison": SchemaEntry("comparison of designs, one of several arms"),
    "power-bayesian": SchemaEntry("operating characteristics of a Bayesian trial"),
    "monitor-bayesian": SchemaEntry("monitoring of a Bayesian trial"),
    "evidence": SchemaEntry("published studies"),
    "meta-analysis": SchemaEntry("meta-analysis"),
    "meta-analysis-of-counts": SchemaEntry("meta-analysis of counts"),
    "fit": SchemaEntry("fit of a scenario"),
    "clinic": SchemaEntry("run of a clinic"),
    "recovery": SchemaEntry("recovery of known effects"),
    "forecast": SchemaEntry("probability of success of a trial"),
    "reproduction": SchemaEntry("published study, simulated"),
}

SCHEMAS: Mapping[str, SchemaEntry] = {**FILES, **DOCUMENTS}


@cache
def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a file or a document.

    Parameters
    ----------
    name
        One of `SCHEMAS`.

    Raises
    ------
    InputError
        There is no such file or document.

    Examples
    --------
    >>> sorted(json_schema("patient")["properties"])[:3]
    ['couple_ready', 'earlier_courses', 'entry']
    """
    if name not in SCHEMAS:
        cure = f"choose from {', '.join(SCHEMAS)}"
        raise InputError.of("schema", "NAME", f"{shorten(name)} has no schema", cure)
    entry = SCHEMAS[name]
    if not entry.model:
        found = json.loads((ANSWERS / f"{name}.schema.json").read_text(encoding="utf-8"))
        return {**found, "title": entry.title}
    module, _, attribute = entry.model.removesuffix("()").rpartition(".")
    made = getattr(importlib.import_module(module), attribute)
    schema = made() if entry.model.endswith("()") else made.model_json_schema()
    whole = _extensible(schema) if entry.extends else schema
    return {"$schema": DRAFT, **whole, "title": entry.title}


def _extensible(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of complete files, and of files that extend another.

    The latter have ``extends``; what they do not state is that of the other, and null removes it.
    """
    defined = schema.get("$defs", {})
    alone = {f"{name}.difference": _difference(each) for name, each in defined.items()}
    body = {key: each for key, each in schema.items() if key != "$defs"}
    other = _difference(body)
    other["properties"] = {**other["properties"], "extends": {"type": "string"}}
    return {
        "if": {"required": ["extends"]},
        "then": other,
        "else": body,
        "$defs": {**defined, **alone},
        "properties": dict.fromkeys((*body["properties"], "extends"), True),
    }


def _difference(schema: Any) -> Any:
    """Return a schema in which every field may be absent, or null."""
    if isinstance(schema, list):
        return [_difference(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _difference(each) for key, each in schema.items() if key != "required"}
    if "$ref" in found:
        found["$ref"] = f"{found['$ref']}.difference"
    for key in ("properties", "patternProperties"):
        if isinstance(found.get(key), dict):
            fields = found[key].items()
            found[key] = {n: {"anyOf": [each, {"type": "null"}]} for n, each in fields}
    if isinstance(found.get("additionalProperties"), dict):
        found["additionalProperties"] = {"anyOf": [found["additionalProperties"], {"type": "null"}]}
    return found
