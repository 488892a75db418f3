"""Console view of true effects."""

import math

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table


def effects_table(effects: pd.DataFrame, title: str) -> Table:
    """Return a table with one row per estimand, in 80 columns."""
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False
    )
    table.add_column("estimand", overflow="fold", min_width=14)
    for heading in ("untreated", "treated", "difference", "ratio", "odds ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for meaning, rows in effects.groupby("meaning", sort=False):
        first = rows.iloc[0]
        shown = [_shown(*each) for each in rows[["scale", "truth", "mcse"]].itertuples(index=False)]
        means = (first[name] for name in ("risk_untreated", "risk_treated"))
        if first["scale"] == "mean difference":
            table.add_row(str(meaning), *(f"{mean:.4g}" for mean in means), *shown, "-", "-")
        else:
            table.add_row(str(meaning), *(f"{100 * risk:.1f}" for risk in means), *shown)
    return table


def _shown(scale: str, truth: float, error: float) -> str:
    """Return a true effect with its error; a dash if undefined."""
    if not math.isfinite(error):
        return "-"
    if scale == "mean difference":
        return f"{truth:.3g} ± {error:.1g}" if error >= 0.001 else f"{truth:.3g} ± <0.001"
    if scale == "risk difference":
        return f"{100 * truth:.2f} ± {100 * error:.2f}"
    return f"{truth:z.3f} ± {error:.3f}"
