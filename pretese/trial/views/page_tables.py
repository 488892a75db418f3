"""The tables of a power study as rows of the report's page."""

from typing import Any

from pretese.trial.measures.performance import COUNTED, SHARES, WORDS
from pretese.trial.power import additional_measures as more
from pretese.trial.power.decision_verdict import decision_words
from pretese.trial.views.measure_words import EXACT_ROWS, cell, exact_cell
from pretese.trial.views.performance_tables import balance_rows, point_words
from pretese.trial.views.sensitivity_tables import cell_numbers
from pretese.trial.views.verdict_table import decision_cells
from simulate.labels import label_of


def measure_rows(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Return headings and rows of the table of performance of several points."""
    heads = [point_words(point) for point in points]
    rows = [
        ("replicates with an estimate", [f"{p['measures']['bias']['n']:,}" for p in points]),
        *_measured(points, WORDS, SHARES),
        *balance_rows(points),
        *_measured(points, more.WORDS, more.SHARES),
    ]
    for name, words in (("recruited", "participants recruited"), ("duration_months", "months")):
        for share in more.QUANTILES:
            cells = [cell(p["quantiles"][name][f"{100 * share:g}"]) for p in points]
            rows.append((f"{words}, {100 * share:g} % quantile", cells))
    rows.append(("maximum sample size", [str(_most(p)) for p in points]))
    for words, name, scale in EXACT_ROWS:
        pairs = [
            ((p["exact"] or {}).get(name), (p["exact"] or {}).get(f"{name}_mcse")) for p in points
        ]
        if any(value is not None for value, _ in pairs):
            rows.append((words, [exact_cell(v, e, scale) for v, e in pairs]))
    return {"heads": heads, "rows": rows}


def _measured(
    points: list[dict[str, Any]], words: dict[str, str], shares: frozenset[str]
) -> list[tuple[str, list[str]]]:
    return [(text, [cell(p["measures"][name], name in shares,
    counted=name in COUNTED) for p in points])
            for name, text in words.items() if name in points[0]["measures"]]  # fmt: skip


def _most(point: dict[str, Any]) -> int:
    return int(point["reestimation"]["most"] if point["reestimation"] else point["participants"])


def analysis_rows(point: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the stopping probabilities at each analysis as text."""
    return [
        {
            **row,
            "efficacy_stop": cell(row["efficacy_stop"], share=True),
            "futility_stop": cell(row["futility_stop"], share=True),
            "median_months": cell(row["median_months"]),
        }
        for row in point["analyses"]
    ]


def endpoint_rows(point: dict[str, Any], none: dict[str, Any]) -> dict[str, Any]:
    """Return rows of several endpoints, and family-wise errors; empty for a single endpoint."""
    if not point["family"]:
        return {}
    family, alone = point["family"], [row["alone"] for row in none["endpoints"]]
    return {
        "rows": [
            (label_of(row["name"]), cell(row["truth"]), cell(row["bias"]),
             cell(row["coverage"], share=True), cell(error, share=True),
             cell(row["alone"], share=True), cell(row["claimed"], share=True))
            for row, error in zip(point["endpoints"], alone, strict=True)
        ],
        "family": [
            ("at least one claim, %", cell(family["any"], share=True)),
            ("all claims, %", cell(family["all"], share=True)),
            *((f"false claim, no effect on {', '.join(map(label_of, each['nulls']))}, %",
               cell(each, share=True)) for each in family["errors"]),
        ],
    }  # fmt: skip


def grid_rows(grid: dict[str, Any] | None) -> list[list[str]]:
    """Return settings and numbers of every cell of a sensitivity grid."""
    if grid is None:
        return []
    return [[*(f"{v:g}" for v in cell["at"].values()), *cell_numbers(cell)]
            for cell in grid["cells"]]  # fmt: skip


def verdict_rows(decision: dict[str, Any] | None) -> dict[str, Any]:
    """Return thresholds with verdicts, and the decision; empty without a decision rule."""
    if decision is None:
        return {}
    rows = [decision_cells(part) for part in decision["parts"]]
    return {"rows": rows, "words": decision_words(decision)}
