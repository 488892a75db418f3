"""A power study on a screen: one table of performance and one of looks per design."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from pretese.trial.power.decision_verdict import decision_words
from pretese.trial.power.summary import SHARES, WORDS

#: What a tornado without bars says.
UNMOVED = "No assumption was moved alone: none has a range (--nuisance PATH=LOW,HIGH gives one)."


def show_power(console: Console, document: dict[str, Any]) -> None:
    """Print all designs of a study, then how they compare."""
    for design in document["designs"]:
        _show_design(console, design)
    if document["paired"]:
        console.print(_paired(document["paired"]))
    console.print(
        "(n): Monte Carlo standard error, in units of the last digit shown. "
        "Synthetic men; research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def number(measure: dict[str, Any], share: bool = False) -> str:
    """Return a value with its Monte Carlo error in units of its last digit.

    >>> number({"value": 0.8213, "mcse": 0.0038}, share=True), number({"value": None, "mcse": None})
    ('82.13 (38) %', '-')
    """
    value, mcse = measure["value"], measure["mcse"]
    if value is None:
        return "-"
    scale, unit = (100, " %") if share else (1, "")
    if not mcse:
        return f"{value * scale:.4g}{unit}"
    digits = 0
    while digits < 8 and mcse * scale * 10**digits < 9.5:
        digits += 1
    return f"{value * scale:.{digits}f} ({mcse * scale * 10**digits:.0f}){unit}"


def _show_design(console: Console, design: dict[str, Any]) -> None:
    console.print(f"{design['title']} ({design['id']})", style="bold", highlight=False)
    console.print(f"{design['question']}", style="dim", highlight=False)
    console.print(f"Estimand: {design['estimand']}", highlight=False)
    for row in design["points"][-1]["endpoints"][1:]:
        console.print(f"Estimand of {row['name']}: {row['estimand']}", highlight=False)
    solved = design["solve"]
    if solved:
        console.print(
            f"{solved['men']} men (both arms; 95 % interval for Monte Carlo error "
            f"{solved['low']} to {solved['high']})",
            style="bold",
            highlight=False,
        )
    for points in _chunks(design["points"], 4):
        console.print(_performance(points, "log" if "odds ratio" in design["estimand"] else ""))
    last = design["points"][-1]
    if len(last["looks"]) > 1:
        console.print(_looks(last))
    if last["reestimation"]:
        console.print(_sizes(design["points"]))
    if last["family"]:
        for table in (_endpoints(last), _family(design["points"])):
            console.print(table)
    if design["drawn"]["by"] == "counts":
        words = "Trials were drawn by counts: men of an arm differ in nothing but luck."
        console.print(words, style="dim", highlight=False)
    if last["no_exact"]:
        console.print(f"No exact rail: {last['no_exact']}.", style="dim", highlight=False)
    for row in design["assurance"]:
        words = f"Assurance over the prior, {row['men']} men: {number(row, share=True)}"
        console.print(words, highlight=False)
    if design["nuisance"]:
        console.print(_grid(design["nuisance"]))
        console.print(worst_case(design["nuisance"]), highlight=False)
    if design["tornado"]:
        console.print(_tornado(design["tornado"]) if design["tornado"]["bars"] else UNMOVED)
    if design["decision"]:
        console.print(_decision(design["decision"]))
        console.print(decision_words(design["decision"]), style="bold", highlight=False)


def _performance(points: list[dict[str, Any]], scale: str) -> Table:
    table = _table()
    table.add_column("")
    for point in points:
        effect = "no effect" if point["effect_percent"] == 0 else f"{point['effect_percent']:g} %"
        table.add_column(f"{point['men']} men\n{effect}", justify="right")
    truth = [point["truth"] for point in points]
    table.add_row(
        "risks of all men, by arm",
        *(f"{100 * t['risk_control']:.1f} / {100 * t['risk_treated']:.1f} %" for t in truth),
    )
    words = "true effect (log odds ratio)" if scale else "true effect (risk difference)"
    table.add_row(words, *(number(t["on_scale"]) for t in truth))
    for name, words in WORDS.items():
        if name not in points[0]["measures"]:
            continue
        cells = [number(point["measures"][name], name in SHARES) for point in points]
        table.add_row(words, *cells)
    for words, name, form in (
        ("  exact power", "power", "{:.2%}"),
        ("  z of simulated against exact", "z", "{:.1f}"),
        ("  closed form (approximation)", "closed_form", "{:.2%}"),
    ):
        found = [(point["exact"] or {}).get(name) for point in points]
        if any(value is not None for value in found):
            table.add_row(words, *("-" if v is None else form.format(v) for v in found))
    return table


def _table(title: str | None = None) -> Table:
    """Return an empty table whose numbers stay on one line where eighty columns hold them."""
    return Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", collapse_padding=True,
        pad_edge=False,
    )  # fmt: skip


def _looks(point: dict[str, Any]) -> Table:
    table = _table(f"Looks, {point['men']} men, {point['effect_percent']:g} % of the effect")
    for words in ("look", "men", "rejects", "ends without", "month, median"):
        table.add_column(words, justify="right")
    for row in point["looks"]:
        table.add_row(
            str(row["look"]), str(row["men"]), number(row["rejects"], share=True),
            number(row["stops_without"], share=True), number(row["median_months"]),
        )  # fmt: skip
    return table


def _sizes(points: list[dict[str, Any]]) -> Table:
    rule = points[0]["reestimation"]
    table = _table(f"Size re-estimated at look {rule['at_look']} ({rule['combination']})")
    for words in ("plan", "effect", "done", "raised", "to most", "men, mean", "5/50/95 %"):
        table.add_column(words, justify="right")
    for point in points:
        table.add_row(*size_cells(point))
    return table


def size_cells(point: dict[str, Any]) -> list[str]:
    """Return planned size, effect, how often and how far the size was raised, and its spread."""
    row = point["reestimation"]
    low, middle, high = (row["quantiles"][each] for each in ("5", "50", "95"))
    return [
        str(row["planned"]),
        f"{point['effect_percent']:g} %",
        *(number(row[each], share=True) for each in ("re_estimated", "raised", "at_most")),
        number(row["men"]),
        "-" if middle is None else f"{low:.0f}/{middle:.0f}/{high:.0f}",
    ]


def worst_case(grid: dict[str, Any]) -> str:
    """Return a sentence that names the worst cells of a grid of nuisances."""
    worst, cells = grid["worst"], grid["cells"]
    parts = []
    for name, words in (
        ("power", "power is least"),
        ("type_one_error", "type I error is greatest"),
        ("coverage", "coverage is least"),
    ):
        if name in worst:
            cell = cells[worst[name]]
            at = ", ".join(f"{path} {value:g}" for path, value in cell["at"].items())
            parts.append(f"{words} at {at}: {number(cell[name], share=True)}")
    return "Worst case: " + "; ".join(parts) + "."


def _grid(grid: dict[str, Any]) -> Table:
    title = f"Nuisances, {grid['men']} men, the same in every cell"
    table = _table(title)
    for path in grid["axes"]:
        table.add_column(path.rpartition(".")[2], justify="right")
    # The risks, which are on the page, give way where eighty columns do not hold them.
    skipped = 1 if len(grid["axes"]) > 2 else 0
    for words in ("risks, %", "power", "from plan", "type I", "bias", "coverage")[skipped:]:
        table.add_column(words, justify="right")
    for cell in grid["cells"]:
        at = (f"{value:g}" for value in cell["at"].values())
        table.add_row(*at, *cell_numbers(cell)[skipped:])
    return table


def cell_numbers(cell: dict[str, Any]) -> list[str]:
    """Return risks, power, its difference, type I error, bias and coverage of a cell as words."""
    return [
        f"{100 * cell['risk_control']:.1f} / {100 * cell['risk_treated']:.1f}",
        number(cell["power"], share=True),
        number(cell["power_difference"], share=True),
        number(cell["type_one_error"], share=True),
        number(cell["bias"]),
        number(cell["coverage"], share=True),
    ]


def _decision(decision: dict[str, Any]) -> Table:
    table = _table(f"Thresholds fixed in the design file, {decision['men']} men")
    table.add_column("what", overflow="fold")
    table.add_column("where", overflow="fold")
    for words in ("threshold", "found", "95 % interval", "verdict"):
        table.add_column(words, justify="right", no_wrap=True)
    for part in decision["parts"]:
        table.add_row(*decision_cells(part))
    return table


def decision_cells(part: dict[str, Any]) -> list[str]:
    """Return what, where, threshold, number, its interval and the verdict as words."""
    share = part["share"]
    scale, unit, form = (100, " %", ".2f") if share else (1, "", ".1f")
    sign = ">=" if part["part"].startswith("least_") else "<="
    ends = [scale * end for end in (part["low"], part["high"]) if end is not None]
    return [
        part["words"],
        part["at"],
        f"{sign} {scale * part['threshold']:g}{unit}",
        number(part, share),
        " to ".join(format(end, form) for end in ends) or "-",
        part["verdict"],
    ]


def _tornado(tornado: dict[str, Any]) -> Table:
    title = f"One assumption at a time, {tornado['men']} men: change in power"
    table = _table(title)
    table.add_column("assumption", overflow="fold")
    for words in ("planned", "low", "high", "at low", "at high"):
        table.add_column(words, justify="right")
    for bar in tornado["bars"]:
        table.add_row(
            bar["words"], "-" if bar["planned"] is None else f"{bar['planned']:.3g}",
            f"{bar['low']:g}", f"{bar['high']:g}", number(bar["difference_low"], share=True),
            number(bar["difference_high"], share=True),
        )  # fmt: skip
    return table


def _endpoints(point: dict[str, Any]) -> Table:
    title = f"Endpoints, {point['men']} men, {point['effect_percent']:g} % of the effect"
    table = _table(title)
    table.add_column("endpoint", overflow="fold")
    heads = ["true effect", "estimate", "bias", "power alone"]
    several = point["family"]["method"] != "none"
    for words in [*heads, "in family"] if several else heads:
        table.add_column(words, justify="right")
    for row in point["endpoints"]:
        numbers = [number(row[name]) for name in ("truth", "estimate", "bias")]
        shares = ("alone", "claimed") if several else ("alone",)
        table.add_row(row["name"], *numbers, *(number(row[each], share=True) for each in shares))
    return table


def _family(points: list[dict[str, Any]]) -> Table:
    method = points[0]["family"]["method"]
    how = "each at the whole level" if method == "none" else method
    title = f"All endpoints together ({how})"
    table = _table(title)
    table.add_column("", overflow="fold")
    for point in points:
        table.add_column(f"{point['men']} men\n{point['effect_percent']:g} %", justify="right")
    for name, words in (("any", "claims at least one"), ("all", "claims all")):
        table.add_row(words, *(number(p["family"][name], share=True) for p in points))
    found = [{tuple(e["nulls"]): e for e in p["family"]["errors"]} for p in points]
    for nulls in _shown(max(found, key=len)):
        cells = [number(each[nulls], share=True) if nulls in each else "" for each in found]
        table.add_row(f"wrong claim, no effect on {', '.join(nulls)}", *cells)
    return table


def _shown(errors: dict[tuple[str, ...], dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the null of everything and all others, or of many the one with the largest error."""
    whole, *others = errors
    if len(others) > 6:
        others = [max(others, key=lambda nulls: float(errors[nulls]["value"]))]
    return [whole, *others]


def _paired(rows: list[dict[str, Any]]) -> Table:
    table = _table("On the same men")
    for words in ("design", "against", "men", "effect", "difference in power"):
        table.add_column(words, justify="right")
    for row in rows:
        table.add_row(
            row["design"], row["against"], str(row["men"]), f"{row['effect_percent']:g} %",
            number(row["power_difference"], share=True),
        )  # fmt: skip
    return table


def _chunks(points: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [points[i : i + size] for i in range(0, len(points), size)]
