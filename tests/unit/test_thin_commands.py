"""A command parses, calls the interface and prints: the work is done in other folders."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pretese.cli import app
from pretese.commands.output_types import InputPath, OutputFile, OutputFolder, WritingCommand
from tests.support.command_lines import command_of, paths
from tests.support.faults import writers

COMMANDS = Path(__file__).parents[2] / "pretese" / "commands"
MOST_LINES = 60

#: Modules that are not commands.
SHARED = {"__init__", "options", "option_types", "output_types"}


def code_lines(path: Path) -> int:
    """Return the lines of all bodies: without decorators, signatures, docstrings and tables."""
    lines = 0
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines += sum((each.end_lineno or each.lineno) - each.lineno + 1 for each in body)
    return lines


def modules() -> list[str]:
    return sorted(p.stem for p in COMMANDS.glob("*.py") if p.stem not in SHARED)


@pytest.mark.parametrize("name", modules())
def test_a_command_is_thin(name):
    assert code_lines(COMMANDS / f"{name}.py") <= MOST_LINES


def declared_options(path: Path) -> set[str]:
    """Return the names that calls of ``click.option`` in a module give."""
    return {
        word.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "click.option"
        for word in node.args
        if isinstance(word, ast.Constant) and str(word.value).startswith("--")
    }


def test_an_option_of_several_commands_is_defined_once():
    declared = Counter(name for path in COMMANDS.glob("*.py") for name in declared_options(path))
    assert declared["--seed"] == declared["--workers"] == 1
    assert {name for name, modules in declared.items() if modules > 1} == set()


def options() -> list[tuple[str, click.Option]]:
    def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Option]]:
        yield from ((name, each) for each in command.params if isinstance(each, click.Option))
        if isinstance(command, click.Group):
            for inner in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), inner)
                assert found is not None
                yield from walk(f"{name} {inner}".strip(), found)

    return [(name, option) for name, option in walk("", app) if name]


def test_an_option_has_one_kind_of_value_in_every_command():
    kinds: dict[str, set[str]] = {}
    for _, option in options():
        choice = isinstance(option.type, click.Choice)
        kind = "choice" if choice else type(option.type).__name__
        if isinstance(option.type, OutputFile | OutputFolder):
            kind = "output"  # ``--out`` is a folder or a file
        kinds.setdefault(option.opts[0], set()).add(kind)
    assert "--out" in kinds
    assert {name for name, found in kinds.items() if len(found) > 1} == set()


@pytest.mark.parametrize("name", ["--seed", "--workers"])
def test_a_default_is_the_same_in_every_command(name):
    defaults = {command: option.default for command, option in options() if name in option.opts}
    own = {"recover"} if name == "--seed" else set()  # a field of the design of recovery studies
    assert {default for command, default in defaults.items() if command not in own} == {1}
    assert {defaults[command] for command in own} <= {None}


#: Outputs that no option names.
WITHOUT_OPTION = {"calibrate", "report"}

OUTPUTS = [(name, each) for name, each in paths(OutputFile, OutputFolder)]


def test_every_path_is_declared_as_read_or_written():
    undeclared = [
        (name, each.opts[0])
        for name, each in paths(click.Path)
        if not isinstance(each.type, InputPath | OutputFile | OutputFolder)
    ]
    assert undeclared == [], "use InputPath, OutputFile or OutputFolder"


def test_every_output_is_tested_with_killed_processes_and_full_disks():
    """A missing output needs a case in `tests/support/faults/writers.py`."""
    tried = {case.name.split(",")[0] for case in writers.ALL}
    assert {f"{name} {each.opts[0]}" for name, each in OUTPUTS} == tried - WITHOUT_OPTION
    assert tried >= WITHOUT_OPTION


def test_every_command_that_writes_files_keeps_what_it_reads():
    files = [name for name, each in OUTPUTS if isinstance(each.type, OutputFile)]
    assert all(isinstance(command_of(name), WritingCommand) for name in files)
