"""Console view and figure of an ongoing Bayesian trial."""

from typing import Any

from matplotlib.figure import Figure
from rich.console import Console

from pretese.plots.style import MUTED, PUBLISHED, SIMULATED, TRUTH, house_style, new_figure
from pretese.trial.bayesian.results import rows
from pretese.trial.monitoring.interim_data import ACCESS
from pretese.trial.views.measure_words import narrow_table

_HEADS = (
    "no.", "treated", "control", "P(effect)\n%", "P(harm)\n%", "P(success\nat end) %",
    "difference,\npoints", "decision",
)  # fmt: skip


def show_bayesian_monitoring(console: Console, document: dict[str, Any]) -> None:
    """Print posterior and predictive probabilities, and the decision of each analysis."""
    console.print(f"{document['title']} ({document['id']})", style="bold", highlight=False)
    for words in (*rows.prior_words(document), *rows.rule_words(document)):
        console.print(words, highlight=False)
    table = narrow_table()
    for head in _HEADS:
        table.add_column(head, justify="left" if head == "decision" else "right")
    for row in document["analyses"]:
        table.add_row(*_cells(row))
    console.print(table)
    last = document["analyses"][-1]
    words = last["decision"] if document["stopped"] else "continue"
    console.print(f"Decision at analysis {last['analysis']}: {words}.", style="bold",
                  highlight=False)  # fmt: skip
    if document["rows_after_stop"]:
        console.print(f"{document['rows_after_stop']} later rows are not judged.", highlight=False)
    console.print(f"· {ACCESS}", highlight=False)
    console.print(
        "P(effect): the effect exceeds the limit of success. P(success at end): predictive, at the "
        "planned final analysis. Difference: median and 95 % posterior interval. Research "
        "software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def _cells(row: dict[str, Any]) -> list[str]:
    points = [100 * row[f"{name}difference{end}"] for name, end in
              (("median_", ""), ("", "_low"), ("", "_high"))]  # fmt: skip
    return [
        str(row["analysis"]),
        f"{row['treated_events']}/{row['treated_participants']}",
        f"{row['control_events']}/{row['control_participants']}",
        _percent(row["probability_of_effect"]),
        _percent(row["probability_of_harm"]),
        "-" if row["final"] else _percent(row["predictive_success"]),
        f"{points[0]:z.1f}\n{points[1]:z.1f} to {points[2]:z.1f}",
        row["decision"],
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f}"


def draw_bayesian_monitoring(document: dict[str, Any]) -> Figure:
    """Draw the probabilities at each analysis, with those that success needs."""
    found = document["analyses"]
    at = [row["treated_participants"] + row["control_participants"] for row in found]
    with house_style():
        figure = new_figure(6.4, 3.4)
        axes = figure.subplots()
        needed = document["rules"]["success"]["probability"]
        axes.step(document["planned_participants"], [100 * each for each in needed], where="mid",
                  color=MUTED, linestyle="--", linewidth=1, label="needed for success")  # fmt: skip
        for name, words, colour in (
            ("probability_of_effect", "effect exceeds the limit", TRUTH),
            ("predictive_success", "success at the final analysis", SIMULATED),
            ("probability_of_harm", "harm", PUBLISHED),
        ):
            pairs = [
                (x, 100 * row[name]) for x, row in zip(at, found, strict=True)
                if row[name] is not None and not (row["final"] and name == "predictive_success")
            ]  # fmt: skip
            if pairs:
                axes.plot(*zip(*pairs, strict=True), "o-", color=colour, label=words)
        axes.set(xlabel="participants", ylabel="probability, %", ylim=(-2, 103))
        axes.set_xlim(0, 1.05 * max(*at, *document["planned_participants"]))
        axes.set_title(document["id"])
        axes.grid(axis="y")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8)
    return figure
