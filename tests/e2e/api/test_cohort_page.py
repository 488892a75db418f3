"""The pages about cohorts in Python run unchanged and print the output shown."""

from pathlib import Path

from pretese.cli import run
from tests.support.python_page import play

DOCS = Path(__file__).parents[3] / "docs"


def test_the_tutorial_prints_what_it_shows_and_its_command_gives_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert play((DOCS / "tutorials" / "cohort-in-python.md").read_text(encoding="utf-8")) == 17
    words = ["paper", "--patients", "400", "--seed", "7", "--format", "csv,parquet"]
    assert run(["simulate", *words, "--out", "again"]) == 0
    for path in Path("again").rglob("*.*"):
        assert path.read_bytes() == Path("cohort", path.relative_to("again")).read_bytes()
