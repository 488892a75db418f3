"""A regimen as FHIR R4: PlanDefinition, ActivityDefinition per dose, Library of rules."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from pretese.api.protocols import read_regimen
from pretese.web.fhir.cql import cql_library
from pretese.web.fhir.dosage import dosage_of
from protocol.regimen.parts import Order
from protocol.regimen.rules import Phase, Regimen

#: Base of canonical names; the domain is reserved and does not resolve.
CANONICAL = "https://pretese.invalid/fhir"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

#: Type of a FHIR parameter by the kind of the input.
_TYPES = {"number": "decimal", "integer": "integer", "enum": "string"}

USE = "Research software; not for the care of patients."

Resource = dict[str, Any]


def plan_definition(regimen: Regimen) -> Resource:
    """Return the regimen as a PlanDefinition: one action group per table, doses of each phase.

    The rules of a table are mutually exclusive and exhaustive, as the regimen's proof shows:
    exactly one applies. Any number of flags may apply.
    """
    groups = [
        {
            "id": table.name,
            "title": table.question,
            "selectionBehavior": "any" if table.name == "flags" else "exactly-one",
            "action": [_rule(regimen, table.name, rule) for rule in table.rules],
        }
        for table in regimen.tables.values()
    ]
    return {
        **_head(regimen, "PlanDefinition", regimen.id, regimen.title),
        "type": _concept("plan-definition-type", "clinical-protocol"),
        "library": [canonical("Library", regimen.id, regimen.version)],
        "relatedArtifact": _sources(regimen),
        "action": groups,
    }


def activity_definitions(regimen: Regimen) -> list[Resource]:
    """Return a definition for each dose of each phase."""
    return [
        {
            **_head(regimen, "ActivityDefinition", activity_id(regimen, phase, number),
                    f"{phase.label}: {regimen.drugs[order.drug].label}"),
            "kind": "MedicationRequest",
            "intent": "proposal",
            "productCodeableConcept": {"text": regimen.drugs[order.drug].label},
            "dosage": [dosage_of(_as_written(order))],
        }
        for phase in regimen.phases
        for number, order in enumerate(phase.orders, start=1)
    ]  # fmt: skip


def library(regimen: Regimen) -> Resource:
    """Return the rules as CQL, and all tables as DMN."""
    dmn = read_regimen.regimen(regimen.id).show("dmn")
    return {
        **_head(regimen, "Library", regimen.id, f"Rules of {regimen.title}"),
        "type": _concept("library-type", "logic-library"),
        "parameter": [
            {"name": name, "use": "in", "min": 0, "max": "1", "type": _TYPES[spec.kind],
             "documentation": spec.label + (f", in {spec.unit}" if spec.unit else "")}
            for name, spec in regimen.inputs.items()
        ],
        "content": [
            {"contentType": "text/cql", "title": "rules", "data": _encoded(cql_library(regimen))},
            {"contentType": "application/xml", "title": "DMN 1.3", "data": _encoded(dmn)},
        ],
    }  # fmt: skip


#: Type of a resource to the function that returns all resources of this type.
KINDS: Mapping[str, Callable[[Regimen], list[Resource]]] = {
    "PlanDefinition": lambda regimen: [plan_definition(regimen)],
    "ActivityDefinition": activity_definitions,
    "Library": lambda regimen: [library(regimen)],
}


def canonical(kind: str, name: str, version: str) -> str:
    """Return the canonical name of a definition."""
    return f"{CANONICAL}/{kind}/{name}|{version}"


def activity_id(regimen: Regimen, phase: Phase, number: int) -> str:
    """Return the id of a dose: regimen, phase, and index of the dose in it."""
    return f"{regimen.id}.{phase.name}.{number}"


def _rule(regimen: Regimen, table: str, rule: Any) -> Resource:
    """Return a rule as an action with its condition, and the doses of the phase that it begins."""
    phase = next((p for p in regimen.phases if table == "phase" and p.name == rule.then), None)
    label = phase.label if phase else rule.then or rule.outcome
    doses = [
        {"title": regimen.drugs[order.drug].label,
         "definitionCanonical": canonical(
             "ActivityDefinition", activity_id(regimen, phase, number), regimen.version)}
        for number, order in enumerate(phase.orders, start=1)
    ] if phase else []  # fmt: skip
    condition = {"language": "text/cql", "expression": f'"{table}.{rule.id}"'}
    return {
        "id": f"{table}.{rule.id}",
        "title": label,
        "description": f"{rule.outcome}: {rule.rationale}",
        "condition": [{"kind": "applicability", "expression": condition}],
        "documentation": [{"type": "citation", "citation": f"{rule.citation} ({rule.status})"}],
        **({"action": doses} if doses else {}),
    }


def _as_written(order: Order) -> dict[str, Any]:
    return {"dose": order.dose, "unit": order.unit, "route": order.route, "every": order.rhythm,
            "interval_days": order.interval_days, "weekdays": order.weekdays}  # fmt: skip


def _head(regimen: Regimen, kind: str, name: str, title: str) -> Resource:
    return {
        "resourceType": kind,
        "id": name,
        "url": f"{CANONICAL}/{kind}/{name}",
        "version": regimen.version,
        "name": "".join(part.capitalize() for part in name.replace(".", "-").split("-")),
        "title": title,
        "status": "draft",
        "experimental": True,
        "description": f"{regimen.about} {USE} SHA-256 {regimen.sha256}.",
    }


def _sources(regimen: Regimen) -> list[Resource]:
    found = []
    for source in regimen.sources.values():
        address = f"https://doi.org/{source.doi}" if source.doi else source.address
        link = {"url": address} if address else {}
        found.append({"type": "citation", "citation": source.title, **link})
    return found


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
