"""The audit page: a clinic's log is read from the request and audited; nothing is stored."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import UploadFile

from pretese.api import shipped_names
from pretese.api.protocols import audits
from pretese.api.protocols.audits import Audit
from pretese.web.layout.rendering import localised_page, problem
from protocol.errors import InputError

router = APIRouter()

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


async def upload_of(request: Request) -> Mapping[str, Any]:
    """Return the fields of the form; the log as bytes in memory."""
    async with request.form(max_files=1, max_fields=20) as form:
        return {
            key: await value.read() if isinstance(value, UploadFile) else str(value)
            for key, value in form.items()
        }


Upload = Annotated[Mapping[str, Any], Depends(upload_of)]


@router.get("/audit", response_class=HTMLResponse)
def audit_form(request: Request) -> HTMLResponse:
    """Return the form."""
    return _form(request, {}, [])


@router.post("/audit")
def audit_report(request: Request, entries: Upload) -> Response:
    """Return the report of the audit, or the form with its faults."""
    try:
        page = audited(entries).to_html() or ""
    except InputError as error:
        return _form(request, entries, [str(each) for each in error.faults])
    return HTMLResponse(page, headers={"content-security-policy": policy_of(page)})


@router.post("/audit.json")
def audit_json(entries: Upload) -> Response:
    """Return the audit as `pretese audit --json` prints it."""
    return _answer(entries, "json")


@router.post("/audit.csv")
def audit_csv(entries: Upload) -> Response:
    """Return the deviations as CSV, with spreadsheet formulas escaped."""
    return _answer(entries, "csv")


def audited(entries: Mapping[str, Any]) -> Audit:
    """Return the audit requested by a form.

    Raises
    ------
    InputError
        There is no log, it cannot be read, or the regimen is not a shipped one.
    """
    name = str(entries.get("regimen") or "fsh-guided")
    if name not in shipped_names.shipped().regimens:  # a path could open files of the server
        cure = f"choose from {', '.join(shipped_names.shipped().regimens)}"
        raise InputError.of("form", "regimen", f"{name[:60]!r} is not a shipped regimen", cure)
    log = entries.get("log")
    if not isinstance(log, bytes) or not log:
        raise InputError.of("form", "log", "there is no log", "choose a CSV file or a workbook")
    return audits.audit(
        log,
        name,
        dates=entries.get("dates") or None,
        decimal=entries.get("decimal") or None,
        calendar_months=True if entries.get("calendar_months") else None,
    )


def policy_of(page: str) -> str:
    """Return the content security policy of a report, which allows only its own style sheet.

    Style attributes in figures are allowed; they contain no text of a user.
    """
    hashes = [
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        for style in _STYLE.findall(page)
    ]
    styles = " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"
    attributes = " style-src-attr 'unsafe-inline';" if ' style="' in page else ""
    return (
        f"default-src 'none'; style-src {styles};{attributes} img-src data:; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def _answer(entries: Mapping[str, Any], form: str) -> Response:
    try:
        found = audited(entries)
    except InputError as error:
        return problem(error)
    if form == "json":
        return Response(found.to_json(), media_type="application/json")
    headers = {"content-disposition": 'attachment; filename="deviations.csv"'}
    return Response(found.to_csv() or "", media_type="text/csv; charset=utf-8", headers=headers)


def _form(request: Request, entries: Mapping[str, Any], faults: list[str]) -> HTMLResponse:
    words = {key: value for key, value in entries.items() if isinstance(value, str)}
    status = 400 if faults else 200
    return localised_page(
        request,
        "audit.html",
        status,
        entries=words,
        faults=faults,
        regimens=shipped_names.shipped().regimens,
    )
