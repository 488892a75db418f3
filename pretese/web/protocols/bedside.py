"""The bedside page: form, recommendation, JSON and calendar."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from pretese.api import shipped_names
from pretese.api.protocols import read_regimen
from pretese.api.protocols.decisions import Decision, Schedule
from pretese.api.protocols.regimens import Regimen
from pretese.bedside.therapy_figure import limits_of
from pretese.web.layout.rendering import localised_page, problem
from pretese.web.protocols.bedside_course import UNITS, hormone_rows
from pretese.web.protocols.bedside_form import decided, form_fields
from protocol.errors import InputError
from protocol.reading.shown import shown_unit
from protocol.regimen import rules

router = APIRouter()

#: Inputs in each part of the form; all others are shown under other findings.
PARTS = {
    "safety": ("testosterone", "estradiol", "hematocrit", "breast", "lh", "prolactin"),
    "therapy_end": ("semen", "micro_tese", "couple"),
}


async def entries_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a form, or the parameters of a link."""
    if request.method == "POST":
        async with request.form(max_files=0) as form:  # a file is refused
            return {key: str(value) for key, value in form.items()}
    return dict(request.query_params)


Entries = Annotated[Mapping[str, str], Depends(entries_of)]


@router.get("/", response_class=HTMLResponse)
def form_page(request: Request, entries: Entries) -> HTMLResponse:
    """Return the form; if the link has parameters, with the recommendation."""
    name = entries.get("regimen") or "fsh-guided"
    regimen = read_regimen.regimen(
        name if name in shipped_names.shipped().regimens else "fsh-guided"
    )
    return localised_page(
        request, "bedside.html", **form_values(regimen, entries), answer=None, faults=()
    )


@router.post("/", response_class=HTMLResponse)
def answer_page(request: Request, entries: Entries) -> HTMLResponse:
    """Return the page with the recommendation, or with the faults of the form."""
    try:
        regimen, decision = decided(entries)
    except InputError as error:
        values = form_values(read_regimen.regimen("fsh-guided"), entries)
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
    """Return the calendar of therapy from the first injection to the end of the decided phases."""
    try:
        regimen, decision = decided(entries)
        schedule = schedule_of(regimen, decision, entries)
        calendar = schedule.to_ics(pseudonym=entries.get("pseudonym", ""))
    except InputError as error:
        return problem(error)
    headers = {"content-disposition": 'attachment; filename="therapy.ics"'}
    return Response(calendar, media_type="text/calendar", headers=headers)


def schedule_of(regimen: Regimen, decision: Decision, entries: Mapping[str, str]) -> Schedule:
    """Return the schedule from the first dose, with the phases given and the one recommended.

    Raises
    ------
    InputError
        Therapy is on hold, or no path of the regimen begins with the phases.
    """
    if decision.outcome == "hold":
        cure = "see the safety notes; a calendar is not available during a hold"
        raise InputError.of("form", "", decision.recommendation, cure)
    record = decision.record
    start = entries.get("start") or decision.as_of.isoformat()
    phases = list(record.phases) if entries.get("start") else [entries.get("previous_phase") or ""]
    recommended = decision.details.decisions[-1]
    if entries.get("start") and recommended.table == "phase" and recommended.orders:
        phases = [*phases[: decision.month - 1], str(recommended.action)]
    return regimen.schedule(start, decisions=[phase for phase in phases if phase] or None)


