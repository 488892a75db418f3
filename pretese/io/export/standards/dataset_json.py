"""CDISC Dataset-JSON 1.1: an analysis data set with its metadata in one JSON file."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from pretese.io.export.columns.clock import creation_time
from pretese.io.export.standards.adam import AnalysisData, Variable
from pretese.io.output.versions import program_version

VERSION = "1.1.0"


def write_dataset_json(data: AnalysisData, path: Path, study: str) -> None:
    """Write a data set; missing values are null, and doubles keep every digit."""
    path.write_text(
        json.dumps(dataset(data, study), ensure_ascii=False, allow_nan=False) + "\n",
        encoding="utf-8",
    )


def dataset(data: AnalysisData, study: str) -> dict[str, Any]:
    """Return the document of a data set, in the order of the standard's attributes."""
    when = f"{creation_time():%Y-%m-%dT%H:%M:%S}"
    return {
        "datasetJSONCreationDateTime": when,
        "datasetJSONVersion": VERSION,
        "fileOID": f"pretese.{study}.{data.name}",
        "dbLastModifiedDateTime": when,
        "originator": "pretese",
        "sourceSystem": {"name": "pretese", "version": program_version()},
        "studyOID": f"pretese.{study}",
        "metaDataVersionOID": f"MDV.pretese.{program_version()}",
        "itemGroupOID": f"IG.{data.name}",
        "records": len(data.table),
        "name": data.name,
        "label": data.label,
        "columns": [_column(data, variable) for variable in data.variables],
        "rows": _rows(data),
    }


def _column(data: AnalysisData, variable: Variable) -> dict[str, Any]:
    column: dict[str, Any] = {
        "itemOID": f"IT.{data.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": variable.type,
    }
    if variable.type == "string":
        longest = data.table[variable.name].dropna().map(len).max()
        column["length"] = 1 if pd.isna(longest) else int(longest)
    if variable.key:
        column["keySequence"] = variable.key
    return column


def _rows(data: AnalysisData) -> list[list[Any]]:
    columns = [data.table[variable.name] for variable in data.variables]
    plain = [column.astype(object).where(column.notna(), None).tolist() for column in columns]
    return [list(row) for row in zip(*plain, strict=True)]
