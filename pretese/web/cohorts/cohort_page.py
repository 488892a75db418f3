"""The cohort page: simulated patients, their outcomes, and downloads."""

from collections.abc import Mapping
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from pretese.api import shipped_names
from pretese.api.simulation import read_scenario
from pretese.io.export.formats import FORMATS
from pretese.web.cohorts.cohort_answer import CohortAnswer, cohort_answer
from pretese.web.cohorts.cohort_download import check_format, cohort_archive
from pretese.web.cohorts.cohort_pictures import effects_chart, trajectories
from pretese.web.cohorts.cohort_question import (
    CHANGE,
    DEFAULTS,
    FEWEST,
    MOST,
    cohort_question,
)
from pretese.web.layout.rendering import language_asked, localised_page, problem
from pretese.web.layout.wording import messages
from protocol.errors import InputError

router = APIRouter()

#: Number of rows of a table on one page.
ROWS = 20


def link_entries(request: Request) -> Mapping[str, str]:
    """Return the parameters of the address."""
    return dict(request.query_params)


Entries = Annotated[Mapping[str, str], Depends(link_entries)]


@router.get("/cohort", response_class=HTMLResponse)
def cohort_page(request: Request, entries: Entries) -> Response:
    """Return the form with the cohort; the address contains the whole state of the page.

    An address with empty fields, as a form sends them, is redirected to one without them.
    """
    language = language_asked(request)
    form = _form_values(entries)
    try:
        question = cohort_question(entries)
        shown = _place_in_tables(entries)
        if any(not value.strip() for value in entries.values()):
            return RedirectResponse(question.link(language, **_kept(entries)), 303)
        values = shown_cohort(cohort_answer(question), language, *shown)
    except InputError as error:
        faults = [str(each) for each in error.faults]
        return localised_page(request, "cohort.html", 400, **form, answer=None, faults=faults)
    return localised_page(request, "cohort.html", **form, answer=values, faults=[])


@router.get("/cohort.json")
def cohort_json(entries: Entries) -> Response:
    """Return flow, Table 1, true and estimated effects."""
    from pretese.io.text.json_text import to_json

    try:
        document = cohort_answer(cohort_question(entries)).to_dict()
    except InputError as error:
        return problem(error)
    return Response(to_json(document), media_type="application/json")


@router.get("/cohort.zip")
def cohort_file(entries: Entries) -> Response:
    """Return the cohort in the requested format, as `pretese simulate` writes it."""
    form = entries.get("format") or "csv"
    try:
        check_format(form)
        question = cohort_question({k: v for k, v in entries.items() if k != "format"})
        found = cohort_archive(question, form)
    except InputError as error:
        return problem(error)
    name = f"{question.scenario}-{question.patients}-seed-{question.seed}-{form}.zip"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(found, media_type="application/zip", headers=headers)


def shown_cohort(found: CohortAnswer, language: str, table: str, page: int) -> dict[str, Any]:
    """Return the values of the template for a cohort."""
    question, words = found.question, messages(language)
    tables = found.cohort.tables
    if table not in tables:
        problem = f"{table[:30]!r} is not a table"
        raise InputError.of("cohort", "table", problem, f"choose from {', '.join(tables)}")
    rows = tables[table]
    pages = max(1, -(-len(rows) // ROWS))
    page = min(page, pages)
    shown = rows.iloc[ROWS * (page - 1) : ROWS * page].astype(object)
    return {
        "id": found.scenario.loaded.scenario.id,
        "question_asked": found.scenario.loaded.scenario.question,
        "expected": found.scenario.loaded.scenario.expected_finding,
        "flow": found.flow,
        "table1": found.table1,
        "effects": found.effects,
        "effects_chart": effects_chart(found.effects, words) if found.effects else "",
        "remarks": found.remarks,
        "transported": found.scenario.loaded.transported,
        "trajectories": trajectories(tables["patients"], tables["visits"], words),
        "tables": {name: question.link(language, table=name) for name in tables},
        "table": table,
        "columns": list(rows.columns),
        "rows": shown.where(shown.notna(), None).to_numpy().tolist(),
        "count": len(rows),
        "page": page,
        "pages": pages,
        "earlier": question.link(language, table=table, page=str(page - 1)) if page > 1 else "",
        "later": question.link(language, table=table, page=str(page + 1)) if page < pages else "",
        "downloads": [
            (each.name, each.readers, question.link(language, "/cohort.zip", format=each.name))
            for each in FORMATS.values()
        ],
        "json": question.link(language, "/cohort.json"),
        "python": question.python(),
        "command": question.command(),
        "link": question.link(language),
    }


def _form_values(entries: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the form: scenarios, and every number of the selected one."""
    names = shipped_names.shipped().scenarios
    chosen = entries.get("scenario") or DEFAULTS["scenario"]
    scenario = read_scenario.scenario(chosen if chosen in names else DEFAULTS["scenario"])
    rows = scenario.to_frame().to_dict("records")
    groups = groupby(rows, key=lambda row: str(row["path"]).split(".")[0])
    return {
        "scenarios": names,
        "entries": {**DEFAULTS, **entries, "scenario": scenario.loaded.scenario.id},
        "groups": [(name, list(numbers)) for name, numbers in groups],
        "prefix": CHANGE,
        "changed": {key.removeprefix(CHANGE) for key, value in entries.items() if value.strip()},
        "fewest": FEWEST,
        "most": MOST,
    }


def _place_in_tables(entries: Mapping[str, str]) -> tuple[str, int]:
    """Return the selected table, and its page, counted from 1."""
    table, page = entries.get("table") or "patients", entries.get("page") or "1"
    if not (page.isascii() and page.isdecimal() and 1 <= int(page[:6]) <= 99_999):
        cure = "give a whole number from 1"
        raise InputError.of("cohort", "page", f"{page[:30]!r} is not a page", cure)
    return table, int(page[:6])


def _kept(entries: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of the address that are not part of the question."""
    return {key: entries[key] for key in ("table", "page") if entries.get(key, "").strip()}
