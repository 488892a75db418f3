"""A command parses, calls the interface and prints: what it knows stands in the rooms."""

import ast
from pathlib import Path

import pytest

COMMANDS = Path(__file__).parents[2] / "pretese" / "commands"
MOST_LINES = 60

#: Commands that do more than that still. An entry leaves when its command is thin; none may come.
NOT_YET: set[str] = set()


def code_lines(path: Path) -> int:
    """Return the lines of all bodies: without decorators, signatures, docstrings and tables."""
    lines = 0
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines += sum((each.end_lineno or each.lineno) - each.lineno + 1 for each in body)
    return lines


def modules() -> list[str]:
    return sorted(p.stem for p in COMMANDS.glob("*.py") if p.stem not in ("__init__", "options"))


@pytest.mark.parametrize("name", modules())
def test_a_command_is_thin(name):
    assert (code_lines(COMMANDS / f"{name}.py") <= MOST_LINES) == (name not in NOT_YET)
