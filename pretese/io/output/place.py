"""Places for a folder of results, checked before anything is computed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pretese.io.output.disk import exists
from pretese.io.output.faults import cannot_write, check_name, refused
from pretese.io.output.manifest import NAME, foreign_files, read_manifest

#: Bytes that must be free for a run to begin.
MIN_FREE = 1 << 20

#: Names of files that a message lists.
LISTED = 5


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """A place for a folder of results.

    Attributes
    ----------
    path
        Without links, from the root.
    asked
        As the person wrote it.
    argument
        The argument that named it; empty if none did.
    """

    path: Path
    asked: Path
    argument: str

    @property
    def lock(self) -> Path:
        """Return the file that keeps other runs away while one writes."""
        return self.path.with_name(f".{self.path.name}.pretese-lock")

    def partial(self, token: str) -> Path:
        """Return where a run writes until it is done."""
        return self.path.with_name(f"{self.path.name}.partial-{token}")

    def earlier(self, token: str) -> Path:
        """Return where the earlier result stands while the new one takes its place."""
        return self.path.with_name(f"{self.path.name}.earlier-{token}")

    def kept(self, token: str) -> Path:
        """Return where a result is kept that cannot take its place."""
        return self.path.with_name(f"{self.path.name}.new-{token}")


def check_place(out: Path, argument: str = "out", *, replaced: bool = True) -> OutputPlace:
    """Return the place of a folder of results, or raise with the reason why none can be written.

    Parameters
    ----------
    replaced
        Whether the folder is replaced as a whole; otherwise files are added to it, and it may be
        the current folder, a link, or a mount point.

    Raises
    ------
    InputError
        It is a file, a link, the current folder or one that holds it, a mount point, on a disk
        that is read-only, or named in a way that libraries do not understand.
    """
    check_name(out, argument)
    try:
        if "\0" in str(out):
            raise ValueError("it holds a null character")
        path = _resolved(out) if replaced else out.resolve()
        check_name(path, argument)
        _check_kind(path, out, argument)
        if replaced:
            _check_replaceable(path, out, argument)
        _check_disk(path, out, argument)
    except OSError as error:
        raise cannot_write(out, error, argument) from None
    except (ValueError, RuntimeError) as error:  # a null character; links that form a circle
        raise refused(
            out, f"this is not a folder name ({error})", "name a new folder", argument
        ) from None
    return OutputPlace(path, out, argument)


def _resolved(out: Path) -> Path:
    if out.name in ("", ".", ".."):
        return out.resolve()
    return out.parent.resolve() / out.name


def _check_kind(path: Path, out: Path, argument: str) -> None:
    if path.is_symlink():
        problem = f"it is a link to {os.readlink(path)}"
        raise refused(out, problem, "name the folder itself", argument)
    if exists(path) and not path.is_dir():
        problem = "it is a file, and was not written by pretese"
        raise refused(out, problem, "name a new folder, or an earlier result", argument)


def _check_replaceable(path: Path, out: Path, argument: str) -> None:
    with suppress(FileNotFoundError):  # the current folder may be gone
        here = Path.cwd()
        if path == here or path in here.parents:
            words = "the current folder" if path == here else "a folder that holds the current one"
            raise refused(out, f"it is {words}", "name a new folder in it", argument)
    if os.path.ismount(path):
        problem = "a disk is mounted there, so that it cannot be replaced as a whole"
        raise refused(out, problem, f"name a folder in it, such as {out / 'result'}", argument)


def _check_disk(path: Path, out: Path, argument: str) -> None:
    parent = path.parent
    while not exists(parent):
        parent = parent.parent
    if not parent.is_dir():
        problem = f"it cannot be written ({parent} is not a folder)"
        raise refused(out, problem, "name a folder that can be made", argument)
    if not os.access(parent, os.W_OK | os.X_OK):
        problem = f"it cannot be written ({parent} is read-only)"
        raise refused(out, problem, "name a folder you may write to", argument)
    if path.is_dir() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        problem = "it cannot be replaced (you may not read and write it)"
        raise refused(out, problem, "name a folder you may write to", argument)


def check_space(place: OutputPlace) -> None:
    """Refuse to begin on a disk that is full already; some network disks do not tell."""
    parent = place.path
    while not exists(parent):
        parent = parent.parent
    try:
        disk = shutil.disk_usage(parent)
    except OSError as error:
        raise cannot_write(place.asked, error, place.argument) from None
    if disk.total and disk.free < MIN_FREE:
        problem = f"it cannot be written (No space left on device: {disk.free:,} bytes are free)"
        cure = "make room, or name a place on another disk"
        raise refused(place.asked, problem, cure, place.argument)


def check_content(place: OutputPlace) -> None:
    """Refuse a folder that holds anything but an earlier result, whole or in part.

    Raises
    ------
    InputError
        Files are not listed in the manifest of the earlier result, or have changed since.
    """
    path, argument = place.path, place.argument
    try:
        if not exists(path) or not any(path.iterdir()):
            return
        manifest = read_manifest(path)
        foreign = [] if manifest is None else foreign_files(path, manifest)
    except OSError as error:
        raise cannot_write(place.asked, error, argument) from None
    if manifest is None:
        found = f"it has a {NAME} of another program" if exists(path / NAME) else "it holds files"
        problem = f"{found}, and was not written by pretese"
        raise refused(place.asked, problem, "name a new folder, or an earlier result", argument)
    if foreign:
        cure = "move or delete them, or name a new folder: only an unchanged result is replaced"
        problem = f"in addition to an earlier result it contains {shown(foreign)}"
        raise refused(place.asked, problem, cure, argument)


def shown(names: list[str]) -> str:
    r"""Return the first names for a message; what cannot be printed is escaped.

    >>> shown(["NOTES.md", "a\tb.csv"])
    'NOTES.md, a\\tb.csv'
    """
    plain = ["".join(c if c.isprintable() else repr(c)[1:-1] for c in name) for name in names]
    more = len(plain) - LISTED
    return ", ".join(plain[:LISTED]) + (f" and {more} more" if more > 0 else "")


@contextmanager
def folders_made(place: OutputPlace, folder: Path) -> Iterator[None]:
    """Make a folder and those that it stands in; what was made goes again if the block fails."""
    missing = [each for each in (folder, *folder.parents) if not exists(each)]
    made: list[Path] = []
    try:
        try:
            for each in reversed(missing):
                each.mkdir()
                made.append(each)
        except OSError as error:
            raise cannot_write(place.asked, error, place.argument) from None
        yield
    except BaseException:
        for each in reversed(made):
            with suppress(OSError):  # something stands in it by now
                each.rmdir()
        raise
