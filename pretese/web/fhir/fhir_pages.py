"""FHIR endpoints: definitions of every shipped regimen, and conversion of patient files."""

import datetime as dt

from fastapi import APIRouter, Request, Response

from pretese.api import shipped_names
from pretese.api.protocols import read_regimen
from pretese.api.protocols.regimens import Regimen
from pretese.web.fhir.definitions import KINDS, Resource
from pretese.web.fhir.patient_bundle import patient_bundle, patient_file_of
from pretese.web.fhir.responses import CROSS_ORIGIN, outcome, resource_response
from protocol.errors import InputError
from protocol.reading.documents import parse_json

router = APIRouter(prefix="/fhir")


@router.options("/{kind}")
@router.options("/{kind}/{name}")
def fhir_preflight(kind: str, name: str = "") -> Response:
    """Answer a CORS preflight request."""
    return Response(status_code=204, headers=CROSS_ORIGIN)


@router.post("/$patient-file")
async def to_patient_file(request: Request, regimen: str = "fsh-guided") -> Response:
    """Convert a Bundle to a patient file for `pretese decide`."""
    from pretese.io.text.json_text import plain

    try:
        chosen = _shipped(regimen)
        bundle = parse_json((await request.body()).decode(), "bundle")
        return resource_response(plain(patient_file_of(bundle, chosen, dt.date.today())))
    except (InputError, UnicodeDecodeError) as error:
        return outcome(400, "invalid", reason_of(error))


@router.post("/$bundle")
async def to_bundle(request: Request) -> Response:
    """Convert a patient file to a Bundle."""
    try:
        file = parse_json((await request.body()).decode(), "patient")
        return resource_response(patient_bundle(file))
    except (InputError, UnicodeDecodeError) as error:
        return outcome(400, "invalid", reason_of(error))


@router.get("/{kind}")
def definitions(kind: str) -> Response:
    """Return all definitions of a resource type as a Bundle."""
    if kind not in KINDS:
        return outcome(404, "not-found", f"choose from {', '.join(KINDS)}")
    found = [each for name in shipped_names.shipped().regimens for each in _made(kind, name)]
    entries = [{"fullUrl": each["url"], "resource": each} for each in found]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    return resource_response(bundle)


@router.get("/{kind}/{name}")
def definition(kind: str, name: str) -> Response:
    """Return one definition."""
    regimen = name.partition(".")[0]
    if kind not in KINDS or regimen not in shipped_names.shipped().regimens:
        return outcome(404, "not-found", "there is no such definition")
    found = next((each for each in _made(kind, regimen) if each["id"] == name), None)
    if found is None:
        return outcome(404, "not-found", "there is no such definition")
    return resource_response(found)


def reason_of(error: Exception) -> str:
    """Return the faults of a request, without values of a patient."""
    if isinstance(error, InputError):
        return "; ".join(each.problem for each in error.faults)
    return "the request is not UTF-8 text"


def _made(kind: str, name: str) -> list[Resource]:
    return KINDS[kind](read_regimen.regimen(name).compiled)


def _shipped(name: str) -> Regimen:
    """Return a shipped regimen; a path could open files of the server."""
    if name not in shipped_names.shipped().regimens:
        cure = f"choose from {', '.join(shipped_names.shipped().regimens)}"
        raise InputError.of("regimen", "", "this is not a shipped regimen", cure)
    return read_regimen.regimen(name)
