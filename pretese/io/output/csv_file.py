"""Write tables as CSV."""

from pathlib import Path

import pandas as pd

from pretese.io.text.rounding_rule import rounded_table


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table, its numbers rounded by the rule of `text.rounding_rule`, with one line end."""
    rounded_table(table).to_csv(path, index=False, lineterminator="\n")
