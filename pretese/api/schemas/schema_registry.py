"""SCHEMAS: every file that is read and every document that is printed, with its JSON Schema.

Schemas of files are those of the models that read them; those of printed documents are stored
beside this module, and ``python -m docs.generate.json_pages`` writes them.
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
    """

    title: str
    model: str = ""


#: Files that the program reads.
FILES: Mapping[str, SchemaEntry] = {
    "patient": SchemaEntry("patient file", "protocol.bedside.patient_file.PatientFile"),
    "regimen": SchemaEntry("regimen file", "protocol.regimen.language.RegimenFile"),
    "scenario": SchemaEntry("scenario", "simulate.scenario.scenario_file.Scenario"),
    "clinic-file": SchemaEntry("clinic", "simulate.clinic.setup.clinic_file.Clinic"),
    "design": SchemaEntry("trial design", "pretese.trial.design.design_file.DesignFile"),
    "plan": SchemaEntry("analysis plan", "estimate.plan.spec.Plan"),
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
    "analysis": SchemaEntry("analysis of a table"),
    "power": SchemaEntry("power study"),
    "evidence": SchemaEntry("published studies"),
    "meta-analysis": SchemaEntry("meta-analysis"),
    "fit": SchemaEntry("fit of a scenario"),
    "clinic": SchemaEntry("run of a clinic"),
    "recover": SchemaEntry("recovery study"),
    "reproduce": SchemaEntry("published study, simulated"),
    "manifest": SchemaEntry("manifest of an output folder"),
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
    return {"$schema": DRAFT, **schema, "title": entry.title}
