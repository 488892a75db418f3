"""The pages about work in Python run unchanged and print the output shown."""

from pathlib import Path

import pytest

from tests.support.python_page import Cell, cells, fits, play, played, sections

DOCS = Path(__file__).parents[3] / "docs"
#: Notebook-style tutorials, with the number of outputs that each shows.
TUTORIALS = {"protocol-in-python": 19, "from-the-literature-to-a-sample-size": 13}
HOW_TO = (DOCS / "how-to" / "work-in-python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", TUTORIALS)
def test_a_tutorial_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "tutorials" / f"{page}.md").read_text(encoding="utf-8")
    assert play(text) == TUTORIALS[page]


@pytest.mark.parametrize("section", sections(HOW_TO))
def test_each_section_of_the_how_to_page_runs_on_its_own(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert play(sections(HOW_TO)[section]) >= 1


def test_a_page_with_other_output_is_detected(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```python\nx = 1\n```\n\n```python\nprint('a')\nx + 1\n```\n\n```text\na\n2\n```\n"
    assert list(cells(page)) == [Cell("x = 1\n", ""), Cell("print('a')\nx + 1\n", "a\n2\n")]
    assert play(page) == 1
    with pytest.raises(AssertionError, match="prints"):
        play(page.replace("\n2\n", "\n3\n"))
    with pytest.raises(AssertionError, match="prints"):
        play("```python\nprint('not shown')\n```\n")
    assert played("None", {}) == ""
    assert fits("a\n...\nc\n", "a\nb\nb\nc\n")
    assert not fits("a\n...\nc\n", "a\nb\n")
    assert fits("a b...\n", "a b c\n")
