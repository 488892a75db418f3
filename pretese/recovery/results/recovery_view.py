"""Verdicts of a recovery study on the console."""

import io
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from textwrap import wrap

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pretese.recovery.results.verdicts import SHORT, Judgement
from pretese.screen.console import SafeConsole

#: Columns for the name of a method; longer names continue after a hyphen.
METHOD_WIDTH = 20


def show_recovery(
    console: Console, judgements: Sequence[Judgement], replicates: int, results: Path | None = None,
    note: str = "",
) -> None:  # fmt: skip
    """Print every verdict with bias and coverage, a note, and the folder of the results."""
    for (case, plan), group in groupby(judgements, lambda each: (each.case, each.plan)):
        table = Table(title=f"{case}, {plan}", title_justify="left", box=None, pad_edge=False)
        table.add_column("method", no_wrap=True)
        table.add_column("", no_wrap=True)
        for heading in ("truth", "bias/SE", "MCSE", "coverage", "MCSE"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        for each in group:
            table.add_row(*_cells(each))
        console.print(table, highlight=False)
        console.print()
    console.print(
        f"{replicates} replicates per scenario. truth: effect in the population (PATE); bias/SE: "
        "bias in empirical standard errors; coverage of 95 % intervals in percent; MCSE: Monte "
        "Carlo standard error of the figure before it; unbiased: with nominal coverage. In "
        "brackets: no verdict was expected.",
        style="dim",
    )
    if note:
        console.print(note, style="dim", highlight=False)
    if results is not None:
        console.print(f"Estimates, tables and figures: {results}", soft_wrap=True)


def recovery_text(judgements: Sequence[Judgement], replicates: int, note: str = "") -> str:
    """Return what `show_recovery` prints, as plain text of 80 columns."""
    page = io.StringIO()
    console = SafeConsole(file=page, width=80, color_system=None)
    show_recovery(console, judgements, replicates, note=note)
    return page.getvalue()


def _cells(each: Judgement) -> tuple[str | Text, ...]:
    return (
        "\n".join(wrap(each.method, METHOD_WIDTH, break_long_words=False)),
        SHORT[each.scale],
        f"{each.truth:z.3f}",
        f"{each.bias / each.empirical_se:+z.2f}",
        f"{each.bias_mcse / each.empirical_se:.2f}",
        f"{100 * each.coverage:.1f}",
        f"{100 * each.coverage_mcse:.1f}",
        _verdict(each),
    )


def _verdict(each: Judgement) -> str | Text:
    if each.unexpected:
        return Text(f"{each.verdict}, UNEXPECTED", style="red")
    if each.verdict == "undecided":
        return "undecided"
    if each.expected == "none":
        return f"({each.verdict})"
    return f"{each.verdict}, expected" if each.expected == "biased" else each.verdict
