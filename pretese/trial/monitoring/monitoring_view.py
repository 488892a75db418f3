"""Console view of an ongoing trial: analyses, conditional power, final inference."""

from math import exp
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

#: Sentences for trials that stopped early, and for trials that ended at the final analysis.
_STOPPED = {
    "efficacy": "the trial stopped for efficacy: the null hypothesis is rejected",
    "harm": "the trial stopped: the null hypothesis is rejected in favour of control",
    "futility": "the trial stopped for futility: the null hypothesis is not rejected",
    "harm boundary": "the trial stopped at the harm boundary: the data favour control",
}
_ENDED = {
    "efficacy": "the null hypothesis is rejected",
    "harm": "the null hypothesis is rejected in favour of control",
    "end": "the null hypothesis is not rejected",
}


def show_monitoring(console: Console, document: dict[str, Any]) -> None:
    """Print an ongoing trial as `monitoring_answer.monitoring_document` returns it."""
    plan = document["plan"]
    side = "one-sided" if plan["sides"] == 1 else "two-sided"
    console.print(f"{document['title']} ({document['id']})", style="bold", markup=False)
    analyses = len(plan["analyses"])
    for words in (
        f"{plan['name']}; {side} alpha {plan['alpha']:g}, {analyses} "
        f"{'analyses' if analyses > 1 else 'analysis'} planned",
        f"Estimand: {document['estimand']}",
        f"Hypothesis: {document['hypothesis']}",
        f"Scale: {document['scale']}. z: {document['statistic']}, positive in favour of treatment",
    ):
        console.print(words, highlight=False, markup=False)
    for table in _boundaries(document):
        console.print(table)
    console.print(_effects(document))
    if any(row["future_power"] for row in document["analyses"]):
        console.print(_future(document))
    console.print(state_of(document), style="bold", highlight=False)
    if document["resized"]:
        new = document["resized"]
        words = (
            f"Re-estimated at analysis {new['at_analysis']}: {new['participants'][-1]} "
            f"participants to randomise, {new['planned'][-1]} planned."
        )
        console.print(words, highlight=False)
    if document["final"]:
        console.print(_final(document))
    if decided := decision_sentence(document):
        console.print(decided, style="bold", highlight=False)
    for remark in document["remarks"]:
        console.print(f"· {remark}", highlight=False, markup=False)
    console.print("Research software, not a medical device.", style="dim", highlight=False)


def state_of(document: dict[str, Any]) -> str:
    """Return one sentence on the status of the trial and the next analysis."""
    state, coming = document["state"], document["next"]
    if state["stopped"]:
        if state["all_error_spent"]:
            return f"At analysis {state['analysis']}, the final one, {_ENDED[state['reason']]}."
        return f"At analysis {state['analysis']} {_STOPPED[state['reason']]}."
    amount = (
        f"{coming['participants']:.0f} participants"
        if "participants" in coming
        else f"information {coming['information']:.6g}"
    )
    name = f"{'final ' if coming['last'] else ''}analysis {coming['analysis']}"
    boundary = shown_z(coming["upper"]).strip()
    return f"The trial continues. Boundary of {name}, if it takes place at {amount}: {boundary}."


def numbers_table(title: str, *heads: str) -> Table:
    """Return an empty table whose numbers are not broken within eighty columns."""
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", collapse_padding=True,
        pad_edge=False,
    )  # fmt: skip
    for words in heads:
        table.add_column(words, justify="right", no_wrap=True)
    return table


def _boundaries(document: dict[str, Any]) -> list[Table]:
    futile = document["plan"]["sides"] == 1 and any(
        row["boundaries"]["lower"] is not None
        for row in document["analyses"]
        if row["boundaries"]["lower"] != row["boundaries"]["upper"]
    )
    table = numbers_table(
        "Analyses", "analysis", "n", "information\nfraction", "planned", "planned\nboundary",
        "boundary",
    )  # fmt: skip
    if futile:
        table.add_column("futility", justify="right", no_wrap=True)
    table.add_column("z", justify="right", no_wrap=True)
    if not futile:  # with futility boundaries the actions do not fit into the same table
        table.add_column("action", min_width=12)
    for row in document["analyses"]:
        planned = row["planned_boundaries"] or {"upper": None}
        share = row["planned_fraction"]
        cells = [
            str(row["analysis"]),
            "-" if row["participants"] is None else str(row["participants"]),
            f"{row['fraction']:.3f}",
            "-" if share is None else f"{share:.3f}",
            shown_z(planned["upper"]),
            shown_z(row["boundaries"]["upper"]),
        ]
        lower = row["boundaries"]["lower"]
        if futile:
            cells.append("-" if lower == row["boundaries"]["upper"] else shown_z(lower))
        action = [] if futile else [row["recommendation"]]
        table.add_row(*cells, shown_z(row["z"]), *action)
    return [table, _actions(document)] if futile else [table]


