"""Write the audit into a folder: a page for the browser, Markdown, and a table of figures."""

from pathlib import Path

from pretese.files import write_csv
from pretese.html import render_page
from pretese.pitfalls.figure import Pitfall, frame
from pretese.pitfalls.page import page


def render(pitfalls: list[Pitfall], replicates: int, seed: int) -> str:
    """Return the audit as one self-contained HTML page; same figures, same bytes."""
    return render_page("audit.html", pitfalls=pitfalls, replicates=replicates, seed=seed)


def write_audit(pitfalls: list[Pitfall], folder: Path, replicates: int, seed: int) -> None:
    """Write audit.html, audit.md and audit.csv."""
    (folder / "audit.html").write_text(render(pitfalls, replicates, seed), encoding="utf-8")
    (folder / "audit.md").write_text(page(pitfalls, replicates, seed), encoding="utf-8")
    write_csv(frame(pitfalls), folder / "audit.csv")
