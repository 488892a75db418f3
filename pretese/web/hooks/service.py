"""The CDS Hooks service: discovery, calls, and responses to missing data."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from pretese.api.protocols import read_regimen
from pretese.web.fhir.codes import FINDINGS, PREFETCH, REQUIRED
from pretese.web.fhir.fhir_pages import reason_of
from pretese.web.fhir.fhir_values import (
    entry_facts_of,
    injections_of,
    measurements_of,
    phases_given,
    resources_of,
)
from pretese.web.fhir.responses import CROSS_ORIGIN, outcome
from pretese.web.hooks.cards import cards_of, problem_card
from pretese.web.hooks.feedback import FeedbackRequest, print_outcomes
from pretese.web.hooks.order_review import drafts_of, review_cards
from pretese.web.hooks.requests import HookRequest
from pretese.web.security.settings import ServerSettings
from protocol.errors import InputError
from protocol.reading.documents import parse_json

router = APIRouter()

REGIMEN = "fsh-guided"

#: Services by id, each with its hook.
SERVICES = {f"{REGIMEN}-patient-view": "patient-view", f"{REGIMEN}-order-sign": "order-sign"}


@router.get("/cds-services")
def discovery(request: Request) -> Response:
    """List the services."""
    refused = _refusal(request)
    if refused is not None:
        return refused
    about = read_regimen.regimen(REGIMEN).compiled.about
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
    """Answer a CORS preflight request."""
    return Response(status_code=204, headers=CROSS_ORIGIN)


@router.post("/cds-services/{service}/feedback")
async def feedback(service: str, request: Request) -> Response:
    """Accept feedback on cards, if the server was started with this option."""
    settings: ServerSettings = request.app.state.settings
    if service not in SERVICES or not settings.feedback:
        return outcome(404, "not-found", "feedback is not accepted")
    refused = _refusal(request)
    if refused is not None:
        return refused
    try:
        text = (await request.body()).decode()
        body = FeedbackRequest.model_validate(parse_json(text, "request"))
    except (InputError, UnicodeDecodeError, ValidationError) as error:
        return outcome(400, "invalid", _reason(error))
    print_outcomes(service, body.feedback)
    return Response(status_code=200, headers=CROSS_ORIGIN)


@router.post("/cds-services/{service}")
async def call(service: str, request: Request) -> Response:
    """Return the cards for a patient, from the prefetched resources of the request."""
    if service not in SERVICES:
        return outcome(404, "not-found", "there is no such service")
    refused = _refusal(request)
    if refused is not None:
        return refused
    try:
        body = HookRequest.model_validate(parse_json((await request.body()).decode(), "request"))
    except (InputError, UnicodeDecodeError, ValidationError) as error:
        return outcome(400, "invalid", _reason(error))
    if body.hook != SERVICES[service]:
        return outcome(400, "invalid", f"this service is for the hook {SERVICES[service]}")
    if body.hook == "order-sign" and body.context.draftOrders is None:
        return outcome(400, "invalid", "context.draftOrders: it is required for order-sign")
    prefetch = body.prefetch or {}
    absent = [key for key in REQUIRED if key not in prefetch]
    if absent:
        return outcome(412, "required", f"prefetch lacks {', '.join(absent)}")
    drafts = drafts_of(body.context.draftOrders) if body.hook == "order-sign" else None
    cards = await run_in_threadpool(
        answer, prefetch, body.context.patientId, dt.date.today(), drafts
    )
    return JSONResponse({"cards": cards}, headers=CROSS_ORIGIN)


def answer(
    prefetch: Mapping[str, Any],
    patient: str,
    today: dt.date,
    drafts: Sequence[tuple[str, Mapping[str, Any]]] | None = None,
) -> list[dict[str, Any]]:
    """Return the cards for prefetched resources on a date.

    No cards are returned for a patient who has not received a drug of the regimen.

    Parameters
    ----------
    drafts
        Orders to be signed, from `drafts_of`; cards then refer only to these.
    """
    regimen = read_regimen.regimen(REGIMEN)
    given = injections_of(resources_of(prefetch["administrations"], "MedicationAdministration"))
    if not given and not drafts:
        return []
    if drafts is not None and not drafts:
        return []
    keys = (*dict.fromkeys(FINDINGS.values()), "other")
    observations = [r for key in keys for r in resources_of(prefetch.get(key), "Observation")]
    try:
        start, phases = phases_given(given, regimen.compiled, today)
        file = {
            "patient": "record",
            "started": start,
            "phases": phases,
            "measurements": measurements_of(observations),
            "entry": entry_facts_of(observations),
        }
        decision = regimen.decide(file, decision_date=today)
    except InputError as error:
        return [problem_card([f"{each.problem}; {each.cure}" for each in error.faults])]
    if drafts is not None:
        return review_cards(decision, drafts, patient)
    return cards_of(decision, patient)


def _refusal(request: Request) -> Response | None:
    """Return the response to an untrusted caller; None if the caller may proceed."""
    trusted = request.app.state.settings.trusted
    if trusted is None:
        return None
    reason = trusted.refusal(request.headers.get("authorization", ""), request.url.path)
    if reason is None:
        return None
    response = outcome(401, "login", reason)
    response.headers["www-authenticate"] = "Bearer"
    return response


def _reason(error: Exception) -> str:
    """Return the faults of a request, without its values."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:10])
    return reason_of(error)
