"""The commands of the README run in order and print the output shown."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from docs.generate.shown_output import blocks, command_of, printed, shown

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WITH_OUTPUT = [block for block in blocks(README) if command_of(block)]


def commands() -> list[list[str]]:
    lines = [line for block in blocks(README) for line in block.splitlines()]
    typed = [line for line in lines if line.startswith("pretese ")]
    return [shlex.split(line, comments=True)[1:] for line in typed]


def test_the_readme_shows_commands_and_output():
    assert len(commands()) >= 5
    assert [command_of(block)[0] for block in WITH_OUTPUT] == ["reproduce", "decide"]


def test_the_commands_of_the_readme_run(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for words in commands():
        code, lines = printed(words)
        assert code == 0, "\n".join([" ".join(words), *lines])


@pytest.mark.parametrize("block", WITH_OUTPUT, ids=lambda block: command_of(block)[0])
def test_the_output_shown_is_what_is_printed(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    code, lines = printed(command_of(block))
    assert code == 0, lines
    assert [line for line in shown(block) if line not in lines] == []


def test_the_part_before_the_links_is_short():
    assert len(README.split("## Read on")[0].split()) < 700


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/explanation/design.md"])
def test_links_inside_the_repository_are_valid(page):
    text = (ROOT / page).read_text()
    links = re.findall(r"\]\(([^)#]+)\)", text)
    here = (ROOT / page).parent
    broken = [link for link in links if "://" not in link and not (here / link).exists()]
    assert broken == []
