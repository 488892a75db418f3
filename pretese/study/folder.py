"""The folder of a study: what was asked stands in it, so that another study is never joined."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pretese.study.blocks import Store
from protocol.documents import parse_json, read_text
from protocol.errors import Fault, InputError

_CURE = "put it back, or name a new folder"


def open_folder(record: Mapping[str, Any], out: Path, resume: bool) -> Store:
    """Make or enter the folder of a study; what was asked stands in ``study.json``.

    Parameters
    ----------
    record
        All that decides its numbers but how many replicates there are, as plain values.

    Raises
    ------
    InputError
        The folder holds a study and ``resume`` was not asked for; or it was, and the study asked
        for is another one than that begun: its results must never be joined with these.
    """
    file = out / "study.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if file.exists():
            _compare(_begun(file), record, out, resume)
        elif any(out.iterdir()):
            problem = "it holds files, and no study"
            raise InputError.of("--out", str(out), problem, "name a new folder")
        else:
            partial = file.with_suffix(".partial")
            partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
            partial.replace(file)
    except OSError as error:
        problem = f"it cannot be written ({error.strerror})"
        raise InputError.of("--out", str(out), problem, "name a folder you may write to") from None
    return Store(out / "blocks")


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
        cure = "continue it with --resume, or name a new folder"
        raise InputError.of("--out", str(out), "it holds a study already", cure)
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
