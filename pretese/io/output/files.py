"""Write tables as CSV, and say which versions made a result."""

import platform
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from pretese import __version__
from pretese.io.text.rounding_rule import rounded_table

#: Libraries whose version may change a digit.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib", "pydantic")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table, its numbers rounded by the rule of `text.rounding_rule`, with one line end."""
    rounded_table(table).to_csv(path, index=False, lineterminator="\n")


def versions() -> dict[str, str]:
    """Return the versions that may change a digit."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {"pretese": __version__, "python": platform.python_version(), **libraries}
