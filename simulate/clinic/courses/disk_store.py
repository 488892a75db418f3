"""Records of fixed length by number: in memory while few, on disk otherwise."""

import weakref
from tempfile import SpooledTemporaryFile

#: Maximum bytes in memory; beyond, a temporary file is used (in the folder TMPDIR).
IN_MEMORY = 8 * 2**20


class Store:
    r"""Records of ``length`` bytes, numbered from 0; records never written are zero.

    >>> store = Store(2)
    >>> store.put(2, b"ab")
    >>> store.get(1, 2)
    b'\x00\x00ab'
    """

    __slots__ = ("__weakref__", "_file", "length")

    def __init__(self, length: int) -> None:
        self.length = length
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed with self
        weakref.finalize(self, self._file.close)

    def put(self, first: int, records: bytes) -> None:
        """Write one record, or several that follow each other."""
        self._file.seek(first * self.length)
        self._file.write(records)

    def get(self, first: int, count: int = 1) -> bytes:
        """Return ``count`` records, one after another."""
        self._file.seek(first * self.length)
        found = self._file.read(count * self.length)
        return found.ljust(count * self.length, b"\0")
