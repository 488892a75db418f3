"""One run at a time in one place, however the last one ended."""

import errno
import json
import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pretese.io.output.disk import new_token, sync_folder
from pretese.io.output.faults import cannot_write, refused
from protocol.errors import InputError

try:
    import fcntl
except ImportError:  # Windows: the process number in the file decides
    fcntl = None  # type: ignore[assignment]  # as if it had no functions

#: Error numbers of file systems without locks.
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}

#: Made if it is not there, never through a link; several runs may only add to it.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)

#: How every line of a lock file begins.
_BEGINNING = '{"token": "'

#: Locks of this process: the system would let a process take its own lock twice.
_held: set[Path] = set()
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Entry:
    """A run that took a lock: a line of the lock file.

    ``token`` is part of the name of every temporary folder of the run.
    """

    token: str
    process: int
    machine: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that is held.

    Attributes
    ----------
    token
        Of this run.
    left
        Tokens of earlier runs that were killed: what bears them was left behind.
    """

    token: str
    left: tuple[str, ...]


@contextmanager
def folder_lock(
    file: Path,
    place: Path,
    argument: str = "",
    remains: Callable[[str], bool] = lambda token: False,
) -> Iterator[Lock]:
    """Hold the lock of a place while the block runs.

    The system frees it when the process ends, even by ``kill -9``; the file then remains and says
    which temporary folders the killed run has left. The file goes when a run ends in order.

    Parameters
    ----------
    file
        Where the lock stands.
    place
        What it protects, for messages.
    remains
        Says at the end whether something that bears the token is left; the file then stays, so
        that the next run finds it.

    Raises
    ------
    InputError
        Another run holds it, or it cannot be made.
    """
    with _alone_in_process(file, place, argument):
        try:
            handle = _take(file, place, argument)
        except OSError as error:
            raise cannot_write(place, error, argument) from None
        try:
            lock = _sign(handle, file, place, argument)
            try:
                yield lock
            finally:
                with suppress(OSError):  # then nobody holds it, and the next run takes it over
                    if not any(remains(token) for token in (lock.token, *lock.left)):
                        file.unlink(missing_ok=True)
        finally:
            os.close(handle)


@contextmanager
def _alone_in_process(file: Path, place: Path, argument: str) -> Iterator[None]:
    with _guard:
        if file in _held:
            raise _busy(place, file, None, argument)
        _held.add(file)
    try:
        yield
    finally:
        with _guard:
            _held.discard(file)


def _take(file: Path, place: Path, argument: str) -> int:
    """Return the handle of the lock file, locked."""
    while True:
        handle = os.open(file, _FLAGS, 0o666)
        try:
            if not _is_ours(handle):
                problem = f"{file} is not a lock file of this program"
                raise refused(place, problem, "move it, or name another place", argument)
            if not _locked(handle):
                raise _busy(place, file, _last(handle), argument)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(file)):
                    return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last holder has removed the file meanwhile: make a new one


def _is_ours(handle: int) -> bool:
    """Return whether a lock file contains only lines of runs; the last may be incomplete."""
    cut = (line[: len(_BEGINNING)] for line in _lines(handle))
    return all(_BEGINNING.startswith(line) for line in cut)


def _locked(handle: int) -> bool:
    """Lock a file and return whether that was possible.

    A lock of the process, not of the handle: a worker process that outlives a killed parent does
    not inherit it. Where the file system has no locks, the last run in the file decides.
    """
    if fcntl is not None:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                if error.errno in (errno.EACCES, errno.EAGAIN):
                    return False
                raise
        else:
            return True
    return not _may_live(_last(handle))


def _may_live(entry: Entry | None) -> bool:
    """Return whether the run of an entry may be active; unknown, and true, for other machines."""
    if entry is None:
        return False
    if entry.machine != platform.node():
        return True
    try:
        os.kill(entry.process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, and is another user's
        return True
    return entry.process != os.getpid()


def _sign(handle: int, file: Path, place: Path, argument: str) -> Lock:
    """Add this run to the lock file; the disk has the line before anything bears its token."""
    earlier = tuple(entry.token for entry in _entries(handle))
    entry = Entry(new_token(), os.getpid(), platform.node())
    # A line feed first: a line that was cut by a kill is then a separate line, and is ignored
    line = f"\n{json.dumps(asdict(entry))}\n".encode()
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
        sync_folder(file.parent)
    except OSError as error:
        if not earlier:  # else what killed runs left is still to be found
            with suppress(OSError):
                file.unlink()
        raise cannot_write(place, error, argument) from None
    return Lock(entry.token, earlier)


def _entries(handle: int) -> list[Entry]:
    found = []
    for line in _lines(handle):
        with suppress(ValueError, TypeError):  # cut by a kill, or not ours
            found.append(_entry(json.loads(line)))
    return found


def _lines(handle: int) -> list[str]:
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, 1 << 20).decode(errors="replace").splitlines()


def _entry(plain: dict[str, Any]) -> Entry:
    entry = Entry(**plain)
    if not (isinstance(entry.token, str) and len(entry.token) == 16 and entry.token.isalnum()):
        raise ValueError("not a token")
    return entry


def _last(handle: int) -> Entry | None:
    entries = _entries(handle)
    return entries[-1] if entries else None


def _busy(place: Path, file: Path, entry: Entry | None, argument: str) -> InputError:
    who = f" (process {entry.process} on {entry.machine})" if entry else ""
    problem = f"another run{who} is writing there"
    cure = "wait until it has ended, or name another place"
    if entry and entry.machine != platform.node():
        cure += f"; if that machine has stopped, delete {file}"
    return refused(place, problem, cure, argument)
