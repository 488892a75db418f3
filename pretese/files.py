"""Write a folder of results: all of it, or nothing."""

import hashlib
import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pretese import __version__
from pretese.numbers import rounded_table
from protocol.errors import InputError

#: Libraries whose version may change a digit.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib", "pydantic")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in; it takes the place of ``out`` only if the block succeeds.

    Files of an earlier run are replaced; anything else in ``out`` that is not ours stops the run
    before it begins.
    """
    partial = out.with_name(f"{out.name}.partial")
    try:
        if out.exists() and not (out.is_dir() and _is_ours(out)):
            raise InputError.of(
                "--out", str(out), "it exists and was not written by pretese",
                "name a new folder, or an earlier result",
            )  # fmt: skip
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    except OSError as error:
        problem = f"it cannot be written ({error.strerror})"
        raise InputError.of("--out", str(out), problem, "name a folder you may write to") from None
    try:
        yield partial
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    return (folder / "manifest.json").exists() or not any(folder.iterdir())


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table, its numbers rounded by the rule of `pretese.numbers`, with one line end."""
    rounded_table(table).to_csv(path, index=False, lineterminator="\n")


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write manifest.json: the facts, and the SHA-256 of every other file of the folder.

    Neither time nor machine is in it, so that the same run gives the same bytes.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {path.relative_to(folder).as_posix(): _sha256(path) for path in files}
    text = json.dumps({**facts, "files": hashes}, indent=1)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:  # piece by piece: it may be larger than memory
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Return the versions that may change a digit."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {"pretese": __version__, "python": platform.python_version(), **libraries}
