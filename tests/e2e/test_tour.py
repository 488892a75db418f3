"""The tour runs as it stands, and prints what it says."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from pretese.cli import run

DOCS = Path(__file__).parents[2] / "docs"


def steps() -> list[tuple[str, list[str]]]:
    page = (DOCS / "tour.md").read_text()
    blocks = re.findall(r"^```\n\$ pretese (.*?)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [(words, lines.splitlines()) for words, lines in blocks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("tour")
    shutil.copy(DOCS / "examples" / "plan.yaml", here)
    return here


@pytest.mark.parametrize(("words", "lines"), steps(), ids=lambda each: str(each)[:20])
def test_the_tour_prints_what_it_says(words, lines, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert run(shlex.split(words)) == 0
    shown = capsys.readouterr()
    printed = [line.rstrip() for line in (shown.out + shown.err).splitlines()]
    missing = [line for line in lines if line != "..." and line.rstrip() not in printed]
    assert missing == []


def test_the_tour_has_its_stops():
    assert len(steps()) == 7


def test_man_1_is_who_the_page_says(folder):
    first = (folder / "cohort" / "truth" / "truth.csv").read_text().splitlines()[1]
    assert first.startswith("1,")
    assert "spared by therapy" in first
