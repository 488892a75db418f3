"""datapackage.json: the tables described for machines, as a Frictionless Data Package."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pretese.io.export.columns.export_fields import KEYS, Field, Fields, Kind
from pretese.io.export.formats import FORMATS
from pretese.io.output.versions import program_version
from pretese.io.text.json_text import to_json

_TYPES: dict[Kind, str] = {
    "number": "number",
    "count": "integer",
    "flag": "integer",
    "date": "date",
    "text": "string",
}
#: Tables with one row per patient.
ONE_ROW_PER_PATIENT = ("patients", "truth")


def write_package(folder: Path, fields: Fields, kind: str, name: str, title: str) -> None:
    """Write datapackage.json for the tables of a folder.

    Beside the standard's own properties each field has ``unit`` and ``ucum``.

    Parameters
    ----------
    kind
        Suffix of the tables' files: the name of a streamed format.
    name
        Name of the package: lower-case letters, digits and hyphens.
    title
        What the data are, in a sentence.
    """
    package = {
        "name": name,
        "title": title,
        "description": "Synthetic patients simulated by pretese; no row describes a real person.",
        "profile": "data-package",
        "version": program_version(),
        "resources": [_resource(table, fields, kind) for table in fields],
    }
    (folder / "datapackage.json").write_text(to_json(package) + "\n", encoding="utf-8")


def _resource(table: str, fields: Fields, kind: str) -> dict[str, Any]:
    media_type = FORMATS[kind].media_type
    return {
        "name": table,
        "path": f"{table}.{kind}",
        "profile": "tabular-data-resource",
        "format": kind,
        "mediatype": media_type,
        **({"encoding": "utf-8"} if media_type.startswith("text/") else {}),
        "schema": table_schema(table, fields),
    }


def table_schema(table: str, fields: Fields) -> dict[str, Any]:
    """Return the Table Schema of one table; every patient of it must be one of ``patients``."""
    keys = [field.name for field in fields[table] if field.name in KEYS]
    schema: dict[str, Any] = {
        "fields": [_descriptor(field) for field in fields[table]],
        "missingValues": [""],
    }
    if table in ONE_ROW_PER_PATIENT:
        schema["primaryKey"] = keys
    elif "patients" in fields:
        schema["foreignKeys"] = [
            {"fields": keys, "reference": {"resource": "patients", "fields": keys}}
        ]
    return schema


def _descriptor(field: Field) -> dict[str, Any]:
    units = {"unit": field.unit.printed, "ucum": field.unit.ucum} if field.unit.ucum else {}
    constraints: dict[str, bool | Sequence[object]] = {}
    if field.name in KEYS:
        constraints["required"] = True
    if field.kind == "flag":
        constraints["enum"] = [0, 1]
    elif field.choices:
        constraints["enum"] = list(field.choices)
    return {
        "name": field.name,
        "type": _TYPES[field.kind],
        "description": field.meaning,
        **units,
        **({"constraints": constraints} if constraints else {}),
    }
