"""A Word document in parts: headings, paragraphs, tables with three rules, pictures.

python-docx has no function for borders of a table, repeated heading rows and alternative text of
pictures; these are set in the underlying XML (ECMA-376, part 1, sections 17.4 and 20.4).
"""

import io
from collections.abc import Sequence
from typing import Any

import docx
import pandas as pd
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from pretese.io.export.columns.clock import creation_time
from pretese.io.output.office_file import with_fixed_clock
from protocol.safe_text import lines, xml_text

#: Text between the margins of an A4 page, in centimetres.
WIDTH_CM = 17.0

#: Width of a letter in a table and margins of a cell; letters of a word and of a text that count.
LETTER_CM, MARGINS_CM, LONGEST_WORD, LONGEST_TEXT = 0.165, 0.42, 22, 44

#: Tallest picture, in centimetres.
HEIGHT_CM = 20.0


def _plain_text(text: object) -> str:
    """Return text that a Word document can hold."""
    return xml_text(lines(str(text)))


class WordDocument:
    """A Word document that grows from its title downwards."""

    def __init__(self, title: str) -> None:
        self._document: Any = docx.Document()
        section = self._document.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.0)
        normal = self._document.styles["Normal"]
        normal.font.name, normal.font.size = "Arial", Pt(10)
        known = self._document.core_properties
        known.title, known.author, known.comments = _plain_text(title)[:255], "pretese", ""
        known.created = known.modified = creation_time().replace(tzinfo=None)
        self._document.add_heading(_plain_text(title), 0)

    def heading(self, text: str) -> None:
        """Add a heading of a section."""
        self._document.add_heading(_plain_text(text), 1)

    def paragraph(self, text: str, style: str | None = None) -> None:
        """Add a paragraph in a style of Word."""
        self._document.add_paragraph(_plain_text(text), style)

    def table(self, caption: str, cells: pd.DataFrame) -> None:
        """Add a table under its caption; its heading is repeated on every page."""
        if caption:
            self._caption(caption)
        columns = [[name, *cells[name]] for name in cells.columns]
        right = [place > 0 and _is_numeric(column[1:]) for place, column in enumerate(columns)]
        widths = _widths(columns)
        table = self._document.add_table(len(cells) + 1, len(columns))
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)  # for programs that read the grid instead of the cells
        for number, (row, values) in enumerate(
            zip(table.rows, zip(*columns, strict=True), strict=True)
        ):
            _keep_together(row, heading=number == 0)
            for place, (cell, value) in enumerate(zip(row.cells, values, strict=True)):
                cell.width = Cm(widths[place])
                _fill(cell, value, bold=number == 0, right=right[place])
        _rule(table.rows[0], "top", "bottom")
        _rule(table.rows[-1], *(("bottom",) if len(cells) else ()))
        self._document.add_paragraph()

    def picture(self, caption: str, png: io.BytesIO) -> None:
        """Add a picture above its caption, which is also its alternative text."""
        shape = self._document.add_picture(png)
        scale = min(Cm(WIDTH_CM) / shape.width, Cm(HEIGHT_CM) / shape.height, 1.0)
        shape.width, shape.height = int(shape.width * scale), int(shape.height * scale)
        shape._inline.docPr.set("descr", _plain_text(caption))
        self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        self._caption(caption, under=True)

    def to_bytes(self) -> bytes:
        """Return the bytes of the file, with the time of `creation_time` throughout."""
        raw = io.BytesIO()
        self._document.save(raw)
        return with_fixed_clock(raw.getvalue(), creation_time())

    def _caption(self, text: str, *, under: bool = False) -> None:
        written = self._document.add_paragraph()
        written.paragraph_format.keep_with_next = not under
        run = written.add_run(_plain_text(text))
        run.bold, run.font.size = True, Pt(9.5)


def _is_numeric(values: Sequence[object]) -> bool:
    """Return whether a column holds numbers, intervals and gaps, and no words."""
    texts = [str(value).replace(" to ", " ") for value in values]
    return any(map(str.isdigit, "".join(texts))) and not any(map(str.isalpha, "".join(texts)))


def _widths(columns: Sequence[Sequence[object]]) -> list[float]:
    """Return widths in centimetres: by the longest word, then by the longest text."""
    texts = [[str(value) for value in column] for column in columns]
    words = [
        max(len(part) for text in column for part in _parts(text, numeric=_is_numeric(column[1:])))
        for column in texts
    ]
    if LETTER_CM * sum(words) + MARGINS_CM * len(words) > WIDTH_CM:  # numbers must be broken too
        words = [max(len(part) for text in column for part in _parts(text)) for column in texts]
    longest = [max(map(len, column)) for column in texts]
    needed = [LETTER_CM * min(max(word, 4), LONGEST_WORD) + MARGINS_CM for word in words]
    wanted = [LETTER_CM * min(text, LONGEST_TEXT) + MARGINS_CM for text in longest]
    if sum(needed) >= WIDTH_CM:  # the widest columns break their words
        cap = next(x / 10 for x in range(300, 0, -1) if _capped(needed, x / 10) <= WIDTH_CM)
        return [min(each, cap) for each in needed]
    more = [max(0.0, want - need) for want, need in zip(wanted, needed, strict=True)]
    share = min(1.0, (WIDTH_CM - sum(needed)) / max(sum(more), 1e-9))
    return [need + share * each for need, each in zip(needed, more, strict=True)]


def _parts(text: str, *, numeric: bool = False) -> list[str]:
    """Return what a line may not divide: words, or a cell of numbers as a whole."""
    whole = numeric and _is_numeric([text])
    return [text] if whole else text.split() or [""]


def _capped(widths: Sequence[float], cap: float) -> float:
    return sum(min(each, cap) for each in widths)


def _fill(cell: Any, value: object, *, bold: bool, right: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run("" if value is None or value != value else _plain_text(value))
    run.font.size, run.bold = Pt(8), bold


def _keep_together(row: Any, *, heading: bool) -> None:
    """Never split a row between pages; repeat a heading row."""
    properties = row._tr.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if heading:
        properties.append(OxmlElement("w:tblHeader"))


def _rule(row: Any, *sides: str) -> None:
    """Draw thin lines along sides of a row."""
    for cell in row.cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = properties.find(qn("w:tcBorders"))
        if borders is None:
            borders = OxmlElement("w:tcBorders")
            properties.append(borders)
        for side in sides:
            line = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", "6"), ("color", "1D2733")):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
