"""Steps on a file system that outlast a power cut."""

import os
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path


def new_token() -> str:
    """Return 16 hexadecimal digits that no other run has; no result depends on them."""
    return secrets.token_hex(8)


def sync_file(path: Path) -> None:
    """Wait until the disk holds a file's bytes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Synchronise the entries of a folder to disk, if the system supports it."""
    with suppress(PermissionError):  # Windows opens no folders
        handle = os.open(path, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems synchronise only files
                os.fsync(handle)
        finally:
            os.close(handle)


def sync_tree(folder: Path) -> None:
    """Wait until the disk holds everything in a folder."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir():
            sync_folder(path)
        else:
            sync_file(path)
    sync_folder(folder)


def exists(path: Path) -> bool:
    """Return whether anything has this name, including a broken link."""
    return os.path.lexists(path)


def is_regular(path: Path) -> bool:
    """Return whether a path, with links followed, is an ordinary file."""
    return stat.S_ISREG(path.stat().st_mode)


def remove_tree(folder: Path) -> None:
    """Remove a folder that this program made for itself, as far as that is possible."""
    shutil.rmtree(folder, ignore_errors=True)
