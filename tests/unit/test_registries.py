"""Every list of names exists once: a second list would diverge from the first."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from estimate.methods.offered_methods import check_method, methods_of
from estimate.methods.registry import METHODS
from pretese.io.export.formats import FORMATS
from simulate.endpoints import ENDPOINTS
from simulate.recruitment.schemes import SCHEMES
from tests.support.checkout.programs import load_program

MOST_FILES = load_program("docs/generate/structure.py").MOST_FILES
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

#: Names that are also common words, so that they do not indicate a list.
COMMON = {
    "adjusted", "unadjusted", "matching", "simple", "blocks", "logistic", "mixed", "csv",
}  # fmt: skip

#: The module of each registry, and modules that may have several of its names: labels of results,
#: trials, several arms, functions of the catalogue, columns of tables, figures of the article,
#: suffixes of one writer, a page.
HOMES = {
    "methods": (
        METHODS,
        "estimate/methods/registry.py",
        {
            "estimate/causal/marginal.py", "pretese/trial/simulation/arm_comparison.py",
            "pretese/api/estimators/catalogue_entries.py",
            "estimate/multivalued_treatment/comparisons.py", "estimate/comparison/count_tests.py",
            "estimate/comparison/exact/p_value_tables.py",
            "pretese/web/cohorts/cohort_answer.py",
        },
    ),
    "endpoints": (
        ENDPOINTS,
        "simulate/endpoints.py",
        {
            "simulate/tables/study_tables.py", "simulate/tables/table_columns.py",
            "simulate/clinic/records/clinic_tables.py", "simulate/clinic/records/care_records.py",
            "pretese/article/simulated/studies.py", "pretese/fitting/table/column_map.py",
            "pretese/fitting/estimates/therapy_and_sperm.py",
            "pretese/web/cohorts/cohort_answer.py",
        },
    ),
    "formats": (
        FORMATS, "pretese/io/export/formats.py", {"pretese/io/export/statistics_files.py"},
    ),
    "schemes": (SCHEMES, "simulate/recruitment/schemes.py", set()),
}  # fmt: skip


@cache
def written():
    """Return every string literal, by module."""
    found = {}
    for package in ("protocol", "simulate", "estimate", "pretese"):
        for path in (ROOT / package).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            values = {node.value for node in nodes if isinstance(node, ast.Constant)}
            texts = {value for value in values if isinstance(value, str)}
            found[path.relative_to(ROOT).as_posix()] = texts
    return found


@pytest.mark.parametrize("registry", HOMES)
def test_a_list_of_names_is_only_in_its_registry(registry):
    names, home, allowed = HOMES[registry]
    telling = set(names) - COMMON
    several = min(3, len(telling))
    assert several >= 2
    lists = {module for module, texts in written().items() if len(telling & texts) >= several}
    assert lists - allowed == {home}


@pytest.mark.parametrize("registry", HOMES)
def test_every_entry_has_its_own_name(registry):
    names, *_ = HOMES[registry]
    assert all(entry.name == name for name, entry in names.items())


@pytest.mark.parametrize(
    ("door", "page"),
    [
        ("analyse", "how-to/analyse-your-own-table.md"),
        ("recover", "how-to/analyse-your-own-table.md"),
        ("power", "reference/design-file.md"),
    ],
)
def test_the_page_of_each_command_names_its_methods(door, page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [name for name in methods_of(door) if name not in text] == []


def recipes():
    """Return the paths that each row of the table of registries names: by hand, by command."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Registries")[1].split("## ")[0]
    rows = [line.split("|")[2:4] for line in section.splitlines() if line.startswith("| a")]
    return [tuple(re.findall(r"`([a-z_/-]+/(?:[a-z_-]+[.][a-z]+)?)`", c) for c in r) for r in rows]


def test_the_files_of_the_recipes_exist_and_are_at_most_three():
    by_hand, by_command = zip(*recipes(), strict=True)
    assert len(by_hand) == 6
    assert max(map(len, by_hand)) == 3
    named = {path for paths in (*by_hand, *by_command) for path in paths}
    assert len(named) >= 15
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_folders_of_the_recipes_have_room_for_a_file():
    folders = {path for paths, _ in recipes() for path in paths if path.endswith("/")}
    assert len(folders) == 4
    full = {each for each in folders if len(list((ROOT / each).glob("[a-z]*.py"))) >= MOST_FILES}
    assert full == set()


def test_a_synonym_from_the_literature_is_answered_with_the_term_in_use():
    for other, name in (("crude", "unadjusted"), ("standardized", "g-computation")):
        with pytest.raises(ValueError, match=f"did you mean '{name}'"):
            check_method(other, "analyse")
