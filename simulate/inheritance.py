"""A scenario file may extend another and state its differences alone.

Sections merge; a number, list or word that the file states takes the place of the other's; null
takes it away. A file inherits mechanism, never purpose: question, expected finding and targets
are its own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from protocol.documents import content_hash, parse_yaml, read_text
from protocol.errors import InputError

#: Finds the file of a scenario by name.
Find = Callable[[str], Path]

#: What a file never inherits.
OWN = ("id", "question", "expected_finding", "targets")

MOST_STEPS = 5


def read_plain(path: Path, find: Find | None = None) -> tuple[Any, str]:
    """Return what a scenario file says with all that it extends, and the hash of those texts.

    Parameters
    ----------
    find
        How to find the file that is extended; None looks beside the file itself.
    """
    texts, plains = zip(*_chain(path, find), strict=True)
    whole = plains[-1]
    for plain in reversed(plains[:-1]):
        kept = {name: value for name, value in whole.items() if name not in OWN}
        whole = merge(kept, plain)
    return whole, content_hash("".join(texts))


def stated(path: Path) -> frozenset[str]:
    """Return the dotted paths of the numbers that a file states itself."""
    return frozenset(_numbers(parse_yaml(read_text(path), str(path)), ""))


def merge(base: Any, child: Any) -> Any:
    """Return ``base`` with what ``child`` states in place; a number is replaced whole.

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


def _chain(path: Path, find: Find | None) -> Iterator[tuple[str, Any]]:
    """Yield text and plain value of a file and of each that it extends in turn."""
    seen: list[Path] = []
    here: Path | None = path
    while here is not None:
        if here.resolve() in seen or len(seen) == MOST_STEPS:
            cure = f"end the chain after at most {MOST_STEPS} files, in one that extends none"
            raise InputError.of(str(here), "extends", "the files extend each other", cure)
        seen.append(here.resolve())
        text = read_text(here)
        plain = parse_yaml(text, str(here))
        yield text, plain
        parent = plain.get("extends") if isinstance(plain, dict) else None
        here = None if parent is None else _parent(here, parent, find)


def _parent(path: Path, name: Any, find: Find | None) -> Path:
    if not isinstance(name, str):
        raise InputError.of(str(path), "extends", f"{name!r} is no name", "name one scenario")
    beside = path.parent / f"{name}.yaml"
    if beside.exists():
        return beside
    if find is None:
        raise InputError.of(
            str(path), "extends", f"there is no {beside.name} beside it", "name a file beside it"
        )
    return find(name)


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
