"""manifest.json: what a folder of results holds, so that only that is ever removed."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pretese.io.output.atomic_file import write_file
from pretese.io.text.json_text import to_json

NAME = "manifest.json"

#: Tells a manifest of this program from the ``manifest.json`` of others.
SCHEMA = "pretese/result/1"


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write manifest.json: the facts, and the SHA-256 of every other file of the folder.

    Neither time nor machine is in it, so that the same run gives the same bytes.
    """
    files = sorted(_walk(folder, folders=False))
    hashes = {name: sha256_of(folder / name) for name in files if name != NAME}
    empty = sorted(set(_walk(folder, folders=True)) - set(files) - _parents(files))
    known = {"empty_folders": empty} if empty else {}
    _write(folder, {"schema": SCHEMA, **facts, **known, "files": hashes})


def add_to_manifest(folder: Path, name: str) -> None:
    """List one more file in the manifest of a result; a folder without one is not changed."""
    manifest = read_manifest(folder)
    if manifest is not None:
        files = {**manifest["files"], name: sha256_of(folder / name)}
        _write(folder, {**manifest, "files": dict(sorted(files.items()))})


def _write(folder: Path, manifest: Mapping[str, Any]) -> None:
    write_file(folder / NAME, to_json(manifest) + "\n")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest that this program wrote into a folder; None if there is none."""
    path = folder / NAME
    if path.is_symlink() or not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):  # not JSON, or not UTF-8
        return None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        return None
    files = manifest.get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        return None
    return manifest


def foreign_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return the entries of a folder that its manifest does not list, sorted.

    That is: files that are not listed or have changed, links, and folders in which nothing listed
    stands. A listed file that is missing is not named.
    """
    files, folders = manifest["files"], _folders(manifest)
    found = []
    for name in sorted(_walk(folder, folders=True)):
        path = folder / name
        if path.is_symlink():
            found.append(f"{name} (a link)")
        elif path.is_dir():
            found += [] if name in folders else [f"{name}/"]
        elif name != NAME and name not in files:
            found.append(name)
        elif name != NAME and not _is_listed(path, files[name]):
            found.append(f"{name} (changed)")
    return found


def missing_or_foreign(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Return the entries of a folder that are not part of its result, and its missing files."""
    gone = [f"{name} (gone)" for name in manifest["files"] if not (folder / name).is_file()]
    return gone + foreign_files(folder, manifest)


def remove_listed(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Remove the files of a result and its folders; return whether the whole folder was removed.

    What is not listed, or has changed, stays. The manifest goes last, so that a removal that was
    cut can be continued.
    """
    files = manifest["files"]
    for name in sorted(_walk(folder, folders=False)):  # never what a name points to elsewhere
        path = folder / name
        if name != NAME and name in files and _is_listed(path, files[name]):
            path.unlink()
    for name in sorted(set(_walk(folder, folders=True)) & _folders(manifest), reverse=True):
        if not any((folder / name).iterdir()):
            (folder / name).rmdir()
    if [path.name for path in folder.iterdir()] != [NAME]:
        return False
    (folder / NAME).unlink()
    folder.rmdir()
    return True


def _is_listed(path: Path, digest: str) -> bool:
    return not path.is_symlink() and path.is_file() and sha256_of(path) == digest


def _folders(manifest: Mapping[str, Any]) -> set[str]:
    empty = manifest.get("empty_folders", [])
    return _parents(manifest["files"]) | {name for name in empty if isinstance(name, str)}


def _parents(names: Iterable[str]) -> set[str]:
    return {parent.as_posix() for name in names for parent in Path(name).parents} - {"."}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:  # piece by piece: it may be larger than memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def _walk(folder: Path, folders: bool) -> Iterator[str]:
    """Yield all files of a folder by their path in it, and its folders if asked for.

    Links are not followed, and count as files.
    """
    for root, inner, files in os.walk(folder, onerror=_raise):
        here = Path(root).relative_to(folder)
        for name in (*files, *inner):
            if folders or name in files or (Path(root) / name).is_symlink():
                yield (here / name).as_posix()


def _raise(error: OSError) -> None:
    raise error
