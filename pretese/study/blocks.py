"""Blocks of finished work, each in a file named by the content of what it answers.

A block is written beside its place and moved there in one step, so that a process killed at any
moment leaves whole blocks or none. The name holds the hash of everything that decides the block:
the job, the code, and the replicates; a block of another question is never found.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pretese.study.code import Kind, code_version

#: Work on units ``first .. first + size - 1``; the answer must not depend on how they are cut.
Task = Callable[[int, int], pa.Table]


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of work, numbered in units (replicates, draws).

    Attributes
    ----------
    name
        Folder of its blocks.
    spec
        All that decides the answer, as plain values.
    block
        Units per block.
    kind
        Which sources decide the answer.
    whole
        Whether the last block is worked out whole even if fewer units are asked for, so that a run
        can grow without doing it again. False where that would cost more than it saves.
    groups
        Equal parts of a block's table, each a row group that can be read alone.
    """

    name: str
    task: Task
    spec: Mapping[str, Any]
    block: int
    kind: Kind = "recovery"
    whole: bool = True
    groups: int = 1

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
        """Return the SHA-256 of what decides the content, in hexadecimal."""
        code = code_version(self.job.kind)
        what = [self.job.name, self.job.spec, self.first, self.size, code]
        text = json.dumps(what, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Store:
    """A folder of finished blocks.

    Parameters
    ----------
    lasting
        Whether blocks must outlive a power cut: each is then waited for until the disk has it.
    """

    def __init__(self, folder: Path, lasting: bool = True) -> None:
        self.folder = folder
        self.lasting = lasting

    def path(self, block: Block) -> Path:
        """Return where a block stands, or will stand."""
        return self.folder / block.job.name / f"{block.first:09d}-{block.key[:20]}.parquet"

    def has(self, block: Block) -> bool:
        """Say whether a block is finished."""
        return self.path(block).exists()

    def write(self, block: Block, table: pa.Table) -> None:
        """Keep a finished block: all of it, or nothing."""
        import pyarrow.parquet as pq  # workers, who store nothing, need not load it

        path = self.path(block)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            rows = max(1, table.num_rows // block.job.groups)
            pq.write_table(table, file, compression="zstd", row_group_size=rows)
            if self.lasting:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)

    def read(self, block: Block) -> pa.Table:
        """Return a finished block."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path(block))
