"""The application: pages, figures and services, behind `Protection`."""

from pathlib import Path

from fastapi import Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from pretese.web.cohorts import cohort_page
from pretese.web.documentation import documentation_pages
from pretese.web.documentation.openapi import DescribedServer
from pretese.web.fhir import fhir_pages
from pretese.web.hooks import service
from pretese.web.layout import rendering
from pretese.web.protocols import bedside, log_audit, regimen_pages
from pretese.web.security.protection import App, Protection
from pretese.web.security.settings import ServerSettings
from pretese.web.trials import trial_page

#: Style sheet and scripts, served as they are.
STATIC = Path(__file__).parent / "static"


def create_application(settings: ServerSettings) -> App:
    """Return the ASGI application with the given limits.

    Nothing is stored: every answer follows from its request alone.
    """
    inner = DescribedServer(title="pretese", docs_url=None, redoc_url=None)
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


def _error_page(request: Request, error: Exception) -> Response:
    """Return a page for an address that does not exist, or a method that is not allowed."""
    if not isinstance(error, HTTPException):  # registered for this class alone
        raise error
    faults = [f"{error.status_code} {error.detail}"]
    return rendering.localised_page(request, "error.html", error.status_code, faults=faults)
