"""Rendering of templates: messages in the language of the request, every value escaped."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pretese.web.layout.wording import LANGUAGES, language_of, messages
from protocol.errors import InputError
from protocol.reading.shown import shown_unit

PAGES = Path(__file__).parent / "pages"


@cache
def environment() -> Environment:
    """Return the template environment; undefined names are errors."""
    made = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = lambda value: f"{value:g}" if isinstance(value, float) else value
    made.filters["cell"] = _cell
    made.filters["unit"] = shown_unit
    return made


def _cell(value: Any) -> str:
    """Return a value of a table: dates without a time, numbers to four decimals."""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def language_asked(request: Request) -> str:
    """Return the language of the address, otherwise the first that the browser accepts."""
    accepted = request.headers.get("accept-language", "")
    return language_of(request.query_params.get("lang"), accepted)


def localised_page(
    request: Request, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """Render a template in the language of the request."""
    language = language_asked(request)
    text = (
        environment()
        .get_template(template)
        .render(
            t=messages(language),
            language=language,
            languages=LANGUAGES,
            path=request.url.path,
            contact=request.app.state.settings.contact,
            **values,
        )
    )
    return HTMLResponse(text, status)


def problem(error: InputError) -> Response:
    """Return bad input as problem details (RFC 9457)."""
    from pretese.io.text.json_text import to_json

    faults = [
        {"where": e.where, "field": e.field, "problem": e.problem, "cure": e.cure}
        for e in error.faults
    ]
    body = {"title": "bad input", "status": 400, "faults": faults}
    return Response(to_json(body), 400, media_type="application/problem+json")
