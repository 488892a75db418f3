"""The OpenAPI document: every address with parameters and responses."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from pretese.api import shipped_names
from pretese.io.export.formats import FORMATS
from pretese.web.cohorts import cohort_question
from pretese.web.hooks.feedback import FeedbackRequest
from pretese.web.hooks.requests import HookRequest
from pretese.web.trials import trial_question

USE = "Research software: not a medical device, and no recommendation for a real patient."

Schema = dict[str, Any]

#: Addresses whose response has its own schema, by method and path.
ANSWERS = {
    ("post", "/decision.json"): "decision",
    ("post", "/audit.json"): "audit",
    ("get", "/trial.json"): "boundaries",
}


class DescribedServer(FastAPI):
    """The application, with an OpenAPI document that lists the fields of every form."""

    def openapi(self) -> Schema:
        """Return the document, computed once."""
        if not self.openapi_schema:
            found = get_openapi(
                title=self.title, version=self.version, routes=self.routes, description=USE
            )
            for path, methods in found["paths"].items():
                for method, operation in methods.items():
                    _describe(method, path, operation)
            self.openapi_schema = found
        return self.openapi_schema


def _describe(method: str, path: str, operation: Schema) -> None:
    """Add parameters and response of one address."""
    if method == "get" and path.startswith(("/trial", "/cohort")):
        operation["parameters"] = [*operation.get("parameters", []), *_query(path)]
    body = _body(path) if method == "post" else None
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    if (method, path) in ANSWERS:
        schema = {"$ref": f"/schemas/{ANSWERS[method, path]}"}
        operation["responses"]["200"]["content"] = {"application/json": {"schema": schema}}


def _query(path: str) -> list[Schema]:
    """Return the parameters of an address of the explorers."""
    if path.startswith("/trial"):
        found = _trial_entries()
        if path.endswith("compare"):
            found = {f"{side}.{name}": each for side in "ab" for name, each in found.items()}
    else:
        found = _cohort_entries()
        if path.endswith(".zip"):
            found["format"] = {"enum": list(FORMATS), "default": "csv"}
    return [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in found.items()
    ]


def _trial_entries() -> dict[str, Schema]:
    choices: Mapping[str, tuple[str, ...]] = {
        "source": ("rates", *shipped_names.shipped().scenarios),
        "spending": trial_question.SPENDING,
        "futility": trial_question.FUTILITY,
    }
    found: dict[str, Schema] = {}
    for name, first in trial_question.DEFAULTS.items():
        if name in choices:
            found[name] = {"enum": list(choices[name]), "default": first}
            continue
        low, high = trial_question.LIMITS[name]
        kind = "integer" if name in trial_question.WHOLE else "number"
        found[name] = {"type": kind, "minimum": low, "maximum": high, "default": float(first)}
    return found


def _cohort_entries() -> dict[str, Schema]:
    first = cohort_question.DEFAULTS
    size = {"type": "integer", "minimum": cohort_question.FEWEST, "maximum": cohort_question.MOST}
    return {
        "scenario": {"enum": list(shipped_names.shipped().scenarios), "default": first["scenario"]},
        "patients": {**size, "default": int(first["patients"])},
        "seed": {"type": "integer", "minimum": 0, "default": int(first["seed"])},
        f"{cohort_question.CHANGE}PATH": {
            "type": "number", "description": "new value of a number of the scenario",
        },
    }  # fmt: skip


def _body(path: str) -> dict[str, Schema] | None:
    """Return the request body of an address, by media type."""
    if path in ("/", "/decision.json", "/therapy.ics"):
        return {"application/x-www-form-urlencoded": {"schema": _bedside_entries()}}
    if path.startswith("/audit"):
        return {"multipart/form-data": {"schema": _audit_entries()}}
    if path.endswith("/feedback"):
        return {"application/json": {"schema": FeedbackRequest.model_json_schema()}}
    if path.startswith("/cds-services"):
        return {"application/json": {"schema": HookRequest.model_json_schema()}}
    if path.endswith("$bundle"):
        return {"application/json": {"schema": {"$ref": "/schemas/patient"}}}
    return {"application/json": {"schema": {"type": "object"}}} if "$" in path else None


def _bedside_entries() -> Schema:
    text = {"type": "string"}
    named = ["decision_date", "start", "month", "previous_phase", "fsh", "fsh_unit", "pseudonym"]
    more = ["finding.INPUT", "unit.INPUT", "limit.PARAMETER", "range.ANALYTE.low"]
    more += ["range.ANALYTE.high", "phase.MONTH", "result.ANALYTE.MONTH", "course_unit.ANALYTE"]
    fields = {"regimen": {"enum": list(shipped_names.shipped().regimens)}}
    return {"type": "object", "properties": {**fields, **dict.fromkeys((*named, *more), text)}}


def _audit_entries() -> Schema:
    fields: dict[str, Schema] = {
        "log": {"type": "string", "format": "binary", "description": "CSV or xlsx, up to 1 MB"},
        "regimen": {"enum": list(shipped_names.shipped().regimens)},
        "dates": {"enum": ["dd/mm/yyyy", "mm/dd/yyyy"]},
        "decimal": {"enum": ["point", "comma"]},
        "calendar_months": {"enum": ["yes"]},
    }
    return {"type": "object", "properties": fields, "required": ["log"]}
