"""The folder of a study: what was asked stands in it, so that another study is never joined."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pretese.io.output.atomic_file import is_temporary, write_file
from pretese.io.output.faults import cannot_write
from pretese.io.output.folder_lock import folder_lock
from pretese.io.output.place import check_content, check_place, check_space, folders_made, shown
from pretese.io.text.json_text import to_json
from pretese.jobs.blocks import Store
from protocol.errors import Fault, InputError
from protocol.reading.documents import parse_json, read_text

#: The file that keeps other runs out of a study.
LOCK = ".pretese-lock"

_CURE = "put it back, or name a new folder"


@contextmanager
def study_folder(record: Mapping[str, Any], out: Path, resume: bool) -> Iterator[Store]:
    """Make or enter the folder of a study, and keep other runs out while the block runs.

    What was asked stands in ``study.json``. The place of the results is checked as well, so that
    no work is done whose results could not be written.

    Parameters
    ----------
    record
        All that decides its numbers but how many replicates there are, as plain values.

    Raises
    ------
    InputError
        The folder holds a study and ``resume`` was not asked for; or it was, and the study asked
        for is another one than that begun: its results must never be joined with these. Another
        run works in the folder, or it cannot be written to.
    """
    place = check_place(out, replaced=False)
    check_space(place)
    path = place.path
    results = check_place(out / "results")
    with folders_made(place, path), folder_lock(path / LOCK, out, "out"):
        try:
            _enter(record, path, out, resume)
            check_content(results)
            for file in (*path.glob(".*"), *path.glob("blocks/*/.*")):
                if is_temporary(file):  # of a run that was killed: none but this works here now
                    file.unlink()
        except OSError as error:
            raise cannot_write(out, error, "out") from None
        yield Store(out / "blocks")


def _enter(record: Mapping[str, Any], path: Path, out: Path, resume: bool) -> None:
    """Compare a study with that begun, or begin it."""
    file = path / "study.json"
    if file.exists():
        _compare(_begun(file), record, out, resume)
        return
    foreign = [
        each.name for each in sorted(path.iterdir()) if each.name != LOCK and not is_temporary(each)
    ]
    if foreign:
        problem = f"it holds files, and no study ({shown(foreign)})"
        raise InputError.of("out", str(out), problem, "name a new folder")
    write_file(file, to_json(record) + "\n")


def _begun(file: Path) -> dict[str, Any]:
    try:
        begun = parse_json(read_text(file), str(file))
    except InputError:
        problem = "this is not the JSON that was written"
        raise InputError.of(str(file), "", problem, _CURE) from None
    if not isinstance(begun, dict):
        raise InputError.of(str(file), "", "this is not the study that was written", _CURE)
    return begun


def _compare(begun: dict[str, Any], asked: Mapping[str, Any], out: Path, resume: bool) -> None:
    if not resume:
        cure = "continue it with `resume`, or name a new folder"
        raise InputError.of("out", str(out), "it holds a study already", cure)
    other = list(_differences(begun, asked, ""))
    if other:
        cure = "name a new folder: results of two studies are never joined"
        raise InputError(
            Fault(str(out), path, f"was {_short(old)} and is {_short(new)} now", cure)
            for path, old, new in other
        )


def _differences(old: Any, new: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            here = f"{path}.{name}" if path else name
            yield from _differences(old.get(name), new.get(name), here)
    elif old != new:
        yield path, old, new


def _short(value: Any) -> str:
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