def _actions(document: dict[str, Any]) -> Table:
    table = numbers_table("Actions", "analysis")
    table.add_column("action")
    for row in document["analyses"]:
        table.add_row(str(row["analysis"]), row["recommendation"])
    return table


def _effects(document: dict[str, Any]) -> Table:
    percent = f"{100 * document['level']:g} %"
    title = f"Estimates with repeated {percent} confidence intervals"
    table = numbers_table(title, "analysis", "estimate", "low", "high", "repeated p", "alpha spent")
    for row in document["analyses"]:
        repeated = row["repeated"]
        limits = (
            effect_on_scale(document["scale"], repeated[name]) for name in ("conf_low", "conf_high")
        )
        table.add_row(
            str(row["analysis"]), effect_on_scale(document["scale"], row["estimate"]), *limits,
            shown_p(repeated["p_value"]), f"{row['alpha_spent']:.5f}",
        )  # fmt: skip
    return table


def _future(document: dict[str, Any]) -> Table:
    rows = [
        (row["analysis"], row["future_power"])
        for row in document["analyses"]
        if row["future_power"]
    ]
    table = numbers_table("Conditional and predictive power", "analysis")
    effects = [each["effect_percent"] for each in rows[0][1]["planned"]]
    names = {"observed": "observed\neffect", "no_effect": "no effect"}
    averages = {
        "predictive_flat": "predictive,\nflat prior", "predictive_prior": "predictive,\nprior",
    }  # fmt: skip
    names |= {k: v for k, v in averages.items() if any(row[k] is not None for _, row in rows)}
    heads = ["planned\neffect" if e == 100 else f"{e:g} %\nof it" for e in effects]
    for words in (*heads, *names.values()):
        table.add_column(words, justify="right")
    for analysis, future in rows:
        powers = [each["power"] for each in future["planned"]]
        powers += [future[name] for name in names]
        table.add_row(str(analysis), *("-" if p is None else f"{100 * p:.1f} %" for p in powers))
    return table


def _final(document: dict[str, Any]) -> Table:
    final, late = document["final"], document["overrunning"]
    percent = f"{100 * document['level']:g} %"
    side = "one-sided" if document["plan"]["sides"] == 1 else "two-sided"
    table = numbers_table("Final inference")
    table.add_column("", overflow="fold")
    for words in ("estimate", f"{percent} low", "high", f"{side} p"):
        table.add_column(words, justify="right", no_wrap=True)

    def add(words: str, value: float | None, row: dict[str, Any]) -> None:
        numbers = (
            effect_on_scale(document["scale"], x)
            for x in (value, row["conf_low"], row["conf_high"])
        )
        table.add_row(words, *numbers, shown_p(row["p_value"]))

    add("adjusted, median-unbiased", final["median_unbiased"], final)
    add("naive", final["naive"]["estimate"], final["naive"])
    if late and late["final"]:
        add("with overrunning, adjusted", late["final"]["median_unbiased"], late["final"])
        add("with overrunning, naive", late["final"]["naive"]["estimate"], late["final"]["naive"])
    return table


def decision_sentence(document: dict[str, Any]) -> str | None:
    """Return the result of the decision analysis as a sentence; None without one."""
    found = (document["overrunning"] or {}).get("decision")
    if not found:
        return None
    z = f"Decision analysis: z {document['overrunning']['z']:.4f}"
    if found["critical_z"] is None:
        return f"{z}; nothing is rejected after this stop."
    verdict = "reject" if found["rejects"] else "do not reject"
    return f"{z}, critical value {found['critical_z']:.4f}: {verdict}."


def effect_on_scale(scale: str, value: float | None) -> str:
    """Return an effect; the logarithm of a ratio with the ratio in brackets."""
    if value is None:
        return "-"
    if not scale.startswith("log "):
        return f"{value:z.4f}"
    return f"{value:z.3f} ({exp(value):.2f})"


def shown_z(value: float | None) -> str:
    """Return a statistic or a boundary; a dash for none."""
    return "-" if value is None else f"{value:z.4f}"


def shown_p(value: float | None) -> str:
    """Return a p-value; a dash for none."""
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
