"""The reference values that are part of the program."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "values"


@cache
def values(name: str) -> Any:
    """Return the reference values of a file of the folder ``values``."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def oracle(name: str) -> dict[str, Any]:
    """Return a reference value of trial planning: inputs, outputs, tolerance, source."""
    return dict(next(each for each in values("trial_oracles") if each["id"] == name))
