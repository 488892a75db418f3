"""Answers of the services for programs: FHIR resources, open to pages of other origins."""

from typing import Any

from fastapi.responses import JSONResponse

#: Any page may call: no cookie is read, and a token, where one is set, is still asked for.
CROSS_ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
}


def resource_response(body: Any, status: int = 200) -> JSONResponse:
    """Return a FHIR resource."""
    return JSONResponse(body, status, headers=CROSS_ORIGIN, media_type="application/fhir+json")


def outcome(status: int, code: str, words: str) -> JSONResponse:
    """Return a FHIR OperationOutcome."""
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return resource_response({"resourceType": "OperationOutcome", "issue": [issue]}, status)
