"""Checked values kept as JSON, so that a short command need not check their sources again.

A stored value lists its source files with the SHA-256 of their text. It is used only while these
texts are unchanged; otherwise the sources are read and checked again. What is stored is data:
frozen dataclasses by name and fields, tuples, mappings, sets, texts and numbers. ``python
docs/generate/stored_values.py`` writes the shipped ones.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

#: Version of the form; a value of another form is not read.
FORMAT = 1

#: The package folder; names of shipped files are relative to it.
PACKAGE = Path(__file__).parents[1]
SHIPPED = PACKAGE / "stored"

#: Key that gives the type of a JSON object that is not a mapping.
KIND = "@"


def content_hash(text: str) -> str:
    """Return the SHA-256 of a document's text with line endings normalised, in hexadecimal."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()


def to_plain(value: Any) -> Any:
    """Return a value as JSON can hold it.

    >>> to_plain({"b": (1.5, frozenset({"x"}))})
    {'b': [1.5, {'@': 'set', 'of': ['x']}]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        named = {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
        return {KIND: type(value).__name__, **named}
    if isinstance(value, frozenset):
        return {KIND: "set", "of": sorted(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(each) for name, each in value.items()}
    return [to_plain(each) for each in value] if isinstance(value, tuple) else value


def from_plain(plain: Any, classes: Mapping[str, type[Any]]) -> Any:
    """Return the value that `to_plain` made plain; ``classes`` are its dataclasses by name.

    >>> from_plain({"b": [1.5, {"@": "set", "of": ["x"]}]}, {})
    {'b': (1.5, frozenset({'x'}))}
    """
    if isinstance(plain, list):
        return tuple(from_plain(each, classes) for each in plain)
    if not isinstance(plain, dict):
        return plain
    kind = plain.get(KIND)
    if kind == "set":
        return frozenset(plain["of"])
    found = {name: from_plain(each, classes) for name, each in plain.items() if name != KIND}
    return found if kind is None else classes[kind](**found)


def stored_document(value: Any, sources: Sequence[str]) -> dict[str, Any]:
    """Return a value with the hashes of the package files from which it was made."""
    hashes = {name: _hash_of(PACKAGE / name) for name in sources}
    return {"format": FORMAT, "sources": hashes, "value": to_plain(value)}


def shipped_value(name: str, classes: Sequence[type[Any]]) -> Any:
    """Return a shipped value, or None if it is absent or its sources have changed."""
    try:
        document = json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))
        sources = document["sources"].items()
        if document["format"] != FORMAT or any(
            _hash_of(PACKAGE / at) != was for at, was in sources
        ):
            return None
        return from_plain(document["value"], {each.__name__: each for each in classes})
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _hash_of(path: Path) -> str:
    return content_hash(path.read_text(encoding="utf-8"))
