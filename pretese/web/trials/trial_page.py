"""The trial page: sample size, boundaries and exact power of a two-arm trial, as one answer."""

import base64
import math
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

import pretese
from pretese.web.layout.rendering import localised_page
from pretese.web.layout.wording import language_of
from pretese.web.trials.trial_question import (
    DEFAULTS,
    FUTILITY,
    SPENDING,
    TrialQuestion,
    trial_question,
)
from protocol.errors import InputError

router = APIRouter()

#: Sizes at which the exact curve is computed, around the planned size.
CURVE_POINTS = 25

#: Participants in both arms beyond which a page is not the place to enumerate.
MOST_PARTICIPANTS = 6000


def query_of(request: Request) -> Mapping[str, str]:
    """Return the entries of a link."""
    return dict(request.query_params)


Query = Annotated[Mapping[str, str], Depends(query_of)]


@router.get("/trial", response_class=HTMLResponse)
def trial_page(request: Request, entries: Query) -> HTMLResponse:
    """Return the form with its answer: the whole state of the page is its address."""
    values: dict[str, Any] = {
        "entries": {**DEFAULTS, **{k: v for k, v in entries.items() if k in DEFAULTS}},
        "spending": SPENDING,
        "futility": FUTILITY,
        "answer": None,
        "faults": [],
    }
    status = 200
    try:
        question = trial_question(entries)
        accepted = request.headers.get("accept-language", "")
        values["answer"] = answer_of(question, language_of(entries.get("lang"), accepted))
    except InputError as error:
        values["faults"], status = [str(each) for each in error.faults], 400
    part = "hx-request" in request.headers
    template = "trial_answer.html" if part else "trial.html"
    return localised_page(request, template, 200 if part else status, **values)


@router.get("/trial.json")
def trial_json(entries: Query) -> Response:
    """Return the design as `pretese boundaries --json` prints it."""
    from pretese.web.layout.rendering import problem

    try:
        found = pretese.boundaries(**trial_question(entries).arguments())
    except InputError as error:
        return problem(error)
    return Response(found.to_json(), media_type="application/json")


def answer_of(question: TrialQuestion, language: str) -> dict[str, Any]:
    """Compute what the page shows.

    Raises
    ------
    InputError
        The trial is too large to enumerate while a person waits.
    """
    found = pretese.boundaries(**question.arguments())
    document = found.to_dict()
    per_arm = document["participants"]["per_arm_at_analysis"][-1]
    enrolled = math.ceil(per_arm / (1 - question.dropout_percent / 100))
    if 2 * per_arm > MOST_PARTICIPANTS:
        problem = f"{2 * per_arm:,} participants are planned"
        cure = f"ask for at most {MOST_PARTICIPANTS:,} here, or use pretese power"
        raise InputError.of("trial", "size", problem, cure)
    sizes, power = exact_curve(question, document)
    return {
        "document": document,
        "per_arm": per_arm,
        "enrolled": 2 * enrolled,
        "rows": document["analyses"],
        "curve": picture(draw_curve(question, sizes, power)),
        "boundaries": picture(found.plot()),
        "python": question.python(),
        "command": question.command(),
        "design": question.design_file(2 * enrolled + (2 * enrolled) % 4),
        "link": question.link(language),
    }


def exact_curve(
    question: TrialQuestion, document: Mapping[str, Any]
) -> tuple[list[int], list[float]]:
    """Return participants in both arms, and the exact power of the design at each size."""
    enumerate_trial = pretese.estimators.exact_sequential
    upper = [row["upper"] for row in document["analyses"]]
    lower = [row["lower"] if row["lower"] is not None else -20.0 for row in document["analyses"]]
    stops = question.futility != "none"
    shares = [row["information_rate"] for row in document["analyses"]]
    planned = document["participants"]["per_arm_at_analysis"][-1]
    first, last = max(len(shares), round(0.3 * planned)), round(1.7 * planned)
    arms = sorted({round(first + (last - first) * i / (CURVE_POINTS - 1))
                   for i in range(CURVE_POINTS)})  # fmt: skip
    high, low = question.treated_percent / 100, question.control_percent / 100
    if high < low:  # the endpoint is one to avoid: the mirrored trial has the same power
        high, low = 1 - high, 1 - low
    power = []
    for arm in arms:
        at = [max(1, round(share * arm)) for share in shares]
        trial = enumerate_trial(at, at, upper, high, low, lower=lower if stops else None)
        power.append(float(trial.power))
    return [2 * arm for arm in arms], power


def draw_curve(question: TrialQuestion, sizes: list[int], power: list[float]) -> Any:
    """Draw exact power over participants, with the power asked for."""
    from pretese.plots.style import MUTED, SIMULATED, house_style, new_figure

    with house_style():
        figure = new_figure(5.6, 3.2)
        axes = figure.add_subplot()
        axes.plot(sizes, [100 * each for each in power], color=SIMULATED, lw=1.8)
        axes.axhline(question.power_percent, color=MUTED, lw=0.9, ls="--")
        axes.set_ylim(0, 100)
        axes.set_xlabel("Participants analysed, both arms")
        axes.set_ylabel("Exact power, %")
    return figure


def picture(figure: Any) -> str:
    """Return a figure as the address of an SVG picture that stands in the page itself."""
    from pretese.plots.style import svg

    return "data:image/svg+xml;base64," + base64.b64encode(svg(figure).encode()).decode()
