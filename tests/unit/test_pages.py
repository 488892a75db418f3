"""Pages name only existing modules, files, links, targets of make and folders."""

import ast
import json
import re
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol", "simulate", "estimate", "pretese")
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)

FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
MODULE = re.compile(r"(?:protocol|simulate|estimate|pretese|tests|benchmarks)(?:\.\w+)+")

#: First folders of our paths; other words with a slash (mIU/mL, out/report.html) are not paths.
TOPS = (*PACKAGES, "tests", "benchmarks", "docs", "scenarios")
PLACE = re.compile(rf"(?:{'|'.join(TOPS)})/[\w./*-]*|(?:[\w.-]+/)*[\w-]+\.py")

#: Names of versions of documents; and the file that every folder has.
NO_PLACE = re.compile(r"pretese/\w+/\d+|__init__\.py")


def words(page: str) -> list[str]:
    """Return the text between backticks outside code blocks."""
    return CODE.findall(FENCE.sub("", (ROOT / page).read_text(encoding="utf-8")))


@cache
def published_ids() -> frozenset[str]:
    text = "".join(path.read_text() for path in (ROOT / "scenarios/published").glob("*.yaml"))
    return frozenset(re.findall(r"[\w]+(?:\.\w+)+", text))


def is_place(word: str) -> bool:
    return (ROOT / word).exists() or any(ROOT.glob(word))


def is_module(word: str) -> bool:
    """Whether a dotted name is a module, or a name at the top of one, or an attribute of that."""
    parts = word.split(".")
    for known in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:known])
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return not parts[known:] or parts[known] in names(file)
    return False


@cache
def names(file: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Dict):  # a table of names that are loaded on use
            found |= {key.value for key in node.keys if isinstance(key, ast.Constant)}
    return frozenset(found)


def missing(text: list[str]) -> list[str]:
    """Return the words that look like a place or a module of ours but do not exist."""
    found = []
    for word in text:
        if PLACE.fullmatch(word) and not NO_PLACE.fullmatch(word):
            found += [] if is_place(word) else [word]
        elif MODULE.fullmatch(word) and word not in published_ids():
            found += [] if is_module(word) else [word]
        elif run := re.match(r"python -m (benchmarks[\w.]*)", word):
            found += [] if is_module(run[1]) else [word]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_only_modules_and_files_that_exist(page):
    assert missing(words(page)) == []


def test_names_that_do_not_exist_are_found():
    good = ["simulate.truth.ESTIMANDS", "pretese.InputError", "simulate/cohort/draw.py",
            "scenarios/published/", "python -m benchmarks queues", "mIU/mL",
            "pretese/result/1"]  # fmt: skip
    bad = ["simulate.truth.of_nothing", "protocol.nothing", "simulate/cohort/nothing.py",
           "draw.py", "docs/nothing/", "python -m benchmarks.nothing"]  # fmt: skip
    assert missing(good + bad) == bad


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_existing_targets(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", FENCE.sub("", text))
    here = (ROOT / page).parent
    assert [link for link in links if "://" not in link and not (here / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page):
    targets = set(
        re.findall(r"^([\w-]+)(?: [\w-]+)*:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    targets |= {"test-newest"}
    named = {word.split()[1] for word in words(page) if re.match(r"make [\w-]+", word)}
    assert named <= targets


def tree() -> dict[str, list[str]]:
    """Return the packages of the picture in CONTRIBUTING.md, each with its folders."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (picture,) = (block for block in FENCE.findall(text) if "protocol/" in block)
    starts = [*re.finditer(r"^(\w+)/", picture, re.MULTILINE)]
    ends = [*pairwise(starts), (starts[-1], None)]
    return {
        start[1]: re.findall(r"(?:^|\s)(\w+)/(?=\s)", picture[start.end() : end and end.start()])
        for start, end in ends
    }


def test_the_picture_of_the_project_shows_every_folder_and_no_other():
    shown = tree()
    for package in PACKAGES:
        there = {
            path.name
            for path in (ROOT / package).iterdir()
            if path.is_dir() and path.name[0] != "_"
        }
        assert there <= set(shown[package]), package
        below = {path.name for path in (ROOT / package).rglob("*") if path.is_dir()}
        assert set(shown[package]) <= below, package


def test_readme_links_every_page_except_single_regimens():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = [page for page in PAGES if page.startswith("docs/") and "/regimens/" not in page]
    assert [page for page in pages if f"]({page})" not in readme] == []


def test_the_version_is_the_same_in_every_file_that_names_it():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    assert json.loads((ROOT / "codemeta.json").read_text())["version"] == version
