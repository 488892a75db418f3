"""Text tables in four formats: users' names are shown literally, never interpreted."""

import csv
import io
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pretese.io.text.spreadsheet import spreadsheet_cell
from pretese.io.text.write_table import csv_text, html_table, latex, markdown_table
from protocol.safe_text import lines, one_line, xml_text

#: Characters with a special meaning in some format, and ordinary ones.
word = st.text(
    st.sampled_from("ab1 _*`[]()<>|&$#%{}\\~^=+-@\t\r\n\x1b\x85é\u202e\"'!:/."), max_size=12
)
tables = st.lists(st.tuples(word, word), min_size=1, max_size=4).map(
    lambda rows: pd.DataFrame(rows[1:], columns=list(rows[0]))
)


def flat(text: str) -> str:
    return one_line(re.sub(r"\s+", " ", text)).strip()


class Cells(HTMLParser):
    """Collects the text of cells, and the names of all elements."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells:
            self.cells[-1] += data


def read(page_of_a_table: str) -> Cells:
    reader = Cells()
    reader.feed(page_of_a_table)
    reader.close()
    return reader


def cells_of(table: pd.DataFrame) -> list[str]:
    return [str(each) for each in [*table.columns, *table.to_numpy().ravel()]]


@given(tables)
def test_html_shows_every_cell_as_it_is(table):
    found = read(html_table(table, "a <b> caption"))
    assert found.tags - {"wbr"} == {"table", "caption", "thead", "tbody", "tr", "th"} | (
        {"td"} if len(table) else set()
    )
    expected = [flat(xml_text(lines(cell))) for cell in cells_of(table)]
    assert [flat(cell) for cell in found.cells] == expected


@given(tables)
def test_a_markdown_reader_shows_every_cell_as_it_is(table):
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = read(reader.render(markdown_table(table, "caption")))
    assert found.tags <= {"p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
    assert [flat(cell) for cell in found.cells] == [flat(cell) for cell in cells_of(table)]


@given(tables)
def test_latex_has_no_command_and_no_option_from_a_cell(table):
    made = latex(table, "[caption]")
    assert len(made.splitlines()) == 8 + len(table) + 1
    body = made.split("\\toprule\n")[1].split("\\bottomrule")[0]
    for row in body.splitlines():
        assert not re.match(r"\s*[\[*]", row)
    commands = set(re.findall(r"\\([a-z]+)", body))
    assert commands <= {"midrule", "textbackslash", "textasciitilde", "textasciicircum"}


@given(tables)
def test_no_cell_of_a_csv_is_a_formula(table):
    rows = list(csv.reader(io.StringIO(csv_text(table), newline="")))
    assert len(rows) == len(table) + 1
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"\s*[=@]|[\t\r\n]", cell)
        assert not re.match(r"\s*[+-].*[^\d.,eE+\-() %to]", cell)


@pytest.mark.parametrize(
    "text", ["-1.5", "+2", "-1e-05", "+20.6 (-4.3 to +42.7)", "-12 (-3.1%)", "-0,5", "-", "arm", ""]
)
def test_numbers_and_plain_words_stay_as_they_are(text):
    assert spreadsheet_cell(text) == text


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=cmd|' /C calc'!A0", "+A1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1",
     " =1", "-1 (=1)", "＝1+1", "-1\n=2"],
)  # fmt: skip
def test_formulas_become_text(text):
    assert spreadsheet_cell(text) == f"'{text}"
