"""Write an analysis as a document, as a page, and as a folder of tables and figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from estimate.plan.findings import Analysis
from pretese.analysis.analysis_tables import (
    arms_lines,
    balance_table,
    characteristics,
    characteristics_table,
    e_values_table,
    estimates_table,
    predictions_table,
    score_odds_ratios,
    strategies_table,
    subgroups_table,
    table_of_effects,
    weighted_table,
)
from pretese.analysis.methods_text import methods_paragraph, outcome_words
from pretese.analysis.reporting_items import reporting_items
from pretese.io.output.manifest import write_manifest
from pretese.io.output.versions import versions
from pretese.io.text.html_page import render_page
from pretese.io.text.json_text import to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.io.text.write_table import html_table, write_table


def analysis_document(
    found: Analysis, *, plan_sha256: str, data_sha256: str | None, assumptions: tuple[str, ...]
) -> dict[str, Any]:
    """Return an analysis as plain values, with the identity of its plan and table."""
    return {
        **rounded_document({**found.record(), "table1": _table1(found)}),
        "versions": versions(),
        "plan_sha256": plan_sha256,
        "data_sha256": data_sha256,
        "data_assumptions": list(assumptions),
    }


def _table1(found: Analysis) -> dict[str, Any] | None:
    """Return Table 1 as plain values with full digits; None without covariates."""
    if not found.plan.covariates:
        return None
    table = characteristics(found)
    return {"groups": list(table.groups), "rows": [row.record() for row in table.rows]}


def analysis_tables(found: Analysis) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the file name, the caption and the cells of every table of the plan."""
    yield "estimates", "Effects of treatment", estimates_table(found)
    if found.plan.covariates:
        yield "table1", "Characteristics by treatment", characteristics_table(found)
        if (weighted := weighted_table(found)) is not None:
            yield "table1_weighted", "Characteristics by treatment, weighted (ATE)", weighted
        yield "balance", "Standardised mean differences", balance_table(found)
    if found.score is not None:
        model = score_odds_ratios(found).round(3).rename(columns={"odds_ratio": "odds ratio"})
        yield "propensity_model", "Propensity model: odds ratios of treatment", model
    strengths = e_values_table(found)
    if len(strengths):
        yield "e_values", "Strength of unmeasured confounding (E-values)", strengths
    if found.predictions:
        yield "predictions", "Prediction models validated", predictions_table(found.predictions)
    if found.strategies is not None:
        yield "strategies", "Risk under each strategy", strategies_table(found.strategies)
        effects = table_of_effects(found.strategies.estimates)
        yield "strategy_effects", "Effects of strategies", effects
    if found.divisions:
        yield "subgroups", "Effect by subgroup", subgroups_table(found)


def write_analysis(found: Analysis, document: Mapping[str, Any], folder: Path) -> None:
    """Write the document, every table (CSV, Markdown, LaTeX, HTML) and figure (SVG, PNG)."""
    from pretese.analysis.analysis_figures import figure_makers
    from pretese.plots.style import save

    (folder / "analysis.json").write_text(to_json(document) + "\n", encoding="utf-8")
    for name, caption, table in analysis_tables(found):
        write_table(table, folder / name, caption)
    for name, draw in figure_makers(found).items():
        figure = draw()
        for ending in ("svg", "png"):
            save(figure, folder / f"{name}.{ending}")
    facts = {key: document[key] for key in ("versions", "plan_sha256", "data_sha256")}
    write_manifest(folder, facts)


#: Captions of the figures of the page, by file name.
CAPTIONS = {
    "flow": "Flow of patients",
    "effects": "Effects of treatment with 95 % intervals",
    "balance": "Standardised mean differences before and after adjustment",
    "propensity_scores": "Propensity scores by arm",
    "propensity_odds_ratios": "Odds ratios of treatment",
    "imputation": "Chains of the imputation",
    "subgroups": "Effect by subgroup",
    "splines": "Associations of numbers with the outcome",
    "mediation": "Mediated effects",
    "mediation_sensitivity": "Mediated effects under unmeasured confounding",
    "changes": "Measurements before and after therapy",
    "live_birth": "Cumulative live birth",
    "predictions": "Calibration and decision curves of prediction models",
}


def _figures(found: Analysis) -> Iterator[tuple[str, str]]:
    """Yield the name and the SVG of every figure."""
    from pretese.analysis.analysis_figures import figure_makers
    from pretese.plots.style import svg

    for name, draw in figure_makers(found).items():
        yield name, svg(draw())


def analysis_page(found: Analysis, document: Mapping[str, Any], *, figures: bool = False) -> str:
    """Return one self-contained HTML page of methods, tables and reporting items.

    Parameters ---------- figures Whether the page includes the figures.
    """
    missing = document["missing"]
    return render_page(
        "analysis.html",
        treatment=found.plan.treatment,
        outcome=outcome_words(found.plan.outcome),
        analysed=missing["analysed"],
        assessed=missing["assessed"],
        excluded={why: count for why, count in missing["excluded"].items() if count},
        arms=arms_lines(found, document),
        remarks=found.remarks,
        cautions=found.cautions,
        methods=methods_paragraph(found),
        items=reporting_items(found),
        figures=[(CAPTIONS[name], drawn) for name, drawn in _figures(found)] if figures else [],
        tables=[html_table(table, caption) for caption, table in _page_tables(found)],
        document=document,
    )


#: Columns of effects with statistical details, shown at the end of the page.
DETAILS = ("interval", "test", "estimand")


def _page_tables(found: Analysis) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield caption and cells of the tables of the page, statistical details last."""
    (_, caption, effects), *others = analysis_tables(found)
    details = [column for column in DETAILS if column in effects]
    yield caption, effects.drop(columns=details)
    yield from ((caption, table) for _, caption, table in others)
    if details:
        columns = [*(c for c in ("method", "effect") if c in effects), *details]
        yield "Interval, test and estimand of each estimate", effects[columns]
