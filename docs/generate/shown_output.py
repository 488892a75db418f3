"""Output shown in pages, taken from a run of the commands.

``python -m docs.generate.shown_output README.md docs/tour.md`` runs every command of the pages, in
their order and in a temporary folder, and replaces the shown lines by those of the run. A line is
found by its label, the words before its first figure; ``...`` stands for omitted lines. A label
that is no longer printed is reported, and its line is kept.
"""

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from pretese.cli import run

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?<=^```\n)(.*?)(?=^```)", re.MULTILINE | re.DOTALL)
FIGURE = re.compile(r"\s+[-+<]?\d|\s+-\s")

#: Shown without a prompt in README.md: the output of the target of make.
MAKE = "calibrated to"


def blocks(page: str) -> list[str]:
    """Return the blocks of a page that hold commands or output."""
    return [match[1] for match in BLOCK.finditer(page)]


def command_of(block: str) -> list[str] | None:
    """Return the words of the command that a block shows with its output; None if it shows none."""
    first = block.partition("\n")[0]
    if first.startswith("$ pretese "):
        return shlex.split(first.removeprefix("$ pretese "), comments=True)
    if MAKE in block:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        (line,) = re.findall(r"pretese (reproduce .*)", makefile)
        return shlex.split(line)
    return None


def printed(words: list[str]) -> tuple[int, list[str]]:
    """Run a command in this process; return its exit code and what it printed, 80 columns wide."""
    os.environ["COLUMNS"] = "80"
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        code = run(words)
    return code, [line.rstrip() for line in (out.getvalue() + err.getvalue()).splitlines()]


def shown(block: str) -> list[str]:
    """Return the lines of output that a block shows."""
    lines = (line.rstrip() for line in block.splitlines())
    return [line for line in lines if line and line.strip() != "..." and not line.startswith("$ ")]


def label(line: str) -> str:
    """Return what names a line: the words before its first figure.

    >>> label("   OR, unadjusted               1.87       1.98")
    'OR, unadjusted'
    """
    return FIGURE.split(line, maxsplit=1)[0].strip()


def refreshed(block: str, lines: list[str]) -> Iterator[str]:
    """Yield the lines of a block with the figures of a run."""
    rest = list(lines)
    for line in block.splitlines():
        if line.rstrip() not in shown(block):
            yield line
            continue
        places = [place for place, each in enumerate(rest) if label(each) == label(line)]
        if not places:
            sys.stderr.write(f"not printed any more: {line}\n")
            yield line
            continue
        yield rest[places[0]]
        del rest[: places[0] + 1]


def refresh(page: Path) -> None:
    """Run the commands of a page and write their output into it."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        shutil.copytree(ROOT / "docs" / "examples", "docs/examples")
        shutil.copy(ROOT / "docs" / "examples" / "plan.yaml", "plan.yaml")
        for block in blocks(text):
            if words := command_of(block):
                _, lines = printed(words)
                text = text.replace(block, "\n".join([*refreshed(block, lines), ""]))
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        refresh(ROOT / name)
