"""The trial page, its simulation, its report, and two designs side by side."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from pretese.api import shipped_names
from pretese.api.trials import group_sequential, read_design
from pretese.web.layout.rendering import language_asked, localised_page, problem
from pretese.web.layout.wording import messages
from pretese.web.protocols.log_audit import policy_of
from pretese.web.trials.trial_answer import TrialAnswer, trial_answer
from pretese.web.trials.trial_pictures import boundary_chart, expected_chart, power_chart
from pretese.web.trials.trial_question import (
    DEFAULTS,
    FUTILITY,
    SPENDING,
    TrialQuestion,
    trial_question,
)
from pretese.web.trials.trial_simulation import (
    BLOCK,
    BLOCKS,
    Progress,
    next_block,
    progress_of,
    whole_blocks,
)
from protocol.errors import InputError

router = APIRouter()

#: Number of simulated trials of a report.
REPORT_TRIALS = 1000

#: Prefixes of the parameters of two compared designs.
SIDES = ("a", "b")


def query_of(request: Request) -> Mapping[str, str]:
    """Return the parameters of a link."""
    return dict(request.query_params)


Query = Annotated[Mapping[str, str], Depends(query_of)]


@router.get("/trial", response_class=HTMLResponse)
def trial_page(request: Request, entries: Query) -> HTMLResponse:
    """Return the form with results; the address contains the whole state of the page."""
    values: dict[str, Any] = {**_form(), "entries": _shown(entries), "answer": None, "faults": []}
    status, part = 200, "hx-request" in request.headers
    try:
        values["answer"] = shown_answer(trial_answer(trial_question(entries)), request)
    except InputError as error:
        values["faults"], status = [str(each) for each in error.faults], 400
    template = "trial_answer.html" if part else "trial.html"
    return localised_page(request, template, 200 if part else status, **values)


@router.get("/trial.json")
def trial_json(entries: Query) -> Response:
    """Return the design as `pretese boundaries --json` prints it."""
    try:
        found = group_sequential.boundaries(**trial_question(entries).arguments())
    except InputError as error:
        return problem(error)
    return Response(found.to_json(), media_type="application/json")


@router.get("/trial/simulation", response_class=HTMLResponse)
def trial_simulation(request: Request, entries: Query) -> HTMLResponse:
    """Simulate the next block; without JavaScript all of them, as a page."""
    part = "hx-request" in request.headers
    values: dict[str, Any] = {"faults": [], "progress": None, "blocks": BLOCKS, "next": ""}
    status = 200
    try:
        question = trial_question(entries)
        answer = trial_answer(question)
        progress = _simulated(answer, progress_of(entries), whole=not part)
        language = language_asked(request)
        following = question.link(language, "/trial/simulation", **progress.entries())
        values |= {"progress": progress, "exact": 100 * answer.power,
                   "next": "" if progress.done else following,
                   "back": question.link(language)}  # fmt: skip
    except InputError as error:
        values["faults"], status = [str(each) for each in error.faults], 400
    template = "trial_progress.html" if part else "trial_simulation.html"
    return localised_page(request, template, 200 if part else status, **values)


@router.get("/trial/report")
def trial_report(request: Request, entries: Query) -> Response:
    """Return the report of a power study of this design, as `pretese report` writes it."""
    try:
        answer = trial_answer(trial_question(entries))
        design = _simulated_design(answer)
        study = design.power(replicates=REPORT_TRIALS, progress=False)
        page = study.report()
    except InputError as error:
        faults = [str(each) for each in error.faults]
        return localised_page(request, "error.html", 400, faults=faults)
    return HTMLResponse(page, headers={"content-security-policy": policy_of(page)})


@router.get("/trial/compare", response_class=HTMLResponse)
def compare_page(request: Request, entries: Query) -> HTMLResponse:
    """Return two compared designs; parameters of each begin with its letter and a dot."""
    sides = {side: _of_side(entries, side) for side in SIDES}
    values: dict[str, Any] = {
        **_form(), "sides": {side: _shown(given) for side, given in sides.items()},
        "answers": None, "faults": [],
    }  # fmt: skip
    status = 200
    try:
        found = {side: trial_answer(trial_question(given)) for side, given in sides.items()}
        words = messages(language_asked(request))
        names = [(f"{words['design']} {side.upper()}", each) for side, each in found.items()]
        values |= {"answers": found, "chart": power_chart(names, words, None)}
    except InputError as error:
        values["faults"], status = [str(each) for each in error.faults], 400
    return localised_page(request, "compare.html", status, **values)


def shown_answer(answer: TrialAnswer, request: Request) -> dict[str, Any]:
    """Return the values of the template for results."""
    question, language = answer.question, language_asked(request)
    words = messages(language)
    both = {f"{side}.{k}": v for side in SIDES for k, v in question.entries().items()}
    from urllib.parse import urlencode

    return {
        "found": answer,
        "curve": power_chart([("", answer)], words, None),
        "boundaries": boundary_chart(answer, words),
        "expected": expected_chart(answer, words),
        "python": question.python(),
        "command": question.command(),
        "design": question.design_file(whole_blocks(question, answer.enrolled)),
        "link": question.link(language),
        "simulation": question.link(language, "/trial/simulation"),
        "report": question.link(language, "/trial/report"),
        "json": question.link(language, "/trial.json"),
        "compare": "/trial/compare?" + urlencode({**both, "lang": language}),
        "trials": BLOCK * BLOCKS,
    }


def _simulated(answer: TrialAnswer, progress: Progress, *, whole: bool) -> Progress:
    """Simulate one block, or all that remain."""
    progress = next_block(answer.question, answer.enrolled, progress)
    while whole and not progress.done:
        progress = next_block(answer.question, answer.enrolled, progress)
    return progress


def _simulated_design(answer: TrialAnswer) -> Any:
    question: TrialQuestion = answer.question
    return read_design.design(question.design(whole_blocks(question, answer.enrolled)))


def _form() -> dict[str, Any]:
    sources = ("rates", *shipped_names.shipped().scenarios)
    return {"spending": SPENDING, "futility": FUTILITY, "sources": sources}


def _shown(entries: Mapping[str, str]) -> dict[str, str]:
    return {**DEFAULTS, **{k: v for k, v in entries.items() if k in DEFAULTS}}


def _of_side(entries: Mapping[str, str], side: str) -> dict[str, str]:
    start = f"{side}."
    return {k.removeprefix(start): v for k, v in entries.items() if k.startswith(start)}
