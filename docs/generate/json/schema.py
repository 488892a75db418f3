"""The JSON Schema of a document from examples of it, with the meaning of every field."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

MEANINGS = Path(__file__).with_name("field_meanings.yaml")

#: Objects whose keys are names of things, not fields, by document and path.
MAPS = {
    "audit.counts", "audit.patients_with", "schedule.totals.amount", "schedule.totals.injections",
    "schedule.totals.packs", "schedule.next_options[].totals.amount",
    "schedule.next_options[].totals.injections", "schedule.next_options[].totals.packs",
    "proof.tables", "proof.paths[].totals.amount", "proof.paths[].totals.injections",
    "proof.paths[].totals.packs", "analysis.balance", "analysis.balance_denominators",
    "analysis.effective_sample_size", "analysis.versions", "monitor.versions", "power.versions",
    "clinic.versions", "clinic.rows", "fit.versions", "power.asked.sensitivity",
    "power-several-arms.versions", "power-bayesian.versions", "monitor-bayesian.versions",
    "monitor-several-arms.versions",
    "power-several-arms.sizes[].configurations[].comparisons[].rejection",
    "power.designs[].sensitivity.axes", "power.designs[].sensitivity.planned",
    "power-several-arms.sensitivity.axes", "power-several-arms.sensitivity.planned",
    "power-several-arms.sensitivity.cells[].at", "power-several-arms.asked.sensitivity",
    "power.designs[].sensitivity.cells[].at",
}  # fmt: skip

#: Parts that another page describes.
ELSEWHERE = {"clinic.clinic_file"}


def schema_of_examples(document: str, examples: Iterator[Any]) -> dict[str, Any]:
    """Return the schema that all examples of a document meet, with the meaning of each field."""
    merged = _loosened(_merged(map(schema_of, examples)))
    return _described(merged, document, "")


def rows(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, type and meaning of every field."""
    for name, each in schema.get("properties", {}).items():
        place = f"{path}.{name}" if path else name
        yield place, " or ".join(_kinds(each)), each.get("description", "")
        yield from rows(each, place)
    if schema.get("items"):
        yield from rows(schema["items"], f"{path}[]")
    if schema.get("additionalProperties"):
        yield from rows(schema["additionalProperties"], f"{path}.*")


def schema_of(value: Any) -> dict[str, Any]:
    """Return the JSON Schema of a value; all elements of a list are alike."""
    if isinstance(value, dict):
        if value and all(not key.isidentifier() for key in value):
            return _map_of(map(schema_of, value.values()))
        fields = {key: schema_of(each) for key, each in value.items()}
        return {"type": "object", "properties": fields}
    if isinstance(value, list):
        items = _merged(map(schema_of, value))
        return {"type": "array", "items": items} if items else {"type": "array"}
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return {"type": kinds[type(value)]}


def meaning(document: str, name: str) -> str:
    """Return what a field means.

    Raises
    ------
    KeyError
        ``field_meanings.yaml`` has no line for it.
    """
    listed = _meanings()
    found = listed.get(f"{document}.{name}") or listed.get(name)
    if found is None:
        raise KeyError(f"{MEANINGS.name} has no meaning of {document}.{name}")
    return found


@cache
def _meanings() -> dict[str, str]:
    return dict(yaml.safe_load(MEANINGS.read_text(encoding="utf-8")))


def unused_meanings(schemas: dict[str, dict[str, Any]]) -> set[str]:
    """Return the lines of ``field_meanings.yaml`` that no field of these schemas uses."""
    used = set()
    for document, schema in schemas.items():
        for place, _, _ in rows(schema):
            name = place.rpartition(".")[2].removesuffix("[]")
            own = f"{document}.{name}"
            used.add(own if own in _meanings() else name)
    return set(_meanings()) - used


def _described(schema: dict[str, Any], document: str, path: str) -> dict[str, Any]:
    """Return a schema with maps as such, and the meaning of every field."""
    place = f"{document}.{path}"
    if place in ELSEWHERE:
        return {"type": schema["type"]}
    if place in MAPS and "properties" in schema:
        schema = {**_map_of(schema["properties"].values()), "type": schema["type"]}
    found = dict(schema)
    for key, suffix in (("items", "[]"), ("additionalProperties", ".*")):
        if schema.get(key):
            found[key] = _described(schema[key], document, f"{path}{suffix}")
    if "properties" in schema:
        found["properties"] = {
            name: {
                "description": meaning(document, name),
                **_described(each, document, f"{path}.{name}" if path else name),
            }
            for name, each in schema["properties"].items()
        }
    return found


def _map_of(schemas: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _merged(schemas)}


def _merged(schemas: Any) -> dict[str, Any]:
    """Return one schema that all values of some schemas meet."""
    merged: dict[str, Any] = {}
    for each in schemas:
        merged = _both(merged, each) if merged else each
    return merged


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    kinds = sorted({*_kinds(one), *_kinds(other)})
    both: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    for key in ("items", "additionalProperties"):
        found = [each[key] for each in (one, other) if key in each]
        if found:
            both[key] = _merged(found)
    names = {**one.get("properties", {}), **other.get("properties", {})}
    if names:
        pairs = {
            n: [s["properties"][n] for s in (one, other) if n in s.get("properties", {})]
            for n in names
        }
        both["properties"] = {name: _merged(found) for name, found in pairs.items()}
    return both


def _loosened(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which a field of which only null is known may be anything."""
    if schema.get("type") == "null":
        return {}
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if key in schema:
            found[key] = _loosened(schema[key])
    if "properties" in schema:
        found["properties"] = {name: _loosened(s) for name, s in schema["properties"].items()}
    return found


def _kinds(schema: dict[str, Any]) -> list[str]:
    kind = schema.get("type", "any, null in the example")
    return kind if isinstance(kind, list) else [kind]
