"""Text of unknown origin: made safe for messages, terminals, figures and XML."""

import io
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from pretese.plots.safe_figures import LONGEST_LABEL, figure_text
from pretese.plots.style import house_style, new_figure, save, svg
from pretese.screen.console import SafeConsole
from protocol.errors import Fault
from protocol.safe_text import lines, one_line, xml_text

HOSTILE = [
    "$\\frac{$",
    "[bold]x[/y]",
    "a\x1b[31mb\x00",
    ":smile:",
    "x" * 3000,
    "\u202eabc",
    "\ud800",
]

anything = st.text(st.characters(), max_size=30)  # surrogates and control characters included


def obeyed(text: str, allowed: str = "") -> list[str]:
    return [c for c in text if (ord(c) < 32 or 127 <= ord(c) < 160) and c not in allowed]


@given(anything)
def test_no_control_character_is_left(text):
    assert obeyed(one_line(text)) == []
    assert obeyed(lines(text), "\t\n") == []
    one_line(text).encode("utf-8")


@given(anything)
def test_making_text_safe_twice_changes_nothing(text):
    assert one_line(one_line(text)) == one_line(text)
    assert figure_text(figure_text(text)) == figure_text(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_unchanged(text):
    assert lines(text) == one_line(text) == xml_text(text) == text


@given(anything)
def test_xml_text_can_be_read_back(text):
    element = ET.Element("a", name=xml_text(text))
    assert ET.fromstring(ET.tostring(element)).tag == "a"


def test_a_fault_is_one_line_of_bounded_length():
    shown = str(Fault("a\x1b]0;title\x07.csv", "x\ny", repr("z" * 10**6), "give another"))
    assert shown.startswith("a\\x1b]0;title\\x07.csv: x\\ny: 'zzz")
    assert len(shown) < 3500
    assert obeyed(shown) == []


@pytest.mark.parametrize("text", HOSTILE[:4])
def test_a_table_shows_names_unchanged(text):
    shown = io.StringIO()
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    SafeConsole(file=shown, width=200).print(table)
    assert shown.getvalue().count(lines(text)) == 3
    assert obeyed(shown.getvalue(), "\n") == []


def test_a_figure_shows_names_unchanged(tmp_path):
    with house_style():
        figure = new_figure(4, 3)
        axes = figure.add_subplot()
        for height, text in enumerate(HOSTILE):
            axes.plot([0, 1], [0, height], label=text)
            axes.text(0.5, height, text)
        axes.set_title("\n".join(HOSTILE))
        axes.set_yticks(range(len(HOSTILE)), HOSTILE)
        axes.legend()
    drawn = svg(figure)
    save(figure, tmp_path / "figure.png")
    words = [element.text for element in ET.fromstring(drawn).iter() if element.text]
    for text in HOSTILE:
        short = figure_text(text) == figure_text(text, LONGEST_LABEL)
        assert words.count(figure_text(text)) == (4 if short else 3)
        assert figure_text(text, LONGEST_LABEL) in words
