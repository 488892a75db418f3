"""Console view of an ongoing trial of several arms."""

from typing import Any

from rich.console import Console
from rich.table import Table

from pretese.trial.monitoring.monitoring_view import (
    effect_on_scale,
    numbers_table,
    shown_p,
    shown_z,
)

_ENDS = {
    "efficacy": "the null hypothesis is rejected",
    "futility": "dropped for futility",
    "harm boundary": "dropped at the harm boundary",
    "selection": "dropped, not selected",
    "closed": "closed, with no more participants",
    "end": "the null hypothesis is not rejected",
    "first success": "ended with the trial",
}


def show_arms_monitoring(console: Console, document: dict[str, Any]) -> None:
    """Print an ongoing trial as `arms_answer.arms_document` returns it."""
    plan = document["plan"]
    side = "one-sided" if plan["sides"] == 1 else "two-sided"
    analyses = len(plan["analyses"])
    console.print(f"{document['title']} ({document['id']})", style="bold", markup=False)
    for words in (
        f"{', '.join(plan['treatments'])} against {plan['control']}; {document['procedure']}, "
        f"{plan['efficacy']}",
        f"{side} family-wise alpha {plan['alpha']:g}, {analyses} "
        f"{'analyses' if analyses > 1 else 'analysis'} planned",
        f"Endpoint: {document['endpoint']}, {document['analysis_method']}. Scale: "
        f"{document['scale']}. z is positive in favour of treatment",
    ):
        console.print(words, highlight=False, markup=False)
    console.print(_comparisons(document))
    console.print(_actions(document))
    console.print(_estimates(document))
    if any(row["future_power"] for _, row in _rows(document)):
        console.print(_future(document))
    for words in sentences_of(document):
        console.print(words, style="bold", highlight=False, markup=False)
    if document["next"]:
        console.print(_next(document))
    if document["overrunning"]:
        console.print(_late(document))
    for remark in document["remarks"]:
        console.print(f"· {remark}", highlight=False, markup=False)
    console.print("Research software, not a medical device.", style="dim", highlight=False)


def sentences_of(document: dict[str, Any]) -> list[str]:
    """Return the status of the trial and of every treatment that has ended, in words."""
    state = document["state"]
    found = ["The trial continues."]
    if state["stopped"]:
        final = ", the final one" if state["all_error_spent"] else ""
        found = [f"The trial ended at analysis {state['analysis']}{final}."]
    for each in state["comparisons"]:
        if each["ended"]:
            p = "" if each["p_value"] is None else f" (adjusted p {shown_p(each['p_value'])})"
            found.append(
                f"{each['comparison']}: {_ENDS[each['reason']]}, analysis {each['analysis']}{p}."
            )
    return found


