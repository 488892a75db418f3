"""Console view of a power study: performance, analyses, sensitivity, decision."""

from typing import Any

from rich.console import Console
from rich.table import Table

from pretese.screen.transported_note import show_transported
from pretese.trial.design.enumeration import UNADJUSTED
from pretese.trial.power.decision_verdict import decision_words, draft_words
from pretese.trial.views.curve_view import show_curve
from pretese.trial.views.endpoint_tables import endpoints_table, family_table
from pretese.trial.views.measure_words import cell, narrow_table, number
from pretese.trial.views.performance_tables import (
    analyses_table,
    decisions_table,
    performance_table,
    sizes_table,
)
from pretese.trial.views.sensitivity_tables import UNMOVED, grid_table, tornado_table, worst_case
from pretese.trial.views.subgroup_tables import (
    subgroup_claims_table,
    subgroup_effects_table,
    subgroup_interactions_table,
)
from pretese.trial.views.verdict_table import decision_table
from simulate.labels import label_of
from simulate.scenario.transported import Transported


def show_power(console: Console, document: dict[str, Any]) -> None:
    """Print the designs of a study, then their comparison."""
    for design in document["designs"]:
        _show_design(console, design)
    if document["paired"]:
        console.print(_paired(document["paired"]))
    _show_transported(console, document["designs"])
    console.print(
        "Estimates with their Monte Carlo standard error (MCSE) in brackets. Simulated "
        "participants; research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def _show_transported(console: Console, designs: list[dict[str, Any]]) -> None:
    """Print once for each scenario of the designs how many numbers are transported."""
    found = [Transported.model_validate(each["transported"]) for each in designs
             if each["transported"]]  # fmt: skip
    for each in {each.note: each for each in found}.values():
        show_transported(each, "--json and the report list them.", console)


def _show_design(console: Console, design: dict[str, Any]) -> None:
    _show_question(console, design)
    for points in _chunks(design["points"], 3):
        margin = bool(design["hypothesis"]["margin_percent"])
        console.print(performance_table(points, points[0]["scale"], margin=margin))
    if design["interpolation"]:
        show_curve(console, design["interpolation"])
    _show_course(console, design["points"])
    _show_method(console, design)
    for row in design["assurance"]:
        words = f"Assurance over the prior with {row['participants']} participants"
        size = number(row["expected_participants"])
        console.print(
            f"{words}: {number(row, share=True)}; expected participants {size}", highlight=False
        )
    if design["sensitivity"]:
        console.print(grid_table(design["sensitivity"]))
        console.print(worst_case(design["sensitivity"]), highlight=False)
    if design["tornado"]:
        console.print(tornado_table(design["tornado"]) if design["tornado"]["bars"] else UNMOVED)
    if design["decision"]:
        console.print(decision_table(design["decision"]))
        console.print(decision_words(design["decision"]), style="bold", highlight=False)


def _show_question(console: Console, design: dict[str, Any]) -> None:
    """Print question and estimands, and what a reader must know before the numbers."""
    console.print(f"{design['title']} ({design['id']})", style="bold", highlight=False)
    console.print(f"{design['question']}", style="dim", highlight=False)
    console.print(f"Estimand: {design['estimand']}", highlight=False)
    if design["hypothesis"]["margin_percent"]:
        console.print(f"Hypothesis: {design['hypothesis']['words']}", highlight=False)
        console.print(COUNTED_FROM, style="dim", highlight=False)
    for row in design["points"][-1]["endpoints"][1:]:
        console.print(f"Estimand of {label_of(row['name'])}: {row['estimand']}", highlight=False)
    draft = draft_words(design)
    if draft:
        console.print(draft, style="bold", highlight=False)
    if design["favours_control"]:
        console.print(AGAINST, style="bold", highlight=False)
    if design["sample_size_search"]:
        console.print(solved_words(design["sample_size_search"]), style="bold", highlight=False)


def _show_course(console: Console, points: list[dict[str, Any]]) -> None:
    """Print analyses, re-estimated sizes and several endpoints, where there are any."""
    last = points[-1]
    if len(last["analyses"]) > 1:
        console.print(analyses_table(last))
    if last["analyses"][0]["awaited"]:
        console.print(decisions_table(last))
    if last["reestimation"]:
        console.print(sizes_table(points))
    if last["subgroups"]:
        console.print(subgroup_effects_table(last))
        console.print(subgroup_interactions_table(last))
    if last["subgroup_claims"]:
        console.print(subgroup_claims_table(points))
    if last["family"]:
        for table in (endpoints_table(last), family_table(points)):
            console.print(table)


def _show_method(console: Console, design: dict[str, Any]) -> None:
    """Print how the numbers were computed."""
    last = design["points"][-1]
    if design["simulation"]["level"] == "binomial":
        words = "Binomial counts were simulated: participants of an arm share one event rate."
        console.print(words, style="dim", highlight=False)
    if last["exact_unavailable"]:
        console.print(f"No exact power: {last['exact_unavailable']}.", style="dim", highlight=False)
    if control := control_words(last["control_variate"]):
        console.print(control, style="dim", highlight=False)


def control_words(control: dict[str, Any]) -> str | None:
    """Return the gain of the control variate, or the reason for none; None for unadjusted designs.

    >>> control_words({"variance_ratio": {"power": 2.04, "rejection": 1.7}, "unavailable": None})
    'Control variate: the unadjusted test, enumerated. It divides the variance of power by 2.0.'
    """
    ratio, reason = control["variance_ratio"].get("power"), control["unavailable"]
    if ratio is not None:
        words = "Control variate: the unadjusted test, enumerated. It divides the variance of power"
        return f"{words} by {ratio:.1f}."
    return None if reason == UNADJUSTED else f"No control variate: {reason}."


def solved_words(solved: dict[str, Any]) -> str:
    """Return the required sample size as a sentence."""
    words = f"Required sample size: {solved['participants']} participants in total"
    if solved["exact"]:
        more = solved["stays_from"]
        later = "" if more == solved["participants"] else f"; sufficient at every size from {more}"
        return f"{words} (exact: the first size with the power{later})."
    return f"{words} (95 % interval for Monte Carlo error {solved['low']} to {solved['high']})."


#: Meaning of an effect of 0 % if there is a margin.
COUNTED_FROM = (
    "Effects are measured from the null hypothesis: 0 % is its limit, 100 % the planned risks."
)

#: Remark on a planned effect that favours control.
AGAINST = (
    "The planned effect favours control. Power counts rejections in favour of treatment; see the "
    "row on rejections in favour of control."
)


def _paired(rows: list[dict[str, Any]]) -> Table:
    table = narrow_table("Designs on the same participants")
    table.add_column("comparison", overflow="fold")
    for words in ("participants", "effect", "difference in\npower, %"):
        table.add_column(words, justify="right")
    for row in rows:
        table.add_row(
            f"{row['design']} minus {row['against']}", str(row["participants"]),
            f"{row['effect_percent']:g} %", cell(row["power_difference"], share=True),
        )  # fmt: skip
    return table


def _chunks(points: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [points[i : i + size] for i in range(0, len(points), size)]
