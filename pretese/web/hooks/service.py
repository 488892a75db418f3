"""The CDS Hooks service: discovery, calls, and what it answers when data are missing."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

import pretese
from pretese.web.hooks.cards import cards_of, problem_card
from pretese.web.hooks.codes import FINDINGS, PREFETCH, REQUIRED
from pretese.web.hooks.fhir_values import (
    injections_of,
    measurements_of,
    phases_given,
    resources_of,
)
from pretese.web.hooks.requests import HookRequest
from protocol.errors import InputError
from protocol.reading.documents import parse_json

router = APIRouter()

REGIMEN = "fsh-guided"

#: Services by id, each with its hook.
SERVICES = {f"{REGIMEN}-patient-view": "patient-view", f"{REGIMEN}-order-sign": "order-sign"}

#: Any page may call: no cookie is read, and a token, where one is set, is still asked for.
CROSS_ORIGIN = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
}


@router.get("/cds-services")
def discovery() -> Response:
    """List the services."""
    about = pretese.regimen(REGIMEN).compiled.about
    services = [
        {
            "id": name,
            "hook": hook,
            "title": "Gonadotropin therapy before micro-TESE (research software)",
            "description": about,
            "prefetch": PREFETCH,
            "usageRequirements": "Research software; not for the care of patients.",
        }
        for name, hook in SERVICES.items()
    ]
    return JSONResponse({"services": services}, headers=CROSS_ORIGIN)


@router.options("/cds-services")
@router.options("/cds-services/{service}")
def preflight(service: str = "") -> Response:
    """Tell a browser that pages of other origins may call."""
    return Response(status_code=204, headers=CROSS_ORIGIN)


@router.post("/cds-services/{service}")
async def call(service: str, request: Request) -> Response:
    """Return the cards for a patient, from the resources that the client sends along."""
    if service not in SERVICES:
        return outcome(404, "not-found", "there is no such service")
    try:
        body = HookRequest.model_validate(parse_json((await request.body()).decode(), "request"))
    except (InputError, UnicodeDecodeError, ValidationError) as error:
        return outcome(400, "invalid", _reason(error))
    if body.hook != SERVICES[service]:
        return outcome(400, "invalid", f"this service is for the hook {SERVICES[service]}")
    prefetch = body.prefetch or {}
    absent = [key for key in REQUIRED if key not in prefetch]
    if absent:
        return outcome(412, "required", f"prefetch lacks {', '.join(absent)}")
    cards = answer(prefetch, body.context.patientId, dt.date.today())
    return JSONResponse({"cards": cards}, headers=CROSS_ORIGIN)


def answer(prefetch: Mapping[str, Any], patient: str, today: dt.date) -> list[dict[str, Any]]:
    """Return the cards for prefetched resources on a date.

    A patient who has had no drug of the regimen is not treated by it: there are no cards.
    """
    regimen = pretese.regimen(REGIMEN)
    given = injections_of(resources_of(prefetch["administrations"], "MedicationAdministration"))
    if not given:
        return []
    keys = dict.fromkeys(FINDINGS.values())
    observations = [r for key in keys for r in resources_of(prefetch.get(key), "Observation")]
    try:
        start, phases = phases_given(given, regimen.compiled, today)
        file = {
            "patient": "record",
            "started": start,
            "phases": phases,
            "measurements": measurements_of(observations),
        }
        return cards_of(regimen.decide(file, decision_date=today), patient)
    except InputError as error:
        return [problem_card([f"{each.problem}; {each.cure}" for each in error.faults])]


def outcome(status: int, code: str, words: str) -> Response:
    """Return a FHIR OperationOutcome."""
    issue = {"severity": "error", "code": code, "diagnostics": words}
    body = {"resourceType": "OperationOutcome", "issue": [issue]}
    return JSONResponse(body, status, headers=CROSS_ORIGIN, media_type="application/fhir+json")


def _reason(error: Exception) -> str:
    """Return what is wrong with a request, without its values."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
    if isinstance(error, InputError):
        return "; ".join(each.problem for each in error.faults)
    return "the request is not UTF-8 text"
