"""The tutorials about trials in Python run unchanged and print the output shown."""

from pathlib import Path

from tests.support.python_page import play

DOCS = Path(__file__).parents[3] / "docs"


def played(name, folder="tutorials"):
    return play((DOCS / folder / name).read_text(encoding="utf-8"))


def test_the_tutorial_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert played("trial-in-python.md") == 18
    assert (tmp_path / "study" / "report.html").is_file()


def test_the_tutorial_of_several_treatments_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert played("three-arms-in-python.md") == 16


def test_the_guide_to_bayesian_trials_prints_what_it_shows():
    assert played("plan-a-bayesian-trial.md", "how-to") == 5