def form_values(regimen: Regimen, entries: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the form's template."""
    parts: dict[str, list[Any]] = {"safety": [], "therapy_end": [], "eligibility": []}
    for field in form_fields(regimen):
        part = next(
            (p for p, names in PARTS.items() if field.name.startswith(names)), "eligibility"
        )
        parts[part].append(field)
    compiled = regimen.compiled
    phases = compiled.inputs["previous_phase"].values if "previous_phase" in compiled.inputs else ()
    labels = {each.name: each.label for each in compiled.phases}
    return {
        "regimens": shipped_names.shipped().regimens,
        "regimen": compiled,
        "phases": {each: labels.get(each, each) for each in phases if each != "none"},
        "parts": parts,
        "parameters": _own_limits(compiled),
        "ranges": _ranges(compiled),
        "months": range(1, compiled.months + 1),
        "visits": range(compiled.months + 1),
        "hormones": hormone_rows(regimen),
        "sliders": sliders_of(compiled),
        "entries": entries,
        "today": dt.date.today().isoformat(),
    }


def answer_values(regimen: Regimen, decision: Decision) -> dict[str, Any]:
    """Return the values of the answer's template: the document of the decision, and texts."""
    document = decision.to_dict()
    last = document["decisions"][-1]
    change = last["nearest_change"]
    return {
        "document": document,
        "last": last,
        "change": change and _change(regimen, change, last["boundary"]),
        "missing": [input_label(regimen, name) for name in last["missing_inputs"]],
        "tone": document["outcome"].replace(" ", "_"),
        "boundary": _boundary(regimen, last["boundary"]),
        "picture": Markup(decision.to_svg()),  # its text is already escaped
        "about": regimen.compiled.about,
        "sources": _sources(regimen, document),
    }


def _boundary(regimen: Regimen, boundary: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Return the nearest limit and the distance to it as text."""
    if boundary is None:
        return None
    unit = shown_unit(boundary["unit"])
    return {
        "input": input_label(regimen, boundary["input"]),
        "limit": f"{boundary['limit']:g} {unit}".strip(),
        "distance": f"{boundary['distance']:g} {unit}".strip(),
    }


def _sources(regimen: Regimen, document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the citations of the last decision without repetition: rule, doses and limits."""
    last = document["decisions"][-1]
    cited = [last, *last["orders"], *last["parameters"]]
    return [
        {"citation": citation, "status": status}
        for citation, status in dict.fromkeys((c["citation"], c["status"]) for c in cited)
        if citation
    ]


def _own_limits(compiled: rules.Regimen) -> dict[str, Any]:
    """Return the parameters that are not part of a reference range."""
    ends = {end for each in compiled.reference_ranges.values() for end in (each.low, each.high)}
    return {name: each for name, each in compiled.parameters.items() if name not in ends}


def _ranges(compiled: rules.Regimen) -> list[dict[str, Any]]:
    """Return the reference ranges that a laboratory may replace, with the regimen's limits."""
    found = []
    for analyte, ends in compiled.reference_ranges.items():
        low, high = (
            compiled.parameters[end].value if end else None for end in (ends.low, ends.high)
        )
        label = compiled.analytes[analyte].label
        units = UNITS.get(analyte, (compiled.analytes[analyte].unit,))
        found.append({"analyte": analyte, "label": label, "low": low, "high": high, "units": units})
    return found


def sliders_of(compiled: rules.Regimen) -> dict[str, float]:
    """Return the inputs with a slider, and the maximum of each slider.

    The maximum is twice the highest limit of the regimen's tables.
    """
    found = {}
    for name, spec in compiled.inputs.items():
        limits = limits_of(compiled, name) if spec.kind == "number" and not spec.computed else ()
        if limits and spec.role == "measured":
            found[name] = 2 * limits[-1]
    return found


def input_label(regimen: Regimen, name: str) -> str:
    """Return the regimen's label of an input, or its name."""
    known = regimen.compiled.inputs.get(name)
    return known.label if known else name


def _change(
    regimen: Regimen, change: Mapping[str, Any], boundary: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the smallest change as text: input, new range, resulting recommendation."""
    phases = {phase.name: phase.label for phase in regimen.compiled.phases}
    result = phases.get(change["action"]) or change["action"] or change["outcome"]
    unit = shown_unit(boundary["unit"]) if boundary else ""
    return {
        "input": input_label(regimen, change["input"]),
        "range": f"{change['to']} {unit}".strip(),
        "result": result,
    }