def _rows(document: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return every comparison with its analysis."""
    return [(row, each) for row in document["analyses"] for each in row["comparisons"]]


def _comparisons(document: dict[str, Any]) -> Table:
    combined = document["procedure"] == "combination"
    harm = any(row["harm_boundary"] is not None for row in document["analyses"])
    table = numbers_table(f"Comparisons with {document['plan']['control']}", "analysis")
    table.add_column("treatment", overflow="fold", min_width=9)
    for words in ("n, control\nand treated", "fraction", "z", *(["combined\nz"] * combined),
                  "boundary", *(["harm"] * harm)):  # fmt: skip
        table.add_column(words, justify="right", no_wrap=True)
    for row, each in _rows(document):
        table.add_row(
            str(row["analysis"]), each["comparison"],
            f"{each['control_participants']}, {each['treated_participants']}",
            f"{row['fraction']:.3f}", shown_z(each["z"]),
            *([shown_z(each["statistic"])] * combined), shown_z(each["boundary"]),
            *([shown_z(row["harm_boundary"])] * harm),
        )  # fmt: skip
    return table


def _actions(document: dict[str, Any]) -> Table:
    table = numbers_table("Actions", "analysis")
    table.add_column("treatment", overflow="fold", min_width=9)
    table.add_column("action")
    for row, each in _rows(document):
        table.add_row(str(row["analysis"]), each["comparison"], each["recommendation"])
    return table


def _estimates(document: dict[str, Any]) -> Table:
    title = f"Estimates with repeated {100 * document['level']:g} % confidence intervals"
    table = numbers_table(title, "analysis")
    table.add_column("treatment", overflow="fold", min_width=9)
    for words in ("estimate", "low", "high", "adjusted p"):
        table.add_column(words, justify="right", no_wrap=True)
    for row, each in _rows(document):
        adjusted = each["adjusted"]
        values = (each["estimate"], adjusted["conf_low"], adjusted["conf_high"])
        table.add_row(
            str(row["analysis"]), each["comparison"],
            *(effect_on_scale(document["scale"], value) for value in values),
            shown_p(adjusted["p_value"]),
        )  # fmt: skip
    return table


def _future(document: dict[str, Any]) -> Table:
    rows = [(row, each) for row, each in _rows(document) if each["future_power"]]
    table = numbers_table("Conditional and predictive power, % (MCSE where simulated)", "analysis")
    table.add_column("treatment", overflow="fold", min_width=9)
    shares = [each["effect_percent"] for each in rows[0][1]["future_power"]["planned"]]
    heads = ["planned\neffect" if share == 100 else f"{share:g} %\nof it" for share in shares]
    for words in (*heads, "observed\neffect", "no\neffect", "predictive,\nflat prior"):
        table.add_column(words, justify="right")
    for row, each in rows:
        future = each["future_power"]
        powers = [*future["planned"], *(future[n] for n in ("observed", "no_effect",
                                                             "predictive_flat"))]  # fmt: skip
        table.add_row(str(row["analysis"]), each["comparison"], *map(_percent, powers))
    return table


def _percent(power: dict[str, Any]) -> str:
    error = "" if power["mcse"] is None else f" ({100 * power['mcse']:.1f})"
    return f"{100 * power['power']:.1f}{error}"


def _next(document: dict[str, Any]) -> Table:
    coming = document["next"]
    final = "final analysis" if coming["last"] else "analysis"
    title = f"Next: {final} {coming['analysis']}, fraction {coming['fraction']:.3f}, as planned"
    table = Table(title=title, **_like(numbers_table("")))
    table.add_column("arm", overflow="fold", min_width=9)
    for words in ("new", "total", "boundary", "after all\nothers", "harm"):
        table.add_column(words, justify="right", no_wrap=True)
    bounds = {each["comparison"]: each for each in coming["boundaries"]}
    for each in coming["participants"]:
        own = bounds.get(each["arm"])
        cells = ["-", "-", "-"]
        if own is not None:
            cells = [shown_z(own["boundary"]), shown_z(own["boundary_after_others"]),
                     shown_z(coming["harm_boundary"])]  # fmt: skip
        table.add_row(each["arm"], str(each["new"]), str(each["total"]), *cells)
    return table


def _like(table: Table) -> dict[str, Any]:
    """Return the style of a table."""
    return {
        "box": table.box, "title_justify": table.title_justify, "collapse_padding": True,
        "pad_edge": False,
    }  # fmt: skip


def _late(document: dict[str, Any]) -> Table:
    table = Table(title="Data that arrived after a treatment had ended", **_like(numbers_table("")))
    table.add_column("treatment", overflow="fold", min_width=9)
    for words in ("new", "total n", "estimate", "z"):
        table.add_column(words, justify="right", no_wrap=True)
    for each in document["overrunning"]["comparisons"]:
        table.add_row(
            each["comparison"], str(each["new"]), str(each["treated_participants"]),
            effect_on_scale(document["scale"], each["estimate"]), shown_z(each["z"]),
        )  # fmt: skip
    return table
