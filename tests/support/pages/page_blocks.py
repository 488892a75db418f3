"""The blocks of a page: files, commands as typed, and Python."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
_FENCE = re.compile(
    r"^```(?P<kind>\w*)(?: file=(?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
#: Languages of blocks that may contain commands; ``text`` is output.
_SHELL = ("", "sh", "console")
#: Start of a command line. Other lines of the block are output or drawings.
_PROGRAM = re.compile(
    r"^(?:[A-Z_]+=\S+ )?"
    r"(?:(?:pretese|python|make|pip|dask|sbatch|ssh|for|export|frictionless) |job=)"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the name of the file that it shows, and its text."""

    kind: str
    file: str
    body: str

    def commands(self) -> list[str]:
        """Return the command lines of the block, without prompt and without output.

        A block with prompts shows output between them; in any other, each line that begins with
        the name of a program is a command.
        """
        if self.kind not in _SHELL or self.file:
            return []
        lines = self.body.replace("\\\n", " ").splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [line for line in prompted or lines if _PROGRAM.match(line)]


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page in order."""
    return [Block(each["kind"], each["file"] or "", each["body"]) for each in _FENCE.finditer(text)]


def pages() -> Iterator[tuple[str, list[Block]]]:
    """Yield the name of each page below ``docs``, such as ``how-to/install``, and its blocks."""
    for path in sorted(DOCS.rglob("*.md")):
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        yield name, blocks(path.read_text(encoding="utf-8"))
