"""`pretese truth`: what is true in a scenario, for each named estimand on each scale."""

import math
from pathlib import Path

import click
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from pretese.commands.options import seed_option
from pretese.io.output.atomic_file import check_file, replaced_file
from pretese.io.output.csv_file import write_csv
from pretese.screen.console import SafeConsole
from simulate.scenario.load import load_scenario
from simulate.truth import population_effects, truth_table


@click.command()
@click.argument("scenario")
@click.option("--men", type=click.IntRange(1, 1_000_000_000), default=1_000_000, show_default=True)
@seed_option()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="CSV file to write.")
def command(scenario: str, men: int, seed: int, out: Path | None) -> None:
    """Count the true effects of SCENARIO (a shipped name or a file) over a large draw of men.

    Both potential outcomes of every man are known, so nothing is estimated; what remains is the
    Monte Carlo standard error of the draw (of ratios: on the log scale).
    """
    if out:
        check_file(out, "--out")
    effects = truth_table(population_effects(load_scenario(scenario), seed, men))
    if out:
        with replaced_file(out, "--out") as temporary:
            write_csv(effects, temporary)
    SafeConsole().print(_table(effects, f"True effects in {scenario} (risks in %)"))


def _table(effects: pd.DataFrame, title: str) -> Table:
    """Lay out one row per estimand, in eighty columns."""
    table = Table(
        title=title, title_justify="left", box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False
    )
    table.add_column("estimand", overflow="fold")
    for heading in ("un-\ntreated", "treated", "difference", "ratio", "odds ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for meaning, rows in effects.groupby("meaning", sort=False):
        first = rows.iloc[0]
        shown = [
            _shown(*each)
            for each in rows[["scale", "truth", "monte_carlo_se"]].itertuples(index=False)
        ]
        risks = (f"{100 * first[name]:.1f}" for name in ("risk_untreated", "risk_treated"))
        table.add_row(str(meaning), *risks, *shown)
    return table


def _shown(scale: str, truth: float, error: float) -> str:
    """Write a true effect with its error; a ratio to nothing is a dash."""
    if not math.isfinite(error):
        return "-"
    if scale == "risk difference":
        return f"{100 * truth:.2f} ± {100 * error:.2f}"
    return f"{truth:z.3f} ± {error:.3f}"
