"""Console view of the power of a trial with several arms."""

from typing import Any

from rich.console import Console
from rich.table import Table

from estimate.methods.registry import METHODS
from pretese.screen.transported_note import show_transported
from pretese.trial.multi_arm.results import rows
from pretese.trial.views.measure_words import narrow_table
from pretese.trial.views.sensitivity_tables import UNMOVED, tornado_table, worst_case
from simulate.labels import label_of
from simulate.scenario.transported import Transported


def show_arms(console: Console, document: dict[str, Any]) -> None:
    """Print a study: the plan, then operating characteristics at every sample size."""
    console.print(f"{document['title']} ({document['id']})", style="bold", highlight=False)
    console.print(document["question"], style="dim", highlight=False)
    for words in plan_words(document):
        console.print(words, highlight=False)
    if document["sample_size_search"]:
        found = rows.search_words(document["sample_size_search"], document["power_of"])
        console.print(found, style="bold", highlight=False)
    for size in document["sizes"]:
        _show_size(console, document, size)
    if document["sensitivity"]:
        _show_grid(console, document["sensitivity"])
    if document["tornado"]:
        bars = document["tornado"]["bars"]
        console.print(tornado_table(document["tornado"]) if bars else UNMOVED)
    if document["assurance"]:
        content = rows.assurance_rows(document)
        console.print(_table(rows.assurance_title(document), rows.ASSURANCE_HEADS, content))
    if document["transported"]:
        numbers = Transported.model_validate(document["transported"])
        show_transported(numbers, "--json and the report list them.", console)
    console.print(
        "Estimates with their Monte Carlo standard error (MCSE) in brackets. Simulated "
        "participants; research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def plan_words(document: dict[str, Any]) -> list[str]:
    """Return arms, procedure, boundaries and adaptations as sentences."""
    arms = "; ".join(
        ", ".join(filter(None, (f"{each['arm']} {each['parts']}", each["given"])))
        for each in document["arms"]
    )
    upper = ", ".join(f"{z:.3f}" for z in document["boundaries_all"])
    alone = ", ".join(f"{z:.3f}" for z in document["boundaries_one"])
    hypotheses = ", then ".join(map(label_of, document["hypotheses"]))
    words = [
        f"Arms, with parts of the allocation: {arms}. Control: {document['control']}.",
        f"Hypotheses: {hypotheses}; {document['effect']} "
        f"({METHODS[document['analysis']].short_label}).",
        f"Testing: {document['procedure']}, one-sided family-wise alpha {document['alpha']:g}; z "
        f"at each analysis {upper} with all treatments left, {alone} with one.",
    ]
    if document["adaptations"]:
        words.append(f"Interim analyses: {'; '.join(document['adaptations'])}.")
    return words


def _show_size(console: Console, document: dict[str, Any], size: dict[str, Any]) -> None:
    places = ", ".join(map(str, size["analyses_at"]))
    console.print(_table(
        f"{size['participants']} participants (analyses at {places})",
        rows.CONFIGURATION_HEADS, rows.configuration_rows(size),
    ))  # fmt: skip
    heads = ("treatments that work", "comparison", *map(label_of, document["hypotheses"]))
    console.print(_table("Rejections, %", heads, rows.comparison_rows(size)))
    if len(size["analyses_at"]) > 1:
        heads = ("treatments that work", "comparison", "success", "futility", "harm", "selection")
        console.print(_table("Ended at an interim analysis, %", heads, rows.stop_rows(size)))
    exact = rows.exact_rows(size)
    if exact:
        heads = ("treatments that work", "any", "all", "family-wise\nerror", "each comparison")
        console.print(_table("Exact probabilities, %", heads, exact))
    else:
        console.print(f"No exact power: {size['exact_unavailable']}.", style="dim",
                      highlight=False)  # fmt: skip
    heads = ("comparison", "true risk\ndifference", "mean estimate", "bias")
    console.print(_table("Effects as planned", heads, rows.effect_rows(size)))
    allocation = rows.allocation_rows(size)
    if allocation:
        console.print(_table("Planned allocation", ("predictability and balance", ""), allocation))
    for row in size["configurations"]:
        if row["interaction"]:
            words = f"Interaction significant if {row['configuration']}: "
            console.print(f"{words}{rows.percent_cell(row['interaction'])} %", highlight=False)


def _show_grid(console: Console, grid: dict[str, Any]) -> None:
    axes = (path.rpartition(".")[2].replace("_", "_\n") for path in grid["axes"])
    heads = (*axes, *rows.GRID_HEADS)
    title = f"Sensitivity, {grid['participants']} participants, common random numbers"
    console.print(_table(title, heads, rows.arm_grid_rows(grid)))
    console.print(worst_case(grid), highlight=False)


def _table(title: str, heads: tuple[str, ...], content: list[list[str]]) -> Table:
    table = narrow_table(title)
    for k, head in enumerate(heads):
        words = k == 0 or head == "comparison"
        table.add_column(head, justify="left" if words else "right",
                         overflow="fold", max_width=26 if words else None)  # fmt: skip
    for row in content:
        table.add_row(*row)
    return table
