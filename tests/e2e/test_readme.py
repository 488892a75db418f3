"""Every command of the README, in its order, as a new user types it."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from pretese.cli import run

ROOT = Path(__file__).parents[2]


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.removeprefix("pretese ") for line in lines if line.startswith("pretese ")]


def test_the_readme_shows_commands():
    assert len(commands()) >= 9


def test_the_commands_of_the_readme_run(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    for line in commands():
        code = run(shlex.split(line, comments=True))
        assert code == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/explanation/design.md"])
def test_links_inside_the_repository_lead_somewhere(page):
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    here = (ROOT / page).parent
    broken = [link for link in links if "://" not in link and not (here / link).exists()]
    assert broken == []
