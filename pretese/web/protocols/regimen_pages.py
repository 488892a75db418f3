"""A page for each regimen: decision tree, proof, paths with their doses, and rules."""

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from pretese.api import shipped_names
from pretese.api.protocols import read_regimen
from pretese.api.protocols.regimens import Regimen
from pretese.web.layout.rendering import localised_page

router = APIRouter()

#: Maximum number of paths on a page.
MAX_PATHS = 100

#: Media types of the formats of a regimen.
MEDIA = {"dmn": "application/xml", "svg": "image/svg+xml"}


@router.get("/regimens", response_class=HTMLResponse)
def regimens_page(request: Request) -> HTMLResponse:
    """Return the list of shipped regimens."""
    found = [read_regimen.regimen(name).compiled for name in shipped_names.shipped().regimens]
    return localised_page(request, "regimens.html", regimens=found)


@router.get("/regimens/{name}.{form}")
def regimen_file(name: str, form: str) -> Response:
    """Return a regimen as DMN, or its tree as SVG."""
    if form not in MEDIA:
        raise HTTPException(404, "Not Found")
    return Response(_shipped(name).show(form), media_type=MEDIA[form])


@router.get("/regimens/{name}", response_class=HTMLResponse)
def regimen_page(request: Request, name: str) -> HTMLResponse:
    """Return the page of a shipped regimen."""
    regimen = _shipped(name)
    compiled, paths = regimen.compiled, regimen.paths
    drugs = [
        {"key": key, "name": drug.name, "unit": drug.unit} for key, drug in compiled.drugs.items()
    ]
    return localised_page(
        request,
        "regimen.html",
        regimen=compiled,
        tree=Markup(regimen.show("svg")),  # its text is already escaped
        proof=regimen.verify().to_dict(),
        questions={table.name: table.question for table in compiled.tables.values()},
        paths=paths[:MAX_PATHS],
        left=max(0, len(paths) - MAX_PATHS),
        drugs=drugs,
    )


def _shipped(name: str) -> Regimen:
    """Return a shipped regimen; a path could open files of the server."""
    if name not in shipped_names.shipped().regimens:
        raise HTTPException(404, "Not Found")
    return read_regimen.regimen(name)
