"""`/docs`: the OpenAPI document as a page without scripts, and its JSON Schemas."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from pretese.api.schemas.schema_registry import DOCUMENTS, FILES, SCHEMAS, json_schema
from pretese.web.layout.rendering import localised_page

router = APIRouter()


@router.get("/docs", response_class=HTMLResponse)
def documentation(request: Request) -> HTMLResponse:
    """Return every address with parameters and responses, from the OpenAPI document."""
    document = request.app.openapi()
    operations = [
        _operation(method, path, found)
        for path, methods in document["paths"].items()
        for method, found in methods.items()
        if method != "options"
    ]
    return localised_page(
        request, "documentation.html", operations=operations, files=FILES, documents=DOCUMENTS
    )


@router.get("/schemas/{name}")
def schema(name: str) -> Response:
    """Return the JSON Schema of a file or a document, as `pretese schema` prints it."""
    from pretese.io.text.json_text import to_json

    if name not in SCHEMAS:
        raise HTTPException(404, "Not Found")
    return Response(to_json(json_schema(name)), media_type="application/schema+json")


def _operation(method: str, path: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the page for one address."""
    entries = [(each["name"], each["in"], each["schema"]) for each in found.get("parameters", [])]
    for kind, body in found.get("requestBody", {}).get("content", {}).items():
        fields = body["schema"].get("properties") or {"": body["schema"]}
        entries += [(name, kind, schema) for name, schema in fields.items()]
    return {
        "method": method.upper(),
        "path": path,
        "about": found.get("description") or found.get("summary", ""),
        "entries": [(name, place, _shown(schema)) for name, place, schema in entries],
        "answers": sorted(found.get("responses", {})),
    }


def _shown(schema: Mapping[str, Any]) -> str:
    """Return a summary of a schema: type or choices, limits and default."""
    words = str(schema.get("type") or schema.get("$ref") or "")
    if "enum" in schema:
        words = " | ".join(map(str, schema["enum"]))
    if "minimum" in schema and "maximum" in schema:
        words += f", {schema['minimum']:g} to {schema['maximum']:g}"
    if "default" in schema:
        words += f"; default {schema['default']}"
    return words
