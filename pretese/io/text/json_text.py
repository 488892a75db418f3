"""Strict JSON (RFC 8259): one writer for every ``--json`` and every JSON file.

Numbers keep all their digits. NaN and the infinities, which JSON does not know, become null: the
number is not defined, not estimable, or without bound. Characters beyond ASCII are escaped, so
that a document is the same bytes on every terminal.
"""

import dataclasses
import datetime as dt
import enum
import json
import math
import re
from collections.abc import Mapping, Set
from pathlib import PurePath
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(document: Any, *, indent: int | None = 1) -> str:
    """Return a document as JSON text.

    Parameters
    ----------
    document
        Mappings, sequences, dataclasses, numpy arrays and scalars, tables (a list of rows), dates,
        paths and plain values, in any nesting.
    indent
        As everywhere: 1. None gives one line.
    """
    return json.dumps(plain(document), indent=indent, allow_nan=False)


def print_json(document: Any) -> None:
    """Print a document as JSON on standard output."""
    import click

    click.echo(to_json(document))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: objects, arrays, text, finite numbers, booleans, null.

    >>> plain({"p": float("nan"), "x": (0.1, float("inf")), "on": dt.date(2026, 1, 5)})
    {'p': None, 'x': [0.1, None], 'on': '2026-01-05'}
    """
    if value is None or (isinstance(value, bool | int) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):  # numpy's float64 is one
        return float(value) if math.isfinite(value) else None
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _other(value)


def _other(value: Any) -> Any:
    """Return what is neither a plain value nor a plain container."""
    # numpy and pandas are told by what they can do: a document without them need not load them.
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(value, "columns"):
        return [plain(row) for row in value.to_dict(orient="records")]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Set):
        return [plain(item) for item in sorted(value)]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, PurePath):
        return _whole(str(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _key(key: Any) -> str:
    """Return the name of a field; in JSON names are text."""
    if isinstance(key, str):
        return _whole(key)
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    return str(plain(key))


def _whole(text: str) -> str:
    """Return text without lone surrogates, which strict readers refuse."""
    return _SURROGATE.sub("\ufffd", text)
