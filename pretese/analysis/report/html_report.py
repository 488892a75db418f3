"""The report of an analysis as one self-contained HTML page."""

from collections.abc import Iterator, Mapping
from typing import Any

from estimate.plan.findings import Analysis
from pretese.analysis.journal_style import PLAIN, JournalStyle
from pretese.analysis.report.content import CAPTIONS, report_content
from pretese.io.text.html_page import render_page
from pretese.io.text.write_table import html_table


def html_report(
    found: Analysis,
    document: Mapping[str, Any],
    *,
    figures: bool = False,
    style: JournalStyle = PLAIN,
) -> str:
    """Return one page of methods, tables and reporting items.

    Parameters
    ----------
    figures
        Whether the page includes the figures.
    style
        Format of numbers.
    """
    content = report_content(found, document, style)
    return render_page(
        "analysis.html",
        content=content,
        figures=[(CAPTIONS[name], drawn) for name, drawn in _figures(found)] if figures else [],
        tables=[html_table(table, caption) for caption, table in content.tables],
    )


def _figures(found: Analysis) -> Iterator[tuple[str, str]]:
    """Yield the name and the SVG of every figure."""
    from pretese.analysis.analysis_figures import figure_makers
    from pretese.plots.style import svg

    for name, draw in figure_makers(found).items():
        yield name, svg(draw())
