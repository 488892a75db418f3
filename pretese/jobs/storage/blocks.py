"""Finished blocks of a job, each in a file named by the hash of its inputs.

A block is written to a temporary file and renamed, so that a process killed at any moment leaves
complete blocks only. The file name contains the hash of everything that determines the block: job,
code and replicates. A second file contains its SHA-256; a block that was changed is refused.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pretese.io.input.regimen_files import RegimenFiles
from pretese.io.output.atomic_file import replaced_file, write_file
from pretese.io.output.faults import cannot_write
from pretese.io.output.manifest import sha256_of
from pretese.jobs.storage.code_hash import Kind, code_version
from protocol.errors import InputError

#: Computes units ``first .. first + size - 1``; the result must not depend on the division.
Task = Callable[[int, int], pa.Table]


@dataclass(frozen=True, slots=True)
class Job:
    """A computation divided into numbered units (replicates).

    Attributes
    ----------
    name
        Folder of its blocks.
    spec
        Everything that determines the result, as plain values.
    block
        Units per block.
    kind
        Which source files determine the result.
    whole
        Whether the last block is computed completely even if fewer units are requested, so that a
        later extension can reuse it.
    groups
        Equal parts of the table of a block, each a row group that can be read separately.
    patients
        Patients per unit that are simulated and analysed: a measure of the work.
    files
        Regimen files that the task reads: a block is kept only if they have not changed.
    """

    name: str
    task: Task
    spec: Mapping[str, Any]
    block: int
    kind: Kind = "recovery"
    whole: bool = True
    groups: int = 1
    patients: int = 0
    files: RegimenFiles = field(default_factory=RegimenFiles)

    def blocks(self, units: int) -> "Iterator[Block]":
        """Return the blocks that hold units ``0 .. units - 1``."""
        for first in range(0, units, self.block):
            size = self.block if self.whole else min(self.block, units - first)
            yield Block(self, first, size)


@dataclass(frozen=True, slots=True)
class Block:
    """Units ``first .. first + size - 1`` of a job."""

    job: Job
    first: int
    size: int

    @property
    def key(self) -> str:
        """Return the SHA-256 of what determines the content, in hexadecimal."""
        code = code_version(self.job.kind)
        what = [self.job.name, self.job.spec, self.first, self.size, code]
        text = json.dumps(what, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """A folder of finished blocks, each with a file of its SHA-256.

    Parameters
    ----------
    lasting
        Whether later runs read the blocks: they are then synchronised to disk, and each is compared
        with its SHA-256 before use.
    parts
        Stores in which parts of the same study are.
    """

    def __init__(self, folder: Path, lasting: bool = True, parts: "Sequence[Store]" = ()) -> None:
        self.folder = folder
        self.lasting = lasting
        self.parts = parts
        self._verified: set[Path] = set()

    def path(self, block: Block) -> Path:
        """Return the path of a block."""
        return self.folder / block.job.name / f"{block.first:09d}-{block.key[:20]}.parquet"

    def has(self, block: Block) -> bool:
        """Return whether a block is finished.

        Raises
        ------
        InputError
            It was changed after it was written.
        """
        path = self.path(block)
        if not self.lasting or path in self._verified:
            return path.exists()
        if not (path.exists() and _checksum(path).exists()):
            return False
        if _checksum(path).read_bytes() != _line(path):
            problem = "the block was changed after it was written (its SHA-256 differs)"
            cure = "delete it and recompute it with `resume`"
            raise InputError.of(str(path), "", problem, cure)
        self._verified.add(path)
        return True

    def write(self, block: Block, table: pa.Table) -> None:
        """Store a finished block completely, or not at all.

        Raises
        ------
        InputError
            It cannot be written, for example because the disk is full; finished blocks are kept.
        """
        import pyarrow.parquet as pq  # not imported by workers, which store nothing

        block.job.files.check()  # another process may have read a changed file
        path = self.path(block)
        rows = max(1, table.num_rows // block.job.groups)
        with (
            _finished_blocks_kept(path),
            replaced_file(_ready(path), lasting=self.lasting) as temporary,
        ):
            pq.write_table(table, temporary, compression="zstd", row_group_size=rows)
            if self.lasting:  # first: a block without its SHA-256 is computed again
                write_file(_checksum(path), _line(temporary, path.name))
        self._verified.add(path)

    def collect(self, blocks: Iterable[Block]) -> int:
        """Copy blocks that are missing in this store and finished in one of its parts.

        Returns
        -------
        int
            Number of blocks copied completely.

        Raises
        ------
        InputError
            A block of a part was changed after it was written, or the disk is full.
        """
        copied = 0
        for block in blocks if self.parts else ():
            if self.has(block):
                continue
            holder = next((part for part in self.parts if part.has(block)), None)
            if holder is not None:
                self._copy(block, holder)
                copied += 1
        return copied

    def _copy(self, block: Block, other: "Store") -> None:
        path = self.path(block)
        with _finished_blocks_kept(path), replaced_file(_ready(path)) as temporary:
            shutil.copyfile(other.path(block), temporary)
            write_file(_checksum(path), _line(temporary, path.name))
        self._verified.add(path)

    def read(self, block: Block) -> pa.Table:
        """Return a finished block; raise `InputError` if it was changed or is missing."""
        import pyarrow.parquet as pq

        if not self.has(block):
            cure = "recompute it with `resume`"
            raise InputError.of(str(self.path(block)), "", "the block is missing", cure)
        return pq.read_table(self.path(block))


def _checksum(path: Path) -> Path:
    """Return the path of the SHA-256 of a block, for ``sha256sum --check``."""
    return path.with_suffix(".sha256")


def _line(path: Path, name: str = "") -> bytes:
    return f"{sha256_of(path)}  {name or path.name}\n".encode()


def _ready(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _finished_blocks_kept(path: Path) -> Iterator[None]:
    """Add to a fault of writing that finished blocks are kept."""
    try:
        yield
    except (OSError, InputError) as error:
        fault = (cannot_write(path, error) if isinstance(error, OSError) else error).faults[0]
        cure = f"{fault.cure}; finished blocks are kept: continue with `resume`"
        raise InputError.of(str(path), "", fault.problem, cure) from None
