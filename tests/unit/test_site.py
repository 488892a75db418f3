"""The sources of the documentation site: every page is there, and every link leads to a file."""

import re
from pathlib import Path

import pytest

from tests.support.checkout.programs import load_program

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "source"
    load_program("site/stage.py").stage(folder)
    return folder


def test_every_page_of_the_repository_is_a_page_of_the_site(staged):
    for path in (ROOT / "docs").rglob("*.md"):
        assert (staged / path.relative_to(ROOT / "docs")).is_file()
    for name in ("index.md", "changelog.md", "contributing.md", "security.md"):
        assert (staged / name).is_file()


def test_every_module_has_its_place_on_a_page(staged):
    text = "".join(path.read_text() for path in (staged / "python").glob("*.md"))
    documented = set(re.findall(r"automodule:: ([\w.]+)", text))
    for package in ("protocol", "simulate", "estimate", "pretese"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            if path.stem[0] != "_" and ".commands." not in name:
                assert name in documented


def without_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def test_every_link_leads_to_a_file_of_the_site(staged):
    lost = [
        f"{page.relative_to(staged)}: {target}"
        for page in staged.rglob("*.md")
        for target in re.findall(r"\]\(([^)\s#]+)", without_blocks(page.read_text()))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []


def test_every_module_of_the_interface_page_exists():
    for name in load_program("site/stage.py").INTERFACE:
        assert (ROOT / "pretese" / "api" / f"{name.replace('.', '/')}.py").is_file(), name
