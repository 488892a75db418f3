"""The report of an analysis as a Word document (.docx): text, tables and figures to edit."""

import io
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from estimate.plan.findings import Analysis
from pretese.analysis.journal_style import PLAIN, JournalStyle
from pretese.analysis.report.content import CAPTIONS, ReportContent, report_content
from pretese.analysis.report.word_parts import WordDocument
from pretese.plots.style import png_bytes

#: Columns of a table side by side on a portrait page; the first is repeated in further parts.
ACROSS = 9


def word_report(
    found: Analysis, document: Mapping[str, Any], *, style: JournalStyle = PLAIN
) -> bytes:
    """Return the report as the bytes of a .docx file; the same analysis gives the same bytes.

    Parameters
    ----------
    style
        Format of numbers in text and tables; figures have the plain one.
    """
    content = report_content(found, document, style)
    word = WordDocument(content.title)
    _front(word, content)
    for number, (caption, table) in enumerate(_parts(content), 1):
        word.table(f"Table {number}. {caption}", table)
    for number, (caption, picture) in enumerate(_pictures(found), 1):
        word.picture(f"Figure {number}. {caption}", picture)
    word.heading("Statistical methods")
    word.paragraph(content.methods)
    word.heading("Reporting items")
    heads = ["item", "what", "where"]
    word.table(
        "Items of STROBE, TARGET and ICH E9(R1) that an analysis can fill, and where this one does",
        pd.DataFrame(content.items, columns=heads),
    )
    word.heading("Provenance")
    word.table("", pd.DataFrame(content.provenance, columns=["name", "value"]))
    return word.to_bytes()


def _front(word: WordDocument, content: ReportContent) -> None:
    word.paragraph(content.lead)
    for arm in content.arms:
        word.paragraph(arm, "List Bullet")
    word.paragraph("Risk differences are in percentage points.")
    word.paragraph("Research software, not a medical device.", "Intense Quote")
    for kind, words in content.statements:
        word.paragraph(f"{kind}: {words}")


def _parts(content: ReportContent) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the tables, wide ones in parts that fit a page."""
    for caption, table in content.tables:
        first, *others = table.columns
        if len(table.columns) <= ACROSS:
            yield caption, table
            continue
        step = ACROSS - 1
        for start in range(0, len(others), step):
            continued = f"{caption}, continued" if start else caption
            yield continued, table[[first, *others[start : start + step]]]


def _pictures(found: Analysis) -> Iterator[tuple[str, io.BytesIO]]:
    from pretese.analysis.analysis_figures import figure_makers

    for name, draw in figure_makers(found).items():
        yield CAPTIONS[name], io.BytesIO(png_bytes(draw()))
