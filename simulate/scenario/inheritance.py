"""Inheritance: a scenario file may extend another and state only its differences.

Sections merge; a number, list or word that the file states replaces the inherited one; null removes
it. A file inherits the mechanism but not the purpose: question, expected finding and targets are
not inherited.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from protocol.errors import InputError
from protocol.reading.documents import is_there, parse_yaml, read_text
from protocol.reading.stored import content_hash
from protocol.shorten import shorten, shorten_text
from simulate.core.shipped import scenario_path

#: Fields that are not inherited.
OWN = ("id", "question", "expected_finding", "targets")

MOST_STEPS = 5

#: File name extensions of scenario files.
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Source:
    """A scenario file as it was read, once: its text, and the plain value of that text."""

    path: Path
    text: str
    plain: Any


def read_chain(path: Path) -> tuple[Source, ...]:
    """Read a scenario file and all files that it extends; every file is read and parsed once."""
    return tuple(_chain(path))


def merged(sources: Sequence[Source]) -> Any:
    """Return the content of the first file merged with those that it extends."""
    whole = sources[-1].plain
    for source in reversed(sources[:-1]):
        kept = {name: value for name, value in whole.items() if name not in OWN}
        whole = merge(kept, source.plain)
    return whole


def texts_hash(sources: Sequence[Source]) -> str:
    """Return the hash of the texts of some files, in their order."""
    return content_hash("".join(source.text for source in sources))


def stated(source: Source) -> frozenset[str]:
    """Return the dotted paths of the numbers that a file states itself."""
    return frozenset(_numbers(source.plain, ""))


def merge(base: Any, child: Any) -> Any:
    """Return ``base`` updated by ``child``; a parameter is replaced as a whole.

    >>> merge({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}, "b": None})
    {'a': {'x': 1, 'y': 5}}
    """
    if not (isinstance(base, dict) and isinstance(child, dict)) or "value" in child:
        return child
    merged = dict(base)
    for name, value in child.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged[name], value) if name in merged else value
    return merged


def _chain(path: Path) -> Iterator[Source]:
    """Yield a file and each that it extends in turn."""
    read: list[Path] = []
    here: Path | None = path
    while here is not None:
        if os.path.realpath(here) in map(os.path.realpath, read) or len(read) == MOST_STEPS:
            cure = f"end the chain after at most {MOST_STEPS} files, in one that extends none"
            raise InputError.of(str(read[-1]), "extends", "the files extend each other", cure)
        text, plain = _read(here, read)
        read.append(here)
        yield Source(here, text, plain)
        parent = plain.get("extends") if isinstance(plain, dict) else None
        here = None if parent is None else _parent_path(here, parent)


def _read(path: Path, children: list[Path]) -> tuple[str, Any]:
    """Return text and plain value; a file that another extends must be a mapping."""
    if not children:
        text = read_text(path)
        return text, parse_yaml(text, str(path))
    try:
        text = read_text(path)
        plain = parse_yaml(text, str(path))
    except InputError as error:
        problem = f"the file that it extends cannot be used ({error.faults[0]})"
        raise InputError.of(str(children[-1]), "extends", problem, "extend another") from None
    if not isinstance(plain, dict):
        problem = f"{path} is not a scenario file: it holds no fields"
        raise InputError.of(str(children[-1]), "extends", problem, _EXTEND)
    return text, plain


_EXTEND = "name a shipped scenario, or give the path of a scenario file ending in .yaml"


def _parent_path(path: Path, name: Any) -> Path:
    """Return the file named by ``extends`` in ``path``: one in the same folder, or a shipped one.

    A name with a slash or the ending ``.yaml`` is a path, counted from the folder of the file.
    """
    if not isinstance(name, str) or not name.strip():
        raise InputError.of(str(path), "extends", f"{shorten(name)} is not a name", _EXTEND)
    beside = path.parent / (name if name.endswith(SUFFIXES) else f"{name}.yaml")
    if is_there(beside):
        return beside
    if name.endswith(SUFFIXES) or "/" in name:
        problem = f"there is no scenario file {shorten_text(str(beside), 200)}"
        raise InputError.of(str(path), "extends", problem, _EXTEND)
    try:
        return scenario_path(name)
    except InputError as error:
        fault = error.faults[0]
        raise InputError.of(
            str(path), "extends", f"{shorten(name)}: {fault.problem}", fault.cure
        ) from None


def _numbers(plain: Any, path: str) -> Iterator[str]:
    if isinstance(plain, dict) and "value" in plain:
        yield path
        return
    for name, child in _children(plain):
        yield from _numbers(child, f"{path}.{name}" if path else name)


def _children(plain: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(plain, dict):
        yield from ((str(name), child) for name, child in plain.items())
    elif isinstance(plain, list):
        yield from ((str(index), child) for index, child in enumerate(plain))
