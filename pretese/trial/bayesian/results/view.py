"""Console view of a Bayesian design."""

from typing import Any

from rich.console import Console
from rich.table import Table

from pretese.trial.bayesian.results import rows
from pretese.trial.views.measure_words import narrow_table


def show_bayesian(console: Console, document: dict[str, Any]) -> None:
    """Print a study: priors and rules, then operating characteristics at every size."""
    console.print(f"{document['title']} ({document['id']})", style="bold", highlight=False)
    console.print(document["question"], style="dim", highlight=False)
    for words in rows.prior_words(document):
        console.print(words, highlight=False)
    if document["sample_size_search"]:
        found = rows.required_size_words(document["sample_size_search"])
        console.print(found, style="bold", highlight=False)
    for size in document["sizes"]:
        _show_size(console, size)
    console.print(
        "An effect of 0 % lies at the limit of success: its success is the type I error. Exact by "
        "enumeration of all counts, or simulated with the Monte Carlo standard error (MCSE) in "
        "brackets. Research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def _show_size(console: Console, size: dict[str, Any]) -> None:
    for words in rows.rule_words(size):
        console.print(words, highlight=False)
    head = f"{size['participants']} participants, {size['method']}: probabilities in %"
    console.print(_table(head, rows.outcome_heads(size), rows.outcome_rows(size)))
    if size["analyses"][0]["decisions"]:
        console.print(_table("Decisions", rows.DECISION_HEADS, rows.count_decision_rows(size)))
    averages = rows.average_rows(size)
    if averages:
        console.print(_table("Averaged over the prior", ("", ""), averages, left=1))
    if size["by_control_risk"]:
        title = "If the control risk is another"
        console.print(_table(title, rows.control_risk_heads(size), rows.control_risk_rows(size)))


def _table(title: str, heads: tuple[str, ...], content: list[list[str]], left: int = 0) -> Table:
    table = narrow_table(title)
    table.show_header = any(heads)
    for k, head in enumerate(heads):
        table.add_column(head, justify="left" if k < left else "right")
    for row in content:
        table.add_row(*row)
    return table
