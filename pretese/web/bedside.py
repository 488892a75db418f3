"""The bedside page: the question as a form, the recommendation, its JSON and its calendar."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

import pretese
from pretese.api.protocols.decisions import Decision
from pretese.api.protocols.regimens import Regimen
from pretese.web.bedside_form import decided, form_fields
from pretese.web.rendering import localised_page
from protocol.errors import InputError
from protocol.reading.shown import shown_unit

router = APIRouter()

#: Inputs that belong to each part of the form; what is in none of them is shown as another finding.
PARTS = {
    "safety": ("testosterone", "estradiol", "hematocrit", "breast", "lh", "prolactin"),
    "therapy_end": ("semen", "micro_tese", "couple"),
}


async def entries_of(request: Request) -> Mapping[str, str]:
    """Return the entries of a form, or of the query of a link."""
    if request.method == "POST":
        async with request.form(max_files=0) as form:  # a file is refused
            return {key: str(value) for key, value in form.items()}
    return dict(request.query_params)


Entries = Annotated[Mapping[str, str], Depends(entries_of)]


@router.get("/", response_class=HTMLResponse)
def form_page(request: Request, entries: Entries) -> HTMLResponse:
    """Return the form; with entries in the link, the recommendation too."""
    name = entries.get("regimen") or "fsh-guided"
    regimen = pretese.regimen(name if name in pretese.shipped().regimens else "fsh-guided")
    return localised_page(
        request, "bedside.html", **form_values(regimen, entries), answer=None, faults=()
    )


@router.post("/", response_class=HTMLResponse)
def answer_page(request: Request, entries: Entries) -> HTMLResponse:
    """Return the page with the recommendation, or with what is wrong in the form."""
    try:
        regimen, decision = decided(entries)
    except InputError as error:
        values = form_values(pretese.regimen("fsh-guided"), entries)
        faults = [str(each) for each in error.faults]
        if "hx-request" in request.headers:
            return localised_page(
                request, "answer.html", answer=None, faults=faults, entries=entries
            )
        return localised_page(request, "bedside.html", 400, **values, answer=None, faults=faults)
    answer = answer_values(regimen, decision)
    if "hx-request" in request.headers:
        return localised_page(request, "answer.html", answer=answer, faults=(), entries=entries)
    values = form_values(regimen, entries)
    return localised_page(request, "bedside.html", **values, answer=answer, faults=())


@router.post("/decision.json")
def decision_json(entries: Entries) -> Response:
    """Return the decision as `pretese decide --json` prints it."""
    try:
        _, decision = decided(entries)
    except InputError as error:
        return problem(error)
    return Response(decision.to_json(), media_type="application/json")


@router.post("/therapy.ics")
def therapy_calendar(entries: Entries) -> Response:
    """Return the calendar of therapy from its first injection, as far as it is decided."""
    try:
        regimen, decision = decided(entries)
        start = entries.get("start") or decision.as_of.isoformat()
        phases = [entries["previous_phase"]] if entries.get("previous_phase") else []
        schedule = regimen.schedule(start, decisions=phases or None)
        calendar = schedule.to_ics(pseudonym=entries.get("pseudonym", ""))
    except InputError as error:
        return problem(error)
    headers = {"content-disposition": 'attachment; filename="therapy.ics"'}
    return Response(calendar, media_type="text/calendar", headers=headers)


def problem(error: InputError) -> Response:
    """Return bad input as problem details (RFC 9457)."""
    from pretese.io.text.json_text import to_json

    faults = [
        {"where": e.where, "field": e.field, "problem": e.problem, "cure": e.cure}
        for e in error.faults
    ]
    body = {"title": "bad input", "status": 400, "faults": faults}
    return Response(to_json(body), 400, media_type="application/problem+json")


def form_values(regimen: Regimen, entries: Mapping[str, str]) -> dict[str, Any]:
    """Return what the template of the form shows."""
    parts: dict[str, list[Any]] = {"safety": [], "therapy_end": [], "eligibility": []}
    for field in form_fields(regimen):
        part = next(
            (p for p, names in PARTS.items() if field.name.startswith(names)), "eligibility"
        )
        parts[part].append(field)
    compiled = regimen.compiled
    phases = compiled.inputs["previous_phase"].values if "previous_phase" in compiled.inputs else ()
    return {
        "regimens": pretese.shipped().regimens,
        "regimen": compiled,
        "phases": [each for each in phases if each != "none"],
        "parts": parts,
        "parameters": compiled.parameters,
        "entries": entries,
        "today": dt.date.today().isoformat(),
    }


def answer_values(regimen: Regimen, decision: Decision) -> dict[str, Any]:
    """Return what the template of the answer shows: the decision's JSON, and what it says."""
    document = decision.to_dict()
    last = document["decisions"][-1]
    change = last["nearest_change"]
    return {
        "document": document,
        "last": last,
        "change": change and _change(regimen, change, last["boundary"]),
        "missing": [input_label(regimen, name) for name in last["missing_inputs"]],
        "tone": document["outcome"].replace(" ", "_"),
    }


def input_label(regimen: Regimen, name: str) -> str:
    """Return what the regimen calls an input, or its name."""
    known = regimen.compiled.inputs.get(name)
    return known.label if known else name


def _change(
    regimen: Regimen, change: Mapping[str, Any], boundary: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the smallest change in words: the input, its new range, what would then follow."""
    phases = {phase.name: phase.label for phase in regimen.compiled.phases}
    result = phases.get(change["action"]) or change["action"] or change["outcome"]
    unit = shown_unit(boundary["unit"]) if boundary else ""
    return {
        "input": input_label(regimen, change["input"]),
        "range": f"{change['to']} {unit}".strip(),
        "result": result,
    }
