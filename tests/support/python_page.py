"""Run a page that is written like a notebook and compare its printed output with the page.

A block ``python`` is a cell; a block ``text`` after it is what the cell prints, the value of its
last expression included. A block with ``file=name`` is first written as a file. In the output, a
line ``...`` matches any lines, and ``...`` at the end of a line any remainder.
"""

import ast
import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Tables are as wide as in a notebook, whatever the terminal.
_WIDTH = ("display.width", 100, "display.max_columns", 20, "display.max_colwidth", 60)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with the output that the page shows, empty if it shows none."""

    code: str
    expected: str


def sections(page: str) -> dict[str, str]:
    """Return the parts of a page by their headings of the second level."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cells(text: str) -> Iterator[Cell]:
    """Yield the cells of a page in order, and write its files into the current folder."""
    code = None
    for kind, name, body in _BLOCK.findall(text):
        if name:
            Path(name).write_text(body, encoding="utf-8")
        elif kind == "python":
            if code is not None:
                yield Cell(code, "")
            code = body
        elif kind == "text" and code is not None:
            yield Cell(code, body)
            code = None
    if code is not None:
        yield Cell(code, "")


def played(code: str, names: dict[str, Any]) -> str:
    """Run a cell; return what it prints, the value of its last expression included."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pd.option_context(*_WIDTH):
        exec(compile(tree, "<page>", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<page>", "eval"), names)
            if value is not None:
                print(repr(value))  # noqa: T201  as a notebook does
    return out.getvalue()


def fits(expected: str, printed: str) -> bool:
    """Return whether the output is as written, ignoring blanks at the ends of lines."""
    pattern = "".join(
        "(?:.*\n)*"
        if line.strip() == "..."
        else re.escape(line.rstrip().removesuffix("..."))
        + (".*" if line.rstrip().endswith("...") else "")
        + "\n"
        for line in expected.splitlines()
    )
    lines = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch(pattern, lines) is not None


def play(text: str) -> int:
    """Play a page in the current folder; return how many outputs were compared."""
    names: dict[str, Any] = {}
    compared = 0
    for cell in cells(text):
        printed = played(cell.code, names)
        assert fits(cell.expected, printed), f"{cell.code}\nprints\n{printed}"
        compared += bool(cell.expected)
    return compared
