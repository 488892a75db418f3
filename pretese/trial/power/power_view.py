"""Console view of a power study: performance, analyses, sensitivity, decision."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from pretese.trial.power.decision_verdict import decision_words, draft_words
from pretese.trial.power.summary import COUNTED, SHARES, WORDS

#: Note of a tornado without bars.
UNMOVED = (
    "No assumption was varied alone: none has a range (--sensitivity PATH=LOW,HIGH gives one)."
)


def show_power(console: Console, document: dict[str, Any]) -> None:
    """Print the designs of a study, then their comparison."""
    for design in document["designs"]:
        _show_design(console, design)
    if document["paired"]:
        console.print(_paired(document["paired"]))
    console.print(
        "Estimates with their Monte Carlo standard error (MCSE) in brackets. Simulated "
        "participants; research software, not a medical device.",
        style="dim", highlight=False,
    )  # fmt: skip


def number(measure: dict[str, Any], share: bool = False) -> str:
    """Return an estimate with its Monte Carlo standard error, for a sentence.

    >>> number({"value": 0.8213, "mcse": 0.0038}, share=True), number({"value": None, "mcse": None})
    ('82.1 % (MCSE 0.4)', '-')
    """
    value, error = _digits(measure, share)
    unit = " %" if share and value != "-" else ""
    return f"{value}{unit}" + (f" (MCSE {error})" if error else "")


def cell(measure: dict[str, Any], share: bool = False, *, counted: bool = False) -> str:
    """Return an estimate with its Monte Carlo standard error, for a table whose head has the unit.

    A proportion of replicates (``counted``) that is 0 has its 97.5 % upper limit instead.

    >>> cell({"value": 0.8213, "mcse": 0.0038}, share=True), cell({"value": 33.178, "mcse": 0.061})
    ('82.1 (0.4)', '33.18 (0.06)')
    >>> cell({"value": 0.0, "mcse": 0.0, "n": 200}, share=True, counted=True)
    '0 (< 1.8)'
    """
    if counted and measure["value"] == 0 and measure["n"]:
        return f"0 (< {100 * (1 - 0.025 ** (1 / measure['n'])):.2g})"
    value, error = _digits(measure, share)
    return value + (f" ({error})" if error else "")


def _digits(measure: dict[str, Any], share: bool) -> tuple[str, str]:
    """Return value and error as text, the error with one digit, or two if the first is 1."""
    value, mcse = measure["value"], measure["mcse"]
    if value is None:
        return "-", ""
    scale = 100 if share else 1
    if not mcse:
        return f"{value * scale:.4g}", ""
    digits = 0
    while digits < 8 and mcse * scale * 10**digits < 1.95:
        digits += 1
    return f"{value * scale:z.{digits}f}", f"{mcse * scale:.{digits}f}"


def _show_design(console: Console, design: dict[str, Any]) -> None:
    console.print(f"{design['title']} ({design['id']})", style="bold", highlight=False)
    console.print(f"{design['question']}", style="dim", highlight=False)
    console.print(f"Estimand: {design['estimand']}", highlight=False)
    for row in design["points"][-1]["endpoints"][1:]:
        console.print(f"Estimand of {row['name']}: {row['estimand']}", highlight=False)
    draft = draft_words(design)
    if draft:
        console.print(draft, style="bold", highlight=False)
    if design["favours_control"]:
        console.print(AGAINST, style="bold", highlight=False)
    if design["sample_size_search"]:
        console.print(solved_words(design["sample_size_search"]), style="bold", highlight=False)
    for points in _chunks(design["points"], 3):
        console.print(_performance(points, "log" if "odds ratio" in design["estimand"] else ""))
    last = design["points"][-1]
    if len(last["analyses"]) > 1:
        console.print(_analyses(last))
    if last["reestimation"]:
        console.print(_sizes(design["points"]))
    if last["family"]:
        for table in (_endpoints(last), _family(design["points"])):
            console.print(table)
    if design["simulation"]["level"] == "binomial":
        words = "Binomial counts were simulated: participants of an arm share one event rate."
        console.print(words, style="dim", highlight=False)
    if last["exact_unavailable"]:
        console.print(f"No exact power: {last['exact_unavailable']}.", style="dim", highlight=False)
    for row in design["assurance"]:
        words = f"Assurance over the prior with {row['participants']} participants"
        console.print(f"{words}: {number(row, share=True)}", highlight=False)
    if design["sensitivity"]:
        console.print(_grid(design["sensitivity"]))
        console.print(worst_case(design["sensitivity"]), highlight=False)
    if design["tornado"]:
        console.print(_tornado(design["tornado"]) if design["tornado"]["bars"] else UNMOVED)
    if design["decision"]:
        console.print(_decision(design["decision"]))
        console.print(decision_words(design["decision"]), style="bold", highlight=False)


def solved_words(solved: dict[str, Any]) -> str:
    """Return the required sample size as a sentence."""
    words = f"Required sample size: {solved['participants']} participants in all"
    if solved["exact"]:
        more = solved["stays_from"]
        later = "" if more == solved["participants"] else f"; from {more} on power stays"
        return f"{words} (exact: the first size with the power{later})."
    return f"{words} (95 % interval for Monte Carlo error {solved['low']} to {solved['high']})."


#: What a reader must know of a planned effect that favours control.
AGAINST = (
    "The planned effect favours control. Power counts rejections in favour of treatment; see the "
    "row on rejections in favour of control."
)


def _performance(points: list[dict[str, Any]], scale: str) -> Table:
    table = _table()
    table.add_column("participants\neffect")
    for point in points:
        effect = "none" if point["effect_percent"] == 0 else f"{point['effect_percent']:g} %"
        table.add_column(f"{point['participants']}\n{effect}", justify="right", no_wrap=True)
    truth = [point["truth"] for point in points]
    for arm, name in (("control", "risk_control"), ("treated", "risk_treated")):
        table.add_row(f"event risk, {arm}, %", *(f"{100 * t[name]:.1f}" for t in truth))
    words = "true effect (log odds ratio)" if scale else "true effect (risk difference)"
    table.add_row(words, *(cell(t["on_scale"]) for t in truth))
    for name, words in WORDS.items():
        if name not in points[0]["measures"]:
            continue
        cells = [
            cell(point["measures"][name], name in SHARES, counted=name in COUNTED)
            for point in points
        ]
        table.add_row(words, *cells)
    for words, name, factor in EXACT_ROWS:
        found = [(point["exact"] or {}).get(name) for point in points]
        errors = [(point["exact"] or {}).get(f"{name}_mcse") for point in points]
        if any(value is not None for value in found):
            cells = [exact_cell(v, e, factor) for v, e in zip(found, errors, strict=True)]
            table.add_row(words, *cells)
    return table


def exact_cell(value: float | None, error: float | None, factor: float) -> str:
    """Return an exact value; with an error if it rests on simulated event risks."""
    if value is None:
        return "-"
    if error:
        return cell({"value": factor * value, "mcse": factor * error})
    return f"{factor * value:z.2f}"


#: Rows on exact power: label, key and factor.
EXACT_ROWS = (
    ("exact probability of rejection, %", "power", 100.0),
    ("the same, futility overruled, %", "overruled", 100.0),
    ("z, simulated against exact", "z", 1.0),
    ("normal approximation, %", "closed_form", 100.0),
)


def _table(title: str | None = None) -> Table:
    """Return an empty table whose numbers are not broken within eighty columns."""
    return Table(
        title=title, box=box.SIMPLE_HEAD, title_justify="left", collapse_padding=True,
        pad_edge=False,
    )  # fmt: skip


def _head(point: dict[str, Any]) -> str:
    return f"{point['participants']} participants, {point['effect_percent']:g} % of the effect"


def _analyses(point: dict[str, Any]) -> Table:
    table = _table(f"Analyses, {_head(point)}")
    for words in (
        "analysis", "participants", "efficacy stop, %", "stop without\nrejection, %",
        "month,\nmedian",
    ):  # fmt: skip
        table.add_column(words, justify="right")
    for row in point["analyses"]:
        table.add_row(
            str(row["analysis"]), str(row["participants"]), cell(row["efficacy_stop"], share=True),
            cell(row["futility_stop"], share=True), cell(row["median_months"]),
        )  # fmt: skip
    return table


def _sizes(points: list[dict[str, Any]]) -> Table:
    rule = points[0]["reestimation"]
    table = _table(
        f"Sample size re-estimated at analysis {rule['at_analysis']} ({rule['combination']})"
    )
    for words in (
        "planned", "effect", "re-estimated,\n%", "raised, %", "to the\nlimit, %", "mean",
        "5/50/95 %\nquantiles",
    ):  # fmt: skip
        table.add_column(words, justify="right")
    for point in points:
        table.add_row(*size_cells(point))
    return table


def size_cells(point: dict[str, Any]) -> list[str]:
    """Return planned and re-estimated sample sizes of a point as text."""
    row = point["reestimation"]
    low, middle, high = (row["quantiles"][each] for each in ("5", "50", "95"))
    return [
        str(row["planned"]),
        f"{point['effect_percent']:g} %",
        *(cell(row[each], share=True) for each in ("re_estimated", "raised", "at_most")),
        cell(row["participants"]),
        "-" if middle is None else f"{low:.0f}/{middle:.0f}/{high:.0f}",
    ]


def worst_case(grid: dict[str, Any]) -> str:
    """Return a sentence that names the worst cells of a sensitivity grid."""
    worst, cells = grid["worst"], grid["cells"]
    parts = []
    for name, words in (
        ("power", "lowest power"),
        ("type_one_error", "highest type I error"),
        ("coverage", "lowest coverage"),
    ):
        if name in worst:
            found = cells[worst[name]]
            at = ", ".join(f"{path} {value:g}" for path, value in found["at"].items())
            parts.append(f"{words} {number(found[name], share=True)} at {at}")
    return "Worst case: " + "; ".join(parts) + "."


def _grid(grid: dict[str, Any]) -> Table:
    table = _table(f"Sensitivity, {grid['participants']} participants, common random numbers")
    for path in grid["axes"]:
        table.add_column(path.rpartition(".")[2], justify="right")
    # The risks, which are in the report, are omitted where eighty columns do not hold them.
    skipped = 1 if len(grid["axes"]) > 2 else 0
    for words in GRID_HEADS[skipped:]:
        table.add_column(words.replace(", %", ",\n%"), justify="right", no_wrap=True)
    for found in grid["cells"]:
        at = (f"{value:g}" for value in found["at"].values())
        table.add_row(*at, *cell_numbers(found)[skipped:])
    return table


#: Heads of `cell_numbers`.
GRID_HEADS = (
    "event risks, %", "power, %", "change, %", "type I, %", "bias", "coverage, %",
)  # fmt: skip


def cell_numbers(found: dict[str, Any]) -> list[str]:
    """Return risks, power, difference, type I error, bias and coverage of a cell as text."""
    return [
        f"{100 * found['risk_control']:.1f} / {100 * found['risk_treated']:.1f}",
        cell(found["power"], share=True),
        cell(found["power_difference"], share=True),
        cell(found["type_one_error"], share=True),
        cell(found["bias"]),
        cell(found["coverage"], share=True),
    ]


def _decision(decision: dict[str, Any]) -> Table:
    table = _table(f"Decision rule of the design file, {decision['participants']} participants")
    table.add_column("measure", min_width=12)
    table.add_column("setting")
    for words in ("threshold", "estimate", "95 % interval", "verdict"):
        table.add_column(words, justify="right", no_wrap=True)
    for part in decision["parts"]:
        table.add_row(*decision_cells(part))
    return table


def decision_cells(part: dict[str, Any]) -> list[str]:
    """Return measure, setting, threshold, estimate, interval and verdict as text."""
    share = part["share"]
    scale, unit, form = (100, " %", ".2f") if share else (1, "", ".1f")
    sign = ">=" if part["part"].startswith("min_") else "<="
    ends = [scale * end for end in (part["low"], part["high"]) if end is not None]
    return [
        part["words"],
        part["at"],
        f"{sign} {scale * part['threshold']:g}{unit}",
        cell(part, share),
        " to ".join(format(end, form) for end in ends) or "-",
        part["verdict"],
    ]


def _tornado(tornado: dict[str, Any]) -> Table:
    table = _table(
        f"One assumption at a time, {tornado['participants']} participants: change in power, %"
    )
    table.add_column("assumption")
    for words in ("planned", "low", "high", "at low", "at high"):
        table.add_column(words, justify="right", no_wrap=True)
    for bar in tornado["bars"]:
        table.add_row(
            _broken(bar["words"]), "-" if bar["planned"] is None else f"{bar['planned']:.3g}",
            f"{bar['low']:g}", f"{bar['high']:g}", cell(bar["difference_low"], share=True),
            cell(bar["difference_high"], share=True),
        )  # fmt: skip
    return table


def _broken(path: str, width: int = 34) -> str:
    """Return a path on lines of at most this width, broken after its dots where it is longer."""
    lines = [""]
    for part in path.replace(".", ".\n").split("\n"):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _endpoints(point: dict[str, Any]) -> Table:
    table = _table(f"Endpoints, {_head(point)}")
    table.add_column("endpoint", overflow="fold")
    heads = ["true effect", "estimate", "bias", "power\nalone, %"]
    several = point["family"]["method"] != "none"
    for words in [*heads, "in family,\n%"] if several else heads:
        table.add_column(words, justify="right")
    for row in point["endpoints"]:
        numbers = [cell(row[name]) for name in ("truth", "estimate", "bias")]
        shares = ("alone", "claimed") if several else ("alone",)
        table.add_row(row["name"], *numbers, *(cell(row[each], share=True) for each in shares))
    return table


def _family(points: list[dict[str, Any]]) -> Table:
    method = points[0]["family"]["method"]
    how = "each at full alpha" if method == "none" else method
    table = _table(f"All endpoints together ({how}), % of replicates")
    table.add_column("participants\neffect", overflow="fold")
    for point in points:
        table.add_column(f"{point['participants']}\n{point['effect_percent']:g} %", justify="right")
    for name, words in (("any", "at least one claim"), ("all", "all claims")):
        table.add_row(words, *(cell(p["family"][name], share=True) for p in points))
    found = [{tuple(e["nulls"]): e for e in p["family"]["errors"]} for p in points]
    for nulls in _shown(max(found, key=len)):
        cells = [cell(each[nulls], share=True) if nulls in each else "" for each in found]
        table.add_row(f"false claim, no effect on {', '.join(nulls)}", *cells)
    return table


def _shown(errors: dict[tuple[str, ...], dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the global null and the others, or of many the one with the largest error."""
    whole, *others = errors
    if len(others) > 6:
        others = [max(others, key=lambda nulls: float(errors[nulls]["value"]))]
    return [whole, *others]


def _paired(rows: list[dict[str, Any]]) -> Table:
    table = _table("Designs on the same participants")
    for words in ("design", "compared with", "participants", "effect", "difference in\npower, %"):
        table.add_column(words, justify="right")
    for row in rows:
        table.add_row(
            row["design"], row["against"], str(row["participants"]), f"{row['effect_percent']:g} %",
            cell(row["power_difference"], share=True),
        )  # fmt: skip
    return table


def _chunks(points: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    return [points[i : i + size] for i in range(0, len(points), size)]
