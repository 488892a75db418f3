"""Console view of true effects."""

import math

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
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


def show_truth(console: Console, effects: pd.DataFrame, scenario: str, worlds: int | None) -> None:
    """Print the true effects; over an ensemble, with their bands."""
    if worlds is None:
        console.print(effects_table(effects, f"True effects in {scenario} (risks in %)"))
        return
    console.print(bands_table(effects, f"True effects in {scenario}, bands of {worlds} sets"))
    console.print(
        "In brackets the middle 95 % over the parameter sets that all reproduce the published "
        "numbers: what these leave open. Differences in percentage points.",
        style="dim",
    )


def bands_table(effects: pd.DataFrame, title: str) -> Table:
    """Lay out one row per estimand: difference and odds ratio, each with its band."""
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False
    )
    table.add_column("estimand", overflow="fold", min_width=14)
    for heading in ("untreated, %", "difference", "odds ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for meaning, rows in effects.groupby("meaning", sort=False):
        by_scale = rows.set_index("scale")
        first = rows.iloc[0]
        table.add_row(
            str(meaning),
            _banded(first["risk_untreated"], first["risk_untreated_low"],
                    first["risk_untreated_high"], 100, 1),
            _banded(*_ends(by_scale.loc["risk difference"]), 100, 1),
            _banded(*_ends(by_scale.loc["odds ratio"]), 1, 2),
        )  # fmt: skip
    return table


def _ends(row: "pd.Series") -> tuple[float, float, float]:
    return float(row["truth"]), float(row["band_low"]), float(row["band_high"])


def _banded(value: float, low: float, high: float, factor: float, digits: int) -> str:
    """Write a number with its band; one that is undefined is a dash."""
    if not all(math.isfinite(each) for each in (value, low, high)):
        return "-"
    shown = [f"{factor * each:z.{digits}f}" for each in (value, low, high)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"
