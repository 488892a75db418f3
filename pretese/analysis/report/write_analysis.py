"""Write an analysis as a document, and as a folder of tables and figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from estimate.plan.findings import Analysis
from pretese.analysis.analysis_tables import characteristics
from pretese.analysis.journal_style import PLAIN, JournalStyle
from pretese.analysis.report.content import analysis_tables
from pretese.io.output.manifest import write_manifest
from pretese.io.output.versions import versions
from pretese.io.text.json_text import to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.io.text.write_table import write_table


def analysis_document(
    found: Analysis, *, plan_sha256: str, data_sha256: str | None, assumptions: tuple[str, ...]
) -> dict[str, Any]:
    """Return an analysis as plain values, with the identity of its plan and table."""
    return {
        **rounded_document({**found.record(), "table1": _table1(found)}),
        "versions": versions(),
        "plan_sha256": plan_sha256,
        "data_sha256": data_sha256,
        "data_assumptions": list(assumptions),
    }


def _table1(found: Analysis) -> dict[str, Any] | None:
    """Return Table 1 as plain values with full digits; None without covariates."""
    if not found.plan.covariates:
        return None
    table = characteristics(found)
    return {"groups": list(table.groups), "rows": [row.record() for row in table.rows]}


def write_analysis(
    found: Analysis, document: Mapping[str, Any], folder: Path, style: JournalStyle = PLAIN
) -> None:
    """Write the document, every table (CSV, Markdown, LaTeX, HTML) and figure (SVG, PNG)."""
    from pretese.analysis.analysis_figures import figure_makers
    from pretese.plots.style import save

    (folder / "analysis.json").write_text(to_json(document) + "\n", encoding="utf-8")
    for name, caption, table in analysis_tables(found, style):
        write_table(table, folder / name, caption)
    for name, draw in figure_makers(found).items():
        figure = draw()
        for ending in ("svg", "png"):
            save(figure, folder / f"{name}.{ending}")
    facts = {key: document[key] for key in ("versions", "plan_sha256", "data_sha256")}
    write_manifest(folder, facts)
