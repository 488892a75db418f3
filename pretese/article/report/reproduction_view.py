"""The reproduction on the console: main numbers, true effects, and the files written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pretese.article.report.compare import Row
from pretese.article.report.joint_facts import Prediction, outside
from pretese.article.report.reproduction_page import summary
from pretese.article.simulated.fsh_influence import FshInfluence
from pretese.article.simulated.true_effects import CONTRASTS
from simulate.scenario.transported import Transported

Floats = NDArray[np.float64]

#: Main numbers, in the order of the article, each with a short name.
HEADLINES = {
    "flow.treated": "patients treated",
    "flow.sperm_in_ejaculate": "... sperm in ejaculate",
    "ejaculate.diagnosis.azfc.count": "... of them with AZFc",
    "flow.micro_tese": "patients operated on",
    "table1.age_years.untreated.median": "median age, untreated",
    "table1.age_years.treated.median": "median age, treated",
    "table1.fsh_iu_l.treated.median": "median FSH, treated",
    "table1.retrieved.untreated.count": "retrieved, untreated",
    "table1.retrieved.treated.count": "retrieved, treated",
    "delivery.percent": "births per couple (%)",
    "table1.retrieved.p_value": "P, retrieval by arm",
    "table2.unadjusted.odds_ratio": "OR, unadjusted",
    "table2.iptw.odds_ratio": "OR, weighted (IPTW)",
    "table2.iptw.p_value": "P, weighted",
    "table2.matched.odds_ratio": "OR, matched",
    "subgroup.duration_over_3.odds_ratio": "OR, infertile > 3 y",
    "subgroup.duration_up_to_3.odds_ratio": "OR, infertile to 3 y",
    "propensity.c_statistic": "C-statistic",
    "derived.c_statistic.listed_covariates": "... all covariates",
    "derived.odds_ratio.any_sperm": "OR, any sperm, all",
    "delivery.treated.percent": "births (%), treated",
    "delivery.untreated.percent": "births (%), untreated",
}


class OverSets(Protocol):
    """Fields of a comparison over parameter sets that the view uses."""

    @property
    def rows(self) -> list[Row]:
        """Published numbers compared with the studies of all sets."""
        ...

    @property
    def worlds(self) -> int:
        """Number of parameter sets."""
        ...

    def band(self, name: str) -> tuple[float, float]:
        """Return the middle 95 % of a number over the sets."""
        ...


class Reproduced(Protocol):
    """Interface of a reproduction as used by the view."""

    @property
    def rows(self) -> list[Row]:
        """Published and simulated numbers."""
        ...

    @property
    def simulated(self) -> Mapping[str, Floats]:
        """Every statistic and true effect by id."""
        ...

    @property
    def influences(self) -> list[FshInfluence]:
        """Transported numbers, the most influential first."""
        ...

    @property
    def transported(self) -> Transported:
        """The same with the patients and therapy to which they are transported."""
        ...

    @property
    def joint(self) -> list[Prediction]:
        """Joint facts of other sources compared with the simulated studies."""
        ...

    @property
    def ensemble(self) -> "OverSets | None":
        """The comparison over parameter sets, if there is one."""
        ...

    @property
    def replicates(self) -> int:
        """Number of simulated studies."""
        ...


def show_reproduction(console: Console, run: Reproduced, out: Path) -> None:
    """Print main numbers, true effects, the verdict and the path of the report."""
    rows = run.rows
    console.print(_headlines(rows, run.replicates))
    console.print(_truth(run.simulated))
    found = summary(rows)
    console.print(
        Text.assemble(
            (f"{found['agree']} of {found['calibrated']}", "bold"), " calibration targets met; ",
            (f"{found['inside']} of {found['predicted']}", "bold"), " predicted numbers between "
            "the 2.5th and 97.5th percentile of simulated studies; "
            f"{found['not_modelled']} published numbers not modelled, each with a reason.",
        )
    )  # fmt: skip
    console.print(
        "MCSE: Monte Carlo standard error of the mean; 95 % range: 2.5th to 97.5th percentile of "
        "the simulated studies; rank: percentile of the published value among them.",
        style="dim",
    )
    _show_joint(console, run.joint)
    if run.ensemble is not None:
        _show_ensemble(console, run.ensemble, found)
    for each in run.influences[:1]:
        if each.normal_percent is None:
            continue
        low, value, high = each.normal_percent
        name = each.number.number.rsplit(".", 1)[-1].replace("_", " ")
        console.print(
            f"FSH in the normal range after month 1: {value:.0f} % of treated patients; {low:.0f} "
            f"to {high:.0f} % if the {name}, which is known "
            f"from other patients, is {each.number.low:g} to {each.number.high:g}.",
            highlight=False,
        )  # fmt: skip
    if run.transported.numbers:
        note = f"{run.transported.note} transported_numbers.csv lists them."
        console.print(note, style="dim", highlight=False)
    console.print(f"Report: {out / 'report.html'}", highlight=False, soft_wrap=True)
    console.print("Synthetic patients; research software, not a medical device.", style="dim")


def _show_joint(console: Console, found: list[Prediction]) -> None:
    """Count the joint facts that are met, and name the others."""
    values = [each for each in found if each.percentile is not None]
    missed = outside(values)
    met = f"{len(values) - len(missed)} of {len(values)}"
    end = "; outside:" if missed else "."
    console.print(
        f"Joint facts published elsewhere: {met} in the 95 % range of simulated studies{end}",
        highlight=False,
    )
    for each in missed:
        mean, rank = each.simulated.simulated_mean, each.simulated.percentile
        console.print(
            f"  {each.fact.label}: {each.published}, simulated {short(mean)}, rank {rank:.0f}",
            highlight=False,
        )


def _show_ensemble(console: Console, over: OverSets, before: Mapping[str, int]) -> None:
    """Print true effects with their bands, and the coverage of predicted numbers."""
    table = _table(f"Bands over {over.worlds} parameter sets that all meet the targets")
    table.add_column("")
    for heading in ("untreated", "treated", "difference", "odds ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for contrast in CONTRASTS:
        parts = ("untreated", "treated", "risk_difference", "odds_ratio")
        bands = [over.band(f"truth.{contrast.key}.{part}") for part in parts]
        table.add_row(contrast.words, *(f"{low:.3g} to {high:.3g}" for low, high in bands))
    console.print(table)
    after = summary(over.rows)
    console.print(
        f"Predicted numbers between the 2.5th and 97.5th percentile: {before['inside']} of "
        f"{before['predicted']} at the calibrated point, {after['inside']} over all sets."
    )


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )


def _headlines(rows: list[Row], replicates: int) -> Table:
    """Return the table of main numbers: calibrated ones first, predicted ones below a line."""
    found = {row.id: row for row in rows}
    title = f"Published and simulated ({replicates} studies)"
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("", min_width=24)  # a missed target is marked below its name
    for heading in ("published", "simulated", "MCSE", "95 % range", "rank"):
        table.add_column(heading, justify="right", no_wrap=True, min_width=len(heading))
    for status in ("calibrated to", "predicted"):
        chosen = [found[name] for name in HEADLINES if found[name].status == status]
        table.add_row(Text(status, style="bold"))
        for row in chosen:
            table.add_row(*_cells(row))
        table.add_section()
    return table


def _cells(row: Row) -> list[str | Text]:
    answer = row.simulated
    if answer is None:
        return [HEADLINES[row.id], row.published]
    missed = (" MISSED", "red") if row.agrees is False else ""
    return [
        Text.assemble(f"  {HEADLINES[row.id]}", missed),
        row.published,
        short(answer.simulated_mean),
        f"{answer.mcse:.1g}",
        f"{short(answer.low_2_5)} to {short(answer.high_97_5)}",
        f"{answer.percentile:.0f}",
    ]


def short(number: float) -> str:
    """Return three digits at most, and no powers of ten.

    >>> [short(x) for x in (395.2, 31.25, 1.8717, 0.0386, 0.0000004)]
    ['395', '31.2', '1.87', '0.039', '<0.001']
    """
    size = abs(number)
    if size < 0.001:
        return "<0.001" if number else "0"
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3
    return f"{number:.{decimals}f}"


def _truth(simulated: Mapping[str, Floats]) -> Table:
    title = "True effects in the same studies (risks in %)"
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("")
    for heading in ("untreated", "treated", "difference", "odds ratio"):
        table.add_column(heading, justify="right")
    for contrast in CONTRASTS:
        parts = ("untreated", "treated", "risk_difference", "odds_ratio")
        means = [np.nanmean(simulated[f"truth.{contrast.key}.{part}"]) for part in parts]
        table.add_row(contrast.words, *(f"{mean:.3g}" for mean in means))
    return table
