"""Answers as JSON documents with a schema name and the versions that made them."""

from typing import Any

from pydantic import TypeAdapter

from pretese.io.output.versions import program_version
from pretese.io.text.json_text import to_json


def as_plain(value: object) -> Any:
    """Return a dataclass or model as plain values that JSON knows: dates as ISO text."""
    return TypeAdapter(type(value)).dump_python(value, mode="json")


def as_json(schema: str, **parts: object) -> str:
    """Return one JSON document: the schema's name, the program's version, and the parts."""
    return to_json({"schema": schema, "pretese": program_version(), **parts})


def schema_of(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a dataclass that `as_plain` writes."""
    return TypeAdapter(kind).json_schema(mode="serialization")
