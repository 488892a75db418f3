"""The reproduction in the terminal: headline numbers, the questions, and what was written."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pretese.reproduce.compare import Row
from pretese.reproduce.report import summary
from pretese.reproduce.truth import CONTRASTS

Floats = NDArray[np.float64]

#: The numbers most readers look for, in the order of the article.
HEADLINES = (
    "flow.treated",
    "ejaculate.percent",
    "ejaculate.diagnosis.azfc.count",
    "flow.micro_tese",
    "table1.age_years.untreated.median",
    "table1.age_years.treated.median",
    "table1.fsh_iu_l.treated.median",
    "table1.retrieved.untreated.percent",
    "table1.retrieved.treated.percent",
    "table1.retrieved.p_value",
    "propensity.c_statistic",
    "table2.crude.odds_ratio",
    "table2.iptw.odds_ratio",
    "table2.iptw.p_value",
    "table2.matched.odds_ratio",
    "subgroup.duration_over_3.odds_ratio",
    "subgroup.duration_up_to_3.odds_ratio",
    "derived.odds_ratio.any_sperm",
    "delivery.percent",
    "delivery.treated.percent",
    "delivery.untreated.percent",
)

MARK = {"calibrated to": "calibrated", "predicted": "predicted", "not modelled": "not modelled"}


def show(
    console: Console, rows: list[Row], simulated: Mapping[str, Floats], out: Path, replicates: int
) -> None:
    """Print headline numbers, true effects, the verdict and where to look further."""
    console.print(_headlines(rows, replicates))
    console.print(_truth(simulated))
    found = summary(rows)
    console.print(
        f"[bold]{found['agree']} of {found['calibrated']}[/] calibrated numbers agree; "
        f"[bold]{found['inside']} of {found['predicted']}[/] predicted numbers lie within the "
        f"middle 95 % of simulated studies; {found['not_modelled']} are not modelled, each with "
        "its reason.",
        highlight=False,
    )
    console.print(f"Read on: {out / 'report.html'}", highlight=False, soft_wrap=True)
    console.print("Synthetic men; research software, not a medical device.", style="dim")


def _headlines(rows: list[Row], replicates: int) -> Table:
    found = {row.id: row for row in rows}
    table = Table(title=f"Published and simulated ({replicates} studies)", title_justify="left")
    table.add_column("number")
    for heading in ("published", "simulated", "MC SE", "2.5 to 97.5 %", "percentile"):
        table.add_column(heading, justify="right")
    table.add_column("status")
    for name in HEADLINES:
        row = found.get(name)
        if row is None or row.simulated is None:
            continue
        answer = row.simulated
        table.add_row(
            row.label,
            row.published,
            f"{answer.simulated_mean:.3g}",
            f"{answer.monte_carlo_se:.1g}",
            f"{answer.low_2_5:.3g} to {answer.high_97_5:.3g}",
            f"{answer.percentile:.0f}",
            "[red]MISSED[/]" if row.agrees is False else MARK[row.status],
        )
    return table


def _truth(simulated: Mapping[str, Floats]) -> Table:
    table = Table(title="True effects in the same studies", title_justify="left")
    table.add_column("question")
    for heading in ("untreated %", "treated %", "difference", "odds ratio"):
        table.add_column(heading, justify="right")
    for contrast in CONTRASTS:
        parts = ("untreated", "treated", "risk_difference", "odds_ratio")
        means = [np.nanmean(simulated[f"truth.{contrast.key}.{part}"]) for part in parts]
        table.add_row(contrast.words, *(f"{mean:.3g}" for mean in means))
    return table
