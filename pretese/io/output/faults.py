"""Name in words why the operating system refused to write."""

import errno
import os
from pathlib import Path

from protocol.errors import InputError

#: What to do about the commonest reasons; anything else asks for another place.
_CURES = {
    errno.ENOSPC: "make room, there and for temporary files (TMPDIR), or ask for less",
    errno.EDQUOT: "make room in your quota, or name a place on another disk",
    errno.EROFS: "name a place on a disk that can be written to",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.ENOENT: "name a folder that exists",
    errno.ENOTDIR: "name a folder that exists",
    errno.EACCES: "name a place you may write to",
    errno.EPERM: "name a place you may write to",
}


def reason(error: OSError) -> str:
    """Return the words of the operating system.

    >>> reason(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    """
    return error.strerror or str(error) or type(error).__name__


def concerns(error: OSError, place: Path) -> bool:
    """Return whether an error is one of writing ``place``, or something in it.

    An error that names no file is taken to be one (a full disk names none), unless it is one of a
    connection or another process.
    """
    if isinstance(error, ConnectionError | ChildProcessError | TimeoutError):
        return False
    names = [name for name in (error.filename, error.filename2) if isinstance(name, str)]
    return not names or any(Path(name).is_relative_to(place) for name in names)


def cannot_write(place: Path, error: OSError, argument: str = "") -> InputError:
    """Return the fault of a place that could not be written to.

    Parameters
    ----------
    argument
        The argument that named the place; empty if none did.
    """
    cure = _CURES.get(error.errno or 0, "name another place")
    problem = f"it cannot be written ({reason(error)})"
    return refused(place, problem, cure, argument)


def refused(place: Path, problem: str, cure: str, argument: str = "") -> InputError:
    """Return the fault of an output place."""
    if argument:
        return InputError.of(argument, str(place), problem, cure)
    return InputError.of(str(place), "", problem, cure)


def check_name(place: Path, argument: str = "") -> None:
    """Refuse a name that libraries would understand as another place, or not at all.

    Raises
    ------
    InputError
        It begins with ``~``, which a library may take for the home folder though the shell did
        not; or it contains bytes that are not text.
    """
    if place.parts and place.parts[0].startswith("~"):
        problem = "~ stands for the home folder only where the shell replaces it"
        raise refused(place, problem, "write the name of the folder in full", argument)
    try:
        os.fspath(place).encode()
    except UnicodeEncodeError:
        raise refused(place, "the name is not UTF-8 text", "name another place", argument) from None
