"""The application: pages, figures and services, behind `Protection`."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pretese.web.cohorts import cohort_page
from pretese.web.cohorts.cohort_answer import cohort_answer
from pretese.web.cohorts.cohort_question import cohort_question
from pretese.web.documentation import documentation_pages
from pretese.web.documentation.openapi import DescribedServer
from pretese.web.fhir import fhir_pages
from pretese.web.hooks import service
from pretese.web.layout import rendering
from pretese.web.protocols import bedside, log_audit, regimen_pages
from pretese.web.security.protection import App, Protection
from pretese.web.security.settings import ServerSettings
from pretese.web.trials import trial_page
from pretese.web.trials.trial_answer import trial_answer
from pretese.web.trials.trial_question import trial_question

#: Style sheet and scripts.
STATIC = Path(__file__).parent / "static"


def create_application(settings: ServerSettings) -> App:
    """Return the ASGI application with the given limits.

    Nothing is stored: a response depends only on its request.
    """
    inner = DescribedServer(title="pretese", docs_url=None, redoc_url=None, lifespan=_loaded_ahead)
    inner.include_router(bedside.router)
    inner.include_router(regimen_pages.router)
    inner.include_router(log_audit.router)
    inner.include_router(trial_page.router)
    inner.include_router(cohort_page.router)
    inner.include_router(service.router)
    inner.include_router(fhir_pages.router)
    inner.include_router(documentation_pages.router)
    inner.state.settings = settings
    inner.mount("/static", StaticFiles(directory=STATIC))
    inner.add_exception_handler(HTTPException, _error_page)
    return Protection(inner, settings)


@asynccontextmanager
async def _loaded_ahead(_: FastAPI) -> AsyncIterator[None]:
    """Import the libraries of the explorers at start, so that the first response is fast."""
    threading.Thread(target=_load, daemon=True).start()
    yield


def _load() -> None:
    trial_answer(trial_question({}))
    cohort_answer(cohort_question({"patients": "60"}))


def _error_page(request: Request, error: Exception) -> Response:
    """Return a page for an address that does not exist, or a method that is not allowed."""
    if not isinstance(error, HTTPException):  # registered for this class only
        raise error
    faults = [f"{error.status_code} {error.detail}"]
    return rendering.localised_page(request, "error.html", error.status_code, faults=faults)
