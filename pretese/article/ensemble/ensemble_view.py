"""An ensemble on the console: its size, its test, and what moves the effect of therapy most."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pretese.screen.console import console_text
from simulate.scenario.ensemble import EnsembleFile, OpenNumber

#: Open numbers on the console; the table of all stands in the documentation.
SHOWN = 12


def open_number_rows(file: EnsembleFile) -> list[dict[str, Any]]:
    """Return one row per open number, the most influential first."""
    rows = [_row(each) for each in file.open_numbers]
    return sorted(rows, key=lambda row: -float(row["span"]))


def _row(each: OpenNumber) -> dict[str, Any]:
    ends = [100 * (treated - untreated) for untreated, treated in (each.risks_low, each.risks_high)]
    return {
        "number": " with ".join(each.paths),
        "low": each.low[0],
        "high": each.high[0],
        "difference_low": round(ends[0], 4),
        "difference_high": round(ends[1], 4),
        "span": round(abs(ends[1] - ends[0]), 4),
        "largest_misfit": max(each.misfit_low, each.misfit_high),
    }


def ensemble_page(file: EnsembleFile) -> str:
    """Return the page that ``pretese calibrate --worlds`` prints."""

    def show(console: Console) -> None:
        console.print(
            f"{file.scenario}: {len(file.worlds)} parameter sets, each of which meets every target "
            f"({file.proposed} proposed)."
        )
        console.print(
            f"Tested in {file.studies:,} simulated studies each: no published value is rarer than "
            f"{100 * file.smallest_tail:.2g} % on its side."
        )
        console.print(influence_table(file))

    return console_text(show)


def influence_table(file: EnsembleFile) -> Table:
    """Return the open numbers that move the true difference in any sperm most."""
    untreated, treated = file.risks
    table = Table(
        title=f"True difference in any sperm: {100 * (treated - untreated):.1f} percentage points. "
        "Influence of each undetermined number:",
        title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    table.add_column("number", overflow="fold")
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("difference", justify="right", no_wrap=True)
    for row in open_number_rows(file)[:SHOWN]:
        table.add_row(
            str(row["number"]), f"{row['low']:.3g} to {row['high']:.3g}",
            f"{row['difference_low']:.1f} to {row['difference_high']:.1f}",
        )  # fmt: skip
    return table
