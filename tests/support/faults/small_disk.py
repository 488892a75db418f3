"""A small separate disk, filled to its last pages: a real full file system."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.faults.survival import Prepared, check_full, run_again
from tests.support.faults.writers import run_words

#: Bytes of the disk; more than any writer of the tests needs.
SIZE = 64 << 20


@contextmanager
def small_disk(place: Path) -> Iterator[Path | None]:
    """Mount a disk in memory while the block runs; None where that is not allowed."""
    place.mkdir()
    if not sys.platform.startswith("linux") or not _done(
        "mount", "-t", "tmpfs", "-o", f"size={SIZE}", "pretese-test", str(place)
    ):
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _done(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def pages(ready: Prepared) -> int:
    """Return the number of pages that a prepared command needs on the disk."""
    page = os.sysconf("SC_PAGE_SIZE")
    sizes = [len(what) for what in ready.after.values()]
    return sum(size // page + 1 for size in sizes) + 1


def fill_disk(ready: Prepared, disk: Path, left: int) -> tuple[int, bool]:
    """Run a command on a disk with so many pages left.

    Returns
    -------
    tuple
        How many bytes were lost, and whether the disk was too small.
    """
    words = ready.case.words(ready.inputs, ready.start(disk / "place"))
    ballast = disk / "ballast"
    try:
        _leave(disk, ballast, left)
        code, message = run_words(words)
        lost = check_full(ready, disk / "place", code, message)
    finally:
        ballast.unlink()
    run_again(ready, disk / "place", words)
    return lost, code not in (0, 3)


def _leave(disk: Path, ballast: Path, left: int) -> None:
    """Write a file that leaves so many pages free."""
    free = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail - left, 1) * free.f_frsize)
