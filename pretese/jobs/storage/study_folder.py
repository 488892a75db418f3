"""The folder of a study, with a record of its inputs, so that two studies are never joined."""

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
from pretese.jobs.storage.blocks import Store
from pretese.jobs.storage.parts import Part, part_folders, refuse_parts
from protocol.errors import Fault, InputError
from protocol.reading.documents import parse_json, read_text

#: The lock file of a study.
LOCK = ".pretese-lock"

_CURE = "put it back, or name a new folder"


@contextmanager
def study_folder(record: Mapping[str, Any], out: Path, resume: bool) -> Iterator[Store]:
    """Create or open the folder of a study, and lock it while the block runs.

    The inputs are recorded in ``study.json``. The folder of the results is also checked, so that
    nothing is computed that cannot be written.

    Parameters
    ----------
    record
        Everything that determines its numbers, except the number of replicates, as plain values.

    Raises
    ------
    InputError
        The folder holds a study and ``resume`` is false; or ``resume`` is true and the study in
        the folder, or a part of it, has other inputs; or another run uses the folder; or it cannot
        be written to.
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
                if is_temporary(file):  # left by a killed run: the lock excludes others
                    file.unlink()
        except OSError as error:
            raise cannot_write(out, error, "out") from None
        if not resume:
            refuse_parts(out)
        yield Store(out / "blocks", parts=part_stores(record, out))


@contextmanager
def part_of_study(record: Mapping[str, Any], out: Path, part: Part) -> Iterator[Store]:
    """Create or open the folder of one part of the study in ``out``; a part always continues.

    Raises
    ------
    InputError
        As `study_folder`; the folder may hold a part of a study with other inputs.
    """
    with study_folder(record, part.folder(out), resume=True) as store:
        yield store


def part_stores(record: Mapping[str, Any], out: Path) -> list[Store]:
    """Return the stores of the parts of the study in ``out``.

    Raises
    ------
    InputError
        One of them belongs to a study with other inputs.
    """
    folders = part_folders(out)
    for folder in folders:
        _compare(_begun(folder / "study.json"), record, folder, resume=True)
    return [Store(folder / "blocks") for folder in folders]


def _enter(record: Mapping[str, Any], path: Path, out: Path, resume: bool) -> None:
    """Compare a study with the one in the folder, or record it."""
    file = path / "study.json"
    if file.exists():
        _compare(_begun(file), record, out, resume)
        return
    foreign = [
        each.name for each in sorted(path.iterdir()) if each.name != LOCK and not is_temporary(each)
    ]
    if foreign:
        problem = f"it holds other files ({shown(foreign)})"
        raise InputError.of("out", str(out), problem, "name a new folder")
    write_file(file, to_json(record) + "\n")


def _begun(file: Path) -> dict[str, Any]:
    try:
        begun = parse_json(read_text(file), str(file))
    except InputError:
        problem = "it is not valid JSON"
        raise InputError.of(str(file), "", problem, _CURE) from None
    if not isinstance(begun, dict):
        raise InputError.of(str(file), "", "it was changed after it was written", _CURE)
    return begun


def _compare(begun: dict[str, Any], asked: Mapping[str, Any], out: Path, resume: bool) -> None:
    if not resume:
        cure = "continue it with `resume`, or name a new folder"
        raise InputError.of("out", str(out), "it already holds a study", cure)
    other = list(_differences(begun, asked, ""))
    if other:
        cure = "name a new folder; results of two studies cannot be joined"
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
