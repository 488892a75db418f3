"""Write a single file: the whole of it, or the old one stays as it was."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pretese.io.output.disk import exists, is_regular, new_token, sync_file, sync_folder
from pretese.io.output.faults import cannot_write, check_name, concerns, refused

#: How temporary files begin; a token follows, so that two runs never share one.
TEMPORARY = ".pretese-partial-"

_NAMED = re.compile(re.escape(TEMPORARY) + r"[0-9a-f]{16}")


def is_temporary(path: Path) -> bool:
    """Return whether the name of a file is that of an incomplete file.

    >>> is_temporary(Path("blocks", ".pretese-partial-0123456789abcdef"))
    True
    >>> is_temporary(Path(".pretese-partial-notes.txt"))
    False
    """
    return _NAMED.fullmatch(path.name) is not None


def write_file(path: Path, content: str | bytes, argument: str = "") -> None:
    """Write a file in one step; text becomes UTF-8 with its line ends as they are.

    A kill, a full disk or any other fault leaves the old file whole.

    Parameters
    ----------
    argument
        The argument that named the file, for messages.

    Raises
    ------
    InputError
        The file cannot be written; it is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    with replaced_file(path, argument) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replaced_file(path: Path, argument: str = "", *, lasting: bool = True) -> Iterator[Path]:
    """Give a temporary file that takes the place of ``path`` if the block succeeds.

    It stands in the same folder, and has no ending, so that no pattern such as ``*.csv`` finds it.
    A link is followed: what it points to is replaced. A special file (a pipe,
    ``/dev/stdout``) receives the bytes instead.

    Parameters
    ----------
    lasting
        Whether the file must outlive a power cut: the disk is then waited for.

    Raises
    ------
    InputError
        The file cannot be written; it is as it was.
    """
    check_file(path, argument)
    if exists(path) and path.exists() and not is_regular(path):
        with _passed_on(path, argument) as temporary:
            yield temporary
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f"{TEMPORARY}{new_token()}")
    try:
        try:
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            yield temporary
            _put(temporary, target, lasting)
        except OSError as error:
            if not concerns(error, temporary):
                raise
            raise cannot_write(path, error, argument) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _put(temporary: Path, target: Path, lasting: bool) -> None:
    """Move a finished file to its place; the disk has its bytes first."""
    with suppress(FileNotFoundError):  # a new file has the permissions of any new file
        shutil.copymode(target, temporary)
    if lasting:
        sync_file(temporary)
    temporary.replace(target)
    if lasting:
        sync_folder(target.parent)


@contextmanager
def _passed_on(path: Path, argument: str) -> Iterator[Path]:
    """Give a temporary file elsewhere; its bytes then go into ``path``, which is never replaced."""
    try:
        with tempfile.TemporaryDirectory(prefix="pretese-") as folder:
            temporary = Path(folder, "file")
            yield temporary
            with temporary.open("rb") as source, path.open("wb", buffering=0) as sink:
                shutil.copyfileobj(source, sink)
    except OSError as error:
        raise cannot_write(path, error, argument) from None


def check_file(path: Path, argument: str = "") -> None:
    """Refuse a file that could not be written, before anything is computed for it.

    Raises
    ------
    InputError
        It is a folder, its folder is not there, either is read-only, or the name is none that
        libraries understand.
    """
    check_name(path, argument)
    try:
        if path.is_dir():
            raise refused(path, "this is a folder", "name a file", argument)
        if path.exists():
            if not os.access(path, os.W_OK):
                problem = "it cannot be written (the file is read-only)"
                raise refused(path, problem, "name another file, or make it writable", argument)
            if not is_regular(path):
                return
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            problem = f"it cannot be written (there is no folder {path.parent})"
            raise refused(path, problem, "name a folder that exists", argument)
        if not os.access(folder, os.W_OK):
            problem = f"it cannot be written (the folder {path.parent} is read-only)"
            raise refused(path, problem, "name a folder you may write to", argument)
    except OSError as error:
        raise cannot_write(path, error, argument) from None
    except (ValueError, RuntimeError) as error:  # a null character; links that form a circle
        raise refused(path, f"this is not a file name ({error})", "name a file", argument) from None
