"""Tables of the performance of a design: measures, analyses, re-estimated sizes."""

from typing import Any

from rich.table import Table

from pretese.trial.measures.performance import COUNTED, SHARES, WORDS
from pretese.trial.views.measure_words import EXACT_ROWS, cell, exact_cell, narrow_table


def performance_table(points: list[dict[str, Any]], scale: str, *, margin: bool = False) -> Table:
    """Return a table of the measures, one column per point.

    Parameters
    ----------
    scale
        Scale of the effect as a number, such as "log odds ratio".
    margin
        Whether an effect of 0 is at the limit of the null hypothesis.
    """
    null_word = "at the margin" if margin else "none"
    table = narrow_table()
    table.add_column("participants\neffect")
    for point in points:
        effect = null_word if point["effect_percent"] == 0 else f"{point['effect_percent']:g} %"
        table.add_column(f"{point['participants']}\n{effect}", justify="right", no_wrap=True)
    truth = [point["truth"] for point in points]
    for arm, name in (("control", "risk_control"), ("treated", "risk_treated")):
        table.add_row(f"event risk, {arm}, %", *(f"{100 * t[name]:.1f}" for t in truth))
    table.add_row(f"true effect ({scale})", *(cell(t["on_scale"]) for t in truth))
    for name, words in WORDS.items():
        found = [point["measures"].get(name) for point in points]
        if not any(found):
            continue
        cells = [  # a control variate may be valid at some of the sizes only
            cell(each, name in SHARES, counted=name in COUNTED) if each else "-" for each in found
        ]
        table.add_row(words, *cells)
    for words, cells in balance_rows(points):
        table.add_row(words, *cells)
    for words, name, factor in EXACT_ROWS:
        values = [(point["exact"] or {}).get(name) for point in points]
        errors = [(point["exact"] or {}).get(f"{name}_mcse") for point in points]
        if any(value is not None for value in values):
            cells = [exact_cell(v, e, factor) for v, e in zip(values, errors, strict=True)]
            table.add_row(words, *cells)
    return table


def balance_rows(points: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return one row per factor: the imbalance of the arms within its levels, at every point."""
    return [
        (
            f"largest imbalance within a level of {row['factor']}",
            [cell(point["balance"][k]["imbalance"]) for point in points],
        )
        for k, row in enumerate(points[0]["balance"])
    ]


def point_words(point: dict[str, Any]) -> str:
    """Return sample size and effect of a point as text."""
    share = point["effect_percent"]
    effect = f"{share:g} % of the effect" if share else "no effect"
    return f"{point['participants']} participants, {effect}"


def analyses_table(point: dict[str, Any]) -> Table:
    """Return the stopping probabilities at each analysis, and the time of stopping."""
    table = narrow_table(f"Analyses, {point_words(point)}")
    for words in (
        "analysis", "participants", "efficacy stop, %", "stop without\nrejection, %",
        "month,\nmedian",
    ):  # fmt: skip
        table.add_column(words, justify="right")
    harm = any(row["harm_stop"] for row in point["analyses"])
    if harm:
        table.add_column("of them\nharm, %", justify="right")
    for row in point["analyses"]:
        table.add_row(
            str(row["analysis"]), str(row["participants"]), cell(row["efficacy_stop"], share=True),
            cell(row["futility_stop"], share=True), cell(row["median_months"]),
            *([cell(row["harm_stop"], share=True)] if harm else []),
        )  # fmt: skip
    return table


def decisions_table(point: dict[str, Any]) -> Table:
    """Return how trials decided once the participants awaited were known."""
    table = narrow_table(f"Decision analyses, {point_words(point)}")
    for words in DECISION_HEADS:
        table.add_column(words, justify="right")
    for cells in decision_rows(point):
        table.add_row(*cells)
    return table


#: Heads of `decision_rows`.
DECISION_HEADS = (
    "analysis", "participants\nawaited, mean", "efficacy, then\nno rejection, %",
    "futility, then\nrejection, %",
)  # fmt: skip


def decision_rows(point: dict[str, Any]) -> list[list[str]]:
    """Return one row per interim analysis; empty for designs without decision analyses."""
    return [
        [
            str(row["analysis"]), cell(row["awaited"]),
            *(cell(row[name], share=True, counted=True)
              for name in ("efficacy_reversed", "futility_reversed")),
        ]
        for row in point["analyses"][:-1]
        if row["awaited"] is not None
    ]  # fmt: skip


def sizes_table(points: list[dict[str, Any]]) -> Table:
    """Return the re-estimated sample sizes at every point."""
    rule = points[0]["reestimation"]
    table = narrow_table(
        f"Sample size re-estimated at analysis {rule['at_analysis']} ({rule['combination']})"
    )
    for words in (
        "planned", "effect", "re-esti-\nmated, %", "raised, %", "to the\nlimit, %", "mean",
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
