"""The tutorials in Python as notebooks, with their outputs.

``python -m docs.generate.notebooks`` writes them. The tests run the tutorials and compare every
output; here they are only laid out as notebooks.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "tutorials"
TARGET = ROOT / "docs" / "notebooks"

#: One tutorial per kind of user.
TUTORIALS = ("protocol-in-python", "cohort-in-python", "trial-in-python")

_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
_SIBLING = re.compile(r"\]\((?=[\w-]+\.md)")

#: Added below the title.
NOTE = (
    "This notebook is generated from the [tutorial](../tutorials/{name}.md), where every output is "
    "tested. `...` stands for omitted lines. Install with `pip install .` in a clone."
)


def notebook(name: str) -> dict[str, Any]:
    """Return a tutorial as a notebook of format 4.5."""
    cells = list(_cells((PAGES / f"{name}.md").read_text(encoding="utf-8")))
    title, _, rest = cells[0][1].partition("\n")
    cells[0] = ("markdown", f"{title}\n\n{NOTE.format(name=name)}\n{rest}", "")
    return {
        "cells": [_cell(number, *cell) for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def notebook_text(name: str) -> str:
    """Return the file of a notebook."""
    return json.dumps(notebook(name), indent=1, ensure_ascii=False) + "\n"


def _cells(page: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, source and output of each cell."""
    place, code = 0, ""
    for block in _BLOCK.finditer(page):
        kind, name, body = block.groups()
        words = _SIBLING.sub("](../tutorials/", page[place : block.start()].strip())
        place = block.end()
        if code and (words or kind != "text"):
            yield "code", code, ""
            code = ""
        if words:
            yield "markdown", words, ""
        if name:
            yield "code", f"%%writefile {name}\n{body.rstrip()}", ""
        elif kind == "python":
            code = body.rstrip()
        elif kind == "text" and code:
            yield "code", code, body
            code = ""
        else:
            yield "markdown", block[0].strip(), ""
    if code:
        yield "code", code, ""
    if page[place:].strip():
        yield "markdown", _SIBLING.sub("](../tutorials/", page[place:].strip()), ""


def _cell(number: int, kind: str, source: str, output: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": [_output(source, output)] if output else []}
    return cell | {"source": source.splitlines(keepends=True)}


def _output(source: str, text: str) -> dict[str, Any]:
    """Return an output: the value of the last expression, or what was printed."""
    lines = text.removesuffix("\n").splitlines(keepends=True)
    if not _prints(source):
        data = {"text/plain": lines}
        shown = {"data": data, "execution_count": None, "metadata": {}}
        return {**shown, "output_type": "execute_result"}
    return {"name": "stdout", "output_type": "stream", "text": lines}


def _prints(source: str) -> bool:
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
        for node in ast.walk(ast.parse(source))
    )


def main() -> None:
    """Write all notebooks."""
    TARGET.mkdir(exist_ok=True)
    for name in TUTORIALS:
        (TARGET / f"{name}.ipynb").write_text(notebook_text(name), encoding="utf-8")
        sys.stdout.write(f"wrote docs/notebooks/{name}.ipynb\n")


if __name__ == "__main__":
    main()
