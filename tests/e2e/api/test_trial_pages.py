"""The tutorial about trials in Python runs as it stands, and prints what it shows."""

from pathlib import Path

from tests.support.python_page import play

TUTORIAL = Path(__file__).parents[3] / "docs" / "tutorials" / "trial-in-python.md"


def test_the_tutorial_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert play(TUTORIAL.read_text(encoding="utf-8")) == 18
    assert (tmp_path / "study" / "report.html").is_file()
