"""Responses of the services: FHIR resources with CORS headers."""

from typing import Any

from fastapi.responses import JSONResponse

#: Any origin may call: cookies are not read, and a configured token is still required.
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
