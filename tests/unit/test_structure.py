"""Limits of the structure: sizes of folders and functions, cycles, shared names, unreached code.

`make structure` prints what is measured here.
"""

import ast
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.support.checkout.programs import load_program

ROOT = Path(__file__).parents[2]


#: Lines of a function body, without its docstring.
MEDIAN_BODY, P90_BODY = 6, 20

#: Modules of the longest import chain within a package, imports inside functions counted.
LONGEST_CHAIN = {"protocol": 15, "simulate": 25, "estimate": 16, "pretese": 24}


#: Public functions that only tests call.
FOR_TESTS = {
    "protocol.regimen.load.document_of_regimen", "protocol.regimen.load.parse_regimen",
    "protocol.regimen.load.plain_regimen",
    "estimate.sequential.delayed.decision_analysis.delayed_exits",
}  # fmt: skip

structure = load_program("docs/generate/structure.py")


@pytest.fixture(scope="module")
def source():
    return structure.Source.read(ROOT)


def test_no_folder_of_a_package_holds_too_many_files(source):
    folders = source.folders()
    assert {
        name: files
        for name, files in folders.items()
        if files > structure.MOST_FILES and name not in structure.FREE_FOLDERS
    } == {}


@pytest.mark.parametrize("top", ["tests", "benchmarks", "docs/generate"])
def test_no_other_folder_holds_too_many_files(top):
    files = Counter(
        path.parent.relative_to(ROOT).as_posix()
        for path in (ROOT / top).rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    )
    assert files
    assert {name: n for name, n in files.items() if n > structure.MOST_FILES} == {}


def test_modules_and_folders_have_no_cycle(source):
    assert structure.cycles(source.imports) == []
    assert structure.cycles(source.folder_imports()) == []


def test_import_chains_stay_short(source):
    """If chains become shorter, lower the limits; a longer chain is not allowed."""
    chains = {each: structure.longest_chain(source.imports, each) for each in LONGEST_CHAIN}
    assert {each: n for each, n in chains.items() if n > LONGEST_CHAIN[each]} == {}


def test_functions_stay_short(source):
    bodies = structure.body_lengths(source)
    assert len(bodies) > 1000
    assert median(bodies) <= MEDIAN_BODY
    assert quantiles(bodies, n=10)[-1] <= P90_BODY


def test_every_folder_names_its_subject_and_no_two_the_same(source):
    message = {name: ast.get_docstring(source.trees[name]) or "" for name in source.packages}
    assert set(source.folders()) <= set(message)
    first = {name: text.partition("\n")[0] for name, text in message.items()}
    assert {name: line for name, line in first.items() if len(line.split()) < 4} == {}
    assert [line for line, n in Counter(first.values()).items() if n > 1] == []


def test_no_public_name_has_two_meanings(source):
    assert structure.shared_names(source) == {}


def test_a_command_or_the_interface_reaches_every_module(source):
    assert structure.unreached_modules(source) == {}


def test_the_program_uses_every_public_function(source):
    """Except parts of reading a regimen, and a second computation of a probability for tests."""
    unused = set(structure.unused_functions(source))
    assert unused <= FOR_TESTS


def test_structural_faults_are_detected(tmp_path):
    """The measures detect a cycle, a shared name and an unreachable module."""
    for name, text in {
        "protocol/__init__.py": "",
        "protocol/one.py": "from protocol.two import other\n\n\ndef same():\n    return other\n",
        "protocol/two.py": "from protocol import one\n\n\ndef same():\n    return one\n",
        "pretese/__init__.py": "",
        "pretese/cli.py": "def main():\n    return 0\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = structure.Source.read(tmp_path)
    assert structure.cycles(found.imports) == [["protocol.one", "protocol.two"]]
    assert list(structure.shared_names(found)) == ["protocol: same"]
    assert set(structure.unreached_modules(found)) == {"protocol.one", "protocol.two"}
    assert found.folders() == {"protocol": 2, "pretese": 1}
    assert structure.body_lengths(found) == [1, 1, 1]
