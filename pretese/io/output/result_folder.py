"""Write a folder of results completely or not at all; an earlier result is kept until then.

The new result is written in a folder next to its place. When it is complete, the earlier result
moves aside, the new one moves in, and the earlier one is removed, file by file as its manifest
lists them. A run that is killed between any two of these steps loses nothing, and the next run into
the same place continues from there (`restore_place`).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

import click

from pretese.io.output.disk import exists, remove_tree, sync_folder, sync_tree
from pretese.io.output.faults import cannot_write, concerns, reason, refused
from pretese.io.output.folder_lock import folder_lock
from pretese.io.output.manifest import (
    NAME,
    missing_or_foreign,
    read_manifest,
    remove_listed,
    write_manifest,
)
from pretese.io.output.place import (
    OutputPlace,
    check_content,
    check_place,
    check_space,
    folders_made,
)
from protocol.errors import Fault, InputError


@contextmanager
def result_folder(out: Path, argument: str = "out") -> Iterator[Path]:
    """Give a folder to write in; it takes the place of ``out`` only if the block succeeds.

    The place is checked, and locked against other runs, before the block begins. An earlier
    result is replaced only if nothing in it was added or changed.

    Parameters
    ----------
    argument
        The argument that named the folder, for messages.

    Raises
    ------
    InputError
        The place cannot be written to, holds files of others, or another run is writing there; then
        nothing has been computed. Or the disk became full: the earlier result is as it was. Or
        the place was changed meanwhile: the new result is written next to it, and is named.
    """
    place = check_place(out, argument)
    check_space(place)
    with folders_made(place, place.path.parent), _locked(place) as token:
        check_content(place)
        partial = place.partial(token)
        try:
            partial.mkdir()
            yield partial
            _seal(partial)
        except BaseException as error:
            remove_tree(partial)
            if isinstance(error, OSError) and concerns(error, partial):
                raise cannot_write(out, error, argument) from None
            if isinstance(error, InputError):
                raise _at_place(error, partial, place) from None
            raise
        _put_in_place(place, token)


def optional_result_folder(out: str | Path | None) -> AbstractContextManager[Path | None]:
    """Give a folder to write in as `result_folder` does, or None if none was asked for."""
    return nullcontext() if out is None else result_folder(Path(out))


@contextmanager
def _locked(place: OutputPlace) -> Iterator[str]:
    """Lock the place, bring what killed runs left there in order, and give this run's token."""

    def remains(token: str) -> bool:
        return exists(place.partial(token)) or exists(place.earlier(token))

    with folder_lock(place.lock, place.asked, place.argument, remains) as lock:
        try:
            for token in lock.left:
                restore_place(place, token)
        except OSError as error:
            raise cannot_write(place.asked, error, place.argument) from None
        yield lock.token


def _at_place(error: InputError, partial: Path, place: OutputPlace) -> InputError:
    """Return faults of files in the folder of the run as faults of the place: it is gone then."""
    return InputError(
        Fault(place.argument or str(place.asked), str(place.asked), fault.problem, fault.cure)
        if Path(fault.where).is_relative_to(partial)
        else fault
        for fault in error.faults
    )


def _seal(partial: Path) -> None:
    """Finish a result: it has a manifest, and the disk holds all of it."""
    if not exists(partial / NAME):
        write_manifest(partial, {})
    sync_tree(partial)


def _put_in_place(place: OutputPlace, token: str) -> None:
    """Replace the earlier result by the new one; if this fails, keep both and report where."""
    earlier = place.earlier(token)
    try:
        check_place(place.asked, place.argument)
        check_content(place)
        _swap(place, token)
    except (OSError, InputError) as error:
        why = reason(error) if isinstance(error, OSError) else error.faults[0].problem
        raise refused(
            place.asked, f"it cannot be replaced ({why})", _kept(place, token), place.argument
        ) from None
    _remove_earlier(earlier)


def _kept(place: OutputPlace, token: str) -> str:
    """Keep a new result that cannot be moved to its place, and report where it is."""
    partial, kept, earlier = place.partial(token), place.kept(token), place.earlier(token)
    with suppress(OSError):
        partial.rename(kept)
    words = f"the new result is kept in {kept if exists(kept) else partial}"
    return f"{words}, the earlier one in {earlier}" if exists(earlier) else words


def _swap(place: OutputPlace, token: str) -> None:
    path, partial, earlier = place.path, place.partial(token), place.earlier(token)
    if exists(path):
        path.rename(earlier)
    try:
        partial.rename(path)
    except OSError:
        if exists(earlier):
            earlier.rename(path)
        raise
    sync_folder(path.parent)


def _remove_earlier(earlier: Path) -> None:
    """Remove an earlier result; whatever is not part of it stays, and is named."""
    if not exists(earlier):
        return
    try:
        manifest = read_manifest(earlier)
        if manifest is not None:
            remove_listed(earlier, manifest)
        elif not any(earlier.iterdir()):
            earlier.rmdir()
        left = exists(earlier)
    except OSError:
        left = True
    if left:
        click.echo(f"the earlier result could not be removed; its remainder is {earlier}", err=True)


def restore_place(place: OutputPlace, token: str) -> None:
    """Recover from a killed run: complete an unfinished replacement, or remove its files.

    A finished result takes its place, an unfinished one goes, an earlier result returns if there
    is no newer one.

    Raises
    ------
    InputError
        Somebody has written into the place since; all that was left stays, and is named.
    """
    path, partial, earlier = place.path, place.partial(token), place.earlier(token)
    if exists(path):
        check_content(place)
    finished = is_whole(partial)
    if exists(earlier) and exists(path) and (exists(partial) or not is_whole(path)):
        left = [str(each) for each in (partial, earlier) if exists(each)]
        problem = "it was changed after a run that was replacing it had been killed"
        cure = f"inspect {' and '.join(left)}: move what you need, and delete the rest"
        raise refused(place.asked, problem, cure, place.argument)
    if finished:
        _swap(place, token)
    elif exists(earlier) and not exists(path):
        earlier.rename(path)
    remove_tree(partial)
    _remove_earlier(earlier)


def is_whole(folder: Path) -> bool:
    """Return whether a folder is a result with all files unchanged, and no other file."""
    manifest = read_manifest(folder) if folder.is_dir() else None
    return manifest is not None and not missing_or_foreign(folder, manifest)
