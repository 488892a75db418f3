"""Records of fixed length by number: in memory while few, on disk otherwise."""

import weakref
from tempfile import TemporaryFile
from typing import IO

#: Maximum bytes in memory; beyond, a temporary file is used (in the folder TMPDIR).
IN_MEMORY = 8 * 2**20


class Store:
    r"""Records of ``length`` bytes, numbered from 0; records never written are zero.

    >>> store = Store(2)
    >>> store.put(2, b"ab")
    >>> store.get(1, 2)
    b'\x00\x00ab'
    """

    __slots__ = ("__weakref__", "_disk", "_memory", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self._memory = bytearray()
        self._disk: IO[bytes] | None = None

    def put(self, first: int, records: bytes) -> None:
        """Write one record, or several that follow each other."""
        start = first * self.length
        end = start + len(records)
        if self._disk is None and end > IN_MEMORY:
            self._disk = self._moved()
        if self._disk is not None:
            self._disk.seek(start)
            self._disk.write(records)
            return
        if start > len(self._memory):
            self._memory.extend(bytes(start - len(self._memory)))
        self._memory[start:end] = records

    def get(self, first: int, count: int = 1) -> bytes:
        """Return ``count`` records, one after another."""
        start, size = first * self.length, count * self.length
        if self._disk is None:
            found = bytes(self._memory[start : start + size])
        else:
            self._disk.seek(start)
            found = self._disk.read(size)
        return found.ljust(size, b"\0")

    def _moved(self) -> IO[bytes]:
        """Return a temporary file with what was in memory; it is gone with this store."""
        disk = TemporaryFile()  # noqa: SIM115  closed with self
        weakref.finalize(self, disk.close)
        disk.write(self._memory)
        self._memory = bytearray()
        return disk
