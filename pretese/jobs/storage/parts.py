"""Parts of a study, computed separately: by jobs of a queue, or on other machines.

Part I of N consists of every N-th block of a study, beginning with the I-th. Each part has its own
folder next to that of the study, so that no two parts write to the same folder. When the study is
continued, finished blocks of its parts are copied, and the others are computed.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from protocol.errors import InputError
from protocol.shorten import shorten

if TYPE_CHECKING:  # imported by every module that uses blocks
    from pretese.jobs.storage.blocks import Block

#: Maximum number of parts: the limit of array jobs in common queues.
MAX_PARTS = 10_000

_WORDS = re.compile(r"\s*([0-9]{1,5})\s*/\s*([0-9]{1,5})\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """Part ``number`` of ``total``, counted from 1."""

    number: int
    total: int

    def of(self, blocks: "Sequence[Block]") -> "list[Block]":
        """Return the blocks of this part; all parts of one total contain each block once."""
        return list(blocks[self.number - 1 :: self.total])

    def folder(self, out: Path) -> Path:
        """Return the folder of this part of the study in ``out``."""
        return parts_folder(out) / f"{self.number}-of-{self.total}"


def read_part(text: str, argument: str = "part") -> Part:
    """Read ``I/N``.

    Raises
    ------
    InputError
        It is not of that form, or there is no such part.

    Examples
    --------
    >>> read_part("3/16")
    Part(number=3, total=16)
    """
    cure = f"write I/N with 1 <= I <= N <= {MAX_PARTS:,}, such as 3/16"
    found = _WORDS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InputError.of(argument, "", f"{shorten(text)} is not understood", cure)
    number, total = map(int, found.groups())
    if not 1 <= number <= total <= MAX_PARTS:
        raise InputError.of(argument, "", f"there is no part {number} of {total}", cure)
    return Part(number, total)


def parts_folder(out: Path) -> Path:
    """Return the folder that holds the parts of the study in ``out``."""
    named = out if out.name not in {"", ".."} else Path(os.path.abspath(out))
    return named.with_name(f"{named.name}.parts")


def part_folders(out: Path) -> list[Path]:
    """Return the folders of the parts of the study in ``out``."""
    return sorted(file.parent for file in parts_folder(out).glob("*-of-*/study.json"))


def refuse_parts(out: Path, argument: str = "out") -> None:
    """Refuse a study whose parts have been computed: they would be ignored."""
    if part_folders(out):
        problem = f"parts of a study are in {parts_folder(out)}"
        cure = "join them with `resume`, or name another folder"
        raise InputError.of(argument, str(out), problem, cure)


@dataclass(frozen=True, slots=True)
class PartDone:
    """A part that is finished.

    Attributes
    ----------
    part
        Number of the part, and total.
    blocks, total
        Blocks of this part, and of all parts.
    folder
        Folder of the blocks.
    """

    part: Part
    blocks: int
    total: int
    folder: Path

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return {
            "part": self.part.number,
            "parts": self.part.total,
            "blocks": self.blocks,
            "blocks_of_all_parts": self.total,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        """Return the number of blocks with their folder, and how to join the parts."""
        part = self.part
        return (
            f"part {part.number} of {part.total}: {self.blocks:,} of {self.total:,} blocks are in "
            f"{self.folder}; with all parts there, --resume in place of --part joins them"
        )
