"""A running trial on a screen: its looks, what they say by themselves, ahead, and at the end."""

from math import exp
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

#: How a trial has stopped before its last look, and how it has ended at it.
_STOPPED = {
    "efficacy": "the trial stopped for efficacy: the null hypothesis is rejected",
    "harm": "the trial stopped: the null hypothesis is rejected in favour of control",
    "futility": "the trial stopped for futility: the null hypothesis is not rejected",
}
_ENDED = {
    "efficacy": "the null hypothesis is rejected",
    "harm": "the null hypothesis is rejected in favour of control",
    "end": "the null hypothesis is not rejected",
}


def show_monitoring(console: Console, document: dict[str, Any]) -> None:
    """Print a running trial as `monitoring_answer.monitoring_document` returns it."""
    plan = document["plan"]
    side = "one-sided" if plan["sides"] == 1 else "two-sided"
    console.print(f"{document['title']} ({document['id']})", style="bold", markup=False)
    looks = len(plan["looks"])
    for words in (
        f"{plan['name']}; {side} alpha {plan['alpha']:g}, {looks} look{'s' * (looks > 1)} planned",
        f"Estimand: {document['estimand']}",
        f"Effects on the scale {document['scale']}; z: {document['statistic']}, above 0 in favour "
        "of treatment",
    ):
        console.print(words, highlight=False, markup=False)
    console.print(_bounds(document))
    console.print(_effects(document))
    if any(row["ahead"] for row in document["looks"]):
        console.print(_ahead(document))
    console.print(state_of(document), style="bold", highlight=False)
    if document["resized"]:
        new = document["resized"]
        words = f"Look {new['at_look']} re-estimated: {new['men'][-1]} men to randomise in all"
        console.print(f"{words}, {new['planned'][-1]} were planned.", highlight=False)
    if document["final"]:
        console.print(_final(document))
    for remark in document["remarks"]:
        console.print(f"· {remark}", highlight=False, markup=False)
    console.print("Research software, not a medical device.", style="dim", highlight=False)


def state_of(document: dict[str, Any]) -> str:
    """Return one sentence: where the trial stands, and what the next look asks."""
    state, coming = document["state"], document["next"]
    if state["stopped"]:
        if state["all_error_spent"]:
            return f"At look {state['look']}, the last, {_ENDED[state['why']]}."
        return f"At look {state['look']} {_STOPPED[state['why']]}."
    amount = (
        f"{coming['men']:.0f} men"
        if "men" in coming
        else f"information {coming['information']:.6g}"
    )
    bound = f"{'the last ' if coming['last'] else ''}bound {_z(coming['upper']).strip()}"
    return f"The trial goes on. Should look {coming['look']} come at {amount}: {bound}."


def _table(title: str, *heads: str) -> Table:
    """Return an empty table whose numbers stay on one line where eighty columns hold them."""
    table = Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", collapse_padding=True,
        pad_edge=False,
    )  # fmt: skip
    for words in heads:
        table.add_column(words, justify="right", no_wrap=words != "by plan")
    return table


def _bounds(document: dict[str, Any]) -> Table:
    futile = document["plan"]["sides"] == 1 and any(
        row["bounds"]["lower"] is not None
        for row in document["looks"]
        if row["bounds"]["lower"] != row["bounds"]["upper"]
    )
    table = _table("Looks", "look", "men", "share", "planned\nshare", "planned\nbound", "bound")
    if futile:
        table.add_column("futility", justify="right")
    table.add_column("z", justify="right")
    table.add_column("by plan", overflow="fold")
    for row in document["looks"]:
        planned = row["planned_bounds"] or {"upper": None}
        share = row["planned_fraction"]
        cells = [
            str(row["look"]),
            "-" if row["men"] is None else str(row["men"]),
            f"{row['fraction']:.3f}",
            "-" if share is None else f"{share:.3f}",
            _z(planned["upper"]),
            _z(row["bounds"]["upper"]),
        ]
        lower = row["bounds"]["lower"]
        if futile:
            cells.append("-" if lower == row["bounds"]["upper"] else _z(lower))
        table.add_row(*cells, _z(row["z"]), row["says"])
    return table


def _effects(document: dict[str, Any]) -> Table:
    percent = f"{100 * document['level']:g} %"
    title = f"Effects, with repeated {percent} intervals"
    table = _table(title, "look", "estimate", "low", "high", "repeated p", "alpha spent")
    for row in document["looks"]:
        repeated = row["repeated"]
        limits = (_effect(document, repeated[name]) for name in ("conf_low", "conf_high"))
        table.add_row(
            str(row["look"]), _effect(document, row["estimate"]), *limits,
            _p(repeated["p_value"]), f"{row['alpha_spent']:.5f}",
        )  # fmt: skip
    return table


def _ahead(document: dict[str, Any]) -> Table:
    rows = [(row["look"], row["ahead"]) for row in document["looks"] if row["ahead"]]
    table = _table("Chance of rejecting in favour of treatment at a later look, if", "look")
    effects = [each["effect_percent"] for each in rows[0][1]["planned"]]
    names = {"observed": "as observed", "no_effect": "no effect"}
    averages = {"predictive_flat": "flat prior", "predictive_prior": "prior"}
    names |= {k: v for k, v in averages.items() if any(row[k] is not None for _, row in rows)}
    heads = ["as planned" if e == 100 else f"{e:g} % of it" for e in effects]
    for words in (*heads, *names.values()):
        table.add_column(words, justify="right")
    for look, ahead in rows:
        chances = [each["power"] for each in ahead["planned"]]
        chances += [ahead[name] for name in names]
        table.add_row(str(look), *("-" if p is None else f"{100 * p:.1f} %" for p in chances))
    return table


def _final(document: dict[str, Any]) -> Table:
    final, late = document["final"], document["over_run"]
    percent = f"{100 * document['level']:g} %"
    side = "one-sided" if document["plan"]["sides"] == 1 else "two-sided"
    table = _table("At the end")
    table.add_column("", overflow="fold")
    for words in ("estimate", f"{percent} low", "high", f"{side} p"):
        table.add_column(words, justify="right", no_wrap=True)

    def add(words: str, value: float | None, row: dict[str, Any]) -> None:
        numbers = (_effect(document, x) for x in (value, row["conf_low"], row["conf_high"]))
        table.add_row(words, *numbers, _p(row["p_value"]))

    add("by design, median-unbiased", final["median_unbiased"], final)
    add("naive", final["naive"]["estimate"], final["naive"])
    if late and late["final"]:
        add("with the over-run, by design", late["final"]["median_unbiased"], late["final"])
        add("with the over-run, naive", late["final"]["naive"]["estimate"], late["final"]["naive"])
    return table


def _effect(document: dict[str, Any], value: float | None) -> str:
    """Return an effect; a log odds ratio with the odds ratio in brackets."""
    if value is None:
        return "-"
    if document["scale"] == "risk difference":
        return f"{value:z.4f}"
    return f"{value:z.3f} ({exp(value):.2f})"


def _z(value: float | None) -> str:
    return "-" if value is None else f"{value:z.4f}"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
