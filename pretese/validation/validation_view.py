"""A validation on the console and as a page."""

from typing import Any

from rich.table import Table

from pretese.io.text.html_page import render_page
from pretese.screen.console import console_text

#: Failed comparisons that the console lists.
LISTED = 20


def validation_text(document: dict[str, Any]) -> str:
    """Return areas with their comparisons, and those that failed, in 80 columns."""
    table = Table(box=None, pad_edge=False)
    table.add_column("area")
    for heading in ("comparisons", "passed", "largest difference"):
        table.add_column(heading, justify="right")
    for area in document["areas"]:
        table.add_row(*_cells(area))
    failed = [each for each in document["comparisons"] if not each["passed"]]
    parts = [console_text(lambda console: console.print(table)).rstrip()]
    parts.append("Largest difference: in percent of its tolerance; equal: no tolerance.")
    parts += [
        f"FAILED {each['area']}, {each['quantity']}:\n  expected {each['expected']:g}, "
        f"computed {each['computed']:g}"
        for each in failed[:LISTED]
    ]
    if len(failed) > LISTED:
        parts.append(f"and {len(failed) - LISTED} more")
    return "\n".join(parts)


def validation_page(document: dict[str, Any]) -> str:
    """Return every comparison as one HTML page."""
    rows = [{**each, "shown": _cells(each)} for each in document["areas"]]
    return render_page("validation.html", document=document, areas=rows)


def _cells(area: dict[str, Any]) -> tuple[str, str, str, str]:
    largest = area["largest"]
    share = "equal" if largest is None else f"{100 * largest:.1f} %"
    return area["area"], f"{area['comparisons']:,}", f"{area['passed']:,}", share
