"""Content of the report of an analysis, for any format: tables, figures, text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from estimate.outcomes.registry import label_of
from estimate.plan.findings import Analysis
from pretese.analysis.analysis_tables import (
    arm_words,
    arms_lines,
    balance_table,
    characteristics_table,
    score_odds_ratios,
    subgroups_table,
    weighted_table,
)
from pretese.analysis.column_labels import (
    describe_methods,
    label_table,
    method_labels,
    with_labels,
)
from pretese.analysis.effect_tables import (
    e_values_table,
    estimands_table,
    estimates_table,
    predictions_table,
    strategies_table,
    table_of_effects,
)
from pretese.analysis.journal_style import PLAIN, JournalStyle
from pretese.analysis.methods_text import methods_paragraph, outcome_words, primary_words
from pretese.analysis.reporting_items import reporting_items

#: A caption and its table.
Captioned = tuple[str, pd.DataFrame]

#: Captions of the figures, by file name.
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

#: Columns of tests in Table 1. STROBE (item 14, explanation) discourages tests of
#: characteristics; the files of `pretese analyse --out` contain them.
TESTS = frozenset({"p", "p value", "P value", "test"})
NO_TESTS = "no tests of baseline characteristics, STROBE 14"

#: Columns of effects with statistical details, shown at the end.
DETAILS = ("interval", "test", "estimand")


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Words and tables of a report; figures are drawn by the writer of each format.

    Attributes
    ----------
    lead
        Patients analysed and excluded, in one sentence or two.
    statements
        What could not be estimated, and cautions, each with its kind.
    items
        Reporting items: guideline and number, what is asked, where it is.
    provenance
        Name and value of what identifies plan, data and program.
    """

    title: str
    lead: str
    arms: tuple[str, ...]
    statements: tuple[tuple[str, str], ...]
    tables: tuple[Captioned, ...]
    methods: str
    items: tuple[tuple[str, str, str], ...]
    provenance: tuple[tuple[str, str], ...]


def report_content(
    found: Analysis, document: Mapping[str, Any], style: JournalStyle
) -> ReportContent:
    """Return the words and tables of the report of an analysis."""
    missing = document["missing"]
    excluded = {why: count for why, count in missing["excluded"].items() if count}
    lead = [f"{missing['analysed']} of {missing['assessed']} patients analysed."]
    lead += [f"Excluded, {why}: {count}." for why, count in excluded.items()]
    provenance = [
        ("SHA-256 of the plan", document["plan_sha256"]),
        ("SHA-256 of the data file", document["data_sha256"] or "no file"),
        *document["versions"].items(),
        *(("Assumption about the table", each) for each in document["data_assumptions"]),
    ]
    named = partial(with_labels, labels=found.plan.labels)
    return ReportContent(
        title=named(f"Effect of {found.plan.treatment} on {outcome_words(found.plan.outcome)}"),
        lead=named(" ".join(lead)),
        arms=tuple(map(named, arms_lines(found, document))),
        statements=(
            ("Primary estimate", named(primary_words(found, style))),
            *(("Not estimable", named(each)) for each in found.remarks),
            *(("Caution", named(each)) for each in found.cautions),
        ),
        tables=tuple(
            (caption, label_table(table, found.plan.labels, found.plan.treatment))
            for caption, table in _report_tables(found, document, style)
        ),
        methods=named(methods_paragraph(found)),
        items=tuple(reporting_items(found)),
        provenance=tuple((str(name), str(value)) for name, value in provenance),
    )


def _report_tables(
    found: Analysis, document: Mapping[str, Any], style: JournalStyle
) -> Iterator[Captioned]:
    """Yield the tables of the report: flow and effects first, statistical details last."""
    (_, caption, effects), *others = analysis_tables(found, style)
    details = [column for column in DETAILS if column in effects]
    methods = method_labels(found)
    yield caption, describe_methods(effects.drop(columns=details), methods)
    yield "Flow of patients", flow_table(found, document)
    estimands = describe_methods(estimands_table(found), methods)
    yield "Estimands: the five attributes of ICH E9(R1)", estimands
    yield "Methods", methods_table(found)
    for name, caption, table in others:
        if name == "table1":
            yield f"{caption} ({NO_TESTS})", table.drop(columns=TESTS.intersection(table.columns))
        else:
            yield caption, describe_methods(table, methods)
    if details:
        named = [*(c for c in ("method", "effect") if c in effects), *details]
        shown = effects[named].drop(columns="estimand")
        yield "Interval and test of each estimate", describe_methods(shown, methods)


def methods_table(found: Analysis) -> pd.DataFrame:
    """Return the description of each method that the tables and figures refer to by name."""
    data = found.complete.data
    several = bool(data.levels)
    rows = [
        (name, label_of(name, data.outcome_kind, several=several)) for name in found.plan.methods
    ]
    return pd.DataFrame(rows, columns=["method", "description"])


def flow_table(found: Analysis, document: Mapping[str, Any]) -> pd.DataFrame:
    """Return one line per stage: records assessed, excluded with reasons, analysed by arm."""
    missing, name = document["missing"], outcome_words(found.plan.outcome)
    rows = [("records assessed", missing["assessed"], "")]
    rows += [("excluded", count, why) for why, count in missing["excluded"].items() if count]
    rows.append(("analysed", missing["analysed"], ""))
    rows += [
        (f"analysed, {arm}", cell["patients"], arm_words(name, cell))
        for arm, cell in document["arms"].items()
    ]
    return pd.DataFrame(rows, columns=["stage", "patients", "reason, or outcome"]).astype(str)


def analysis_tables(
    found: Analysis, style: JournalStyle = PLAIN
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield the file name, the caption and the cells of every table of the plan."""
    for name, caption, table in _tables(found, style):
        yield name, caption, style.table(table)


def _tables(found: Analysis, style: JournalStyle) -> Iterator[tuple[str, str, pd.DataFrame]]:
    yield "estimates", "Effects of treatment", estimates_table(found, style)
    if found.plan.covariates:
        yield "table1", "Characteristics by treatment", characteristics_table(found, style)
        if (weighted := weighted_table(found)) is not None:
            yield "table1_weighted", "Characteristics by treatment, weighted (ATE)", weighted
        yield "balance", "Standardised mean differences", balance_table(found)
    if found.score is not None:
        model = score_odds_ratios(found).rename(columns={"odds_ratio": "odds ratio"})
        model = model.map(lambda cell: f"{cell:.3f}" if isinstance(cell, float) else cell)
        yield "propensity_model", "Propensity model: odds ratios of treatment", model
    strengths = e_values_table(found)
    if len(strengths):
        yield "e_values", "Strength of unmeasured confounding (E-values)", strengths
    if found.predictions:
        predictions = predictions_table(found.predictions, style)
        yield "predictions", "Prediction models validated", predictions
    if found.strategies is not None:
        yield "strategies", "Risk under each strategy", strategies_table(found.strategies)
        effects = table_of_effects(found.strategies.estimates, style)
        yield "strategy_effects", "Effects of strategies", effects
    if found.divisions:
        yield "subgroups", "Effect by subgroup", subgroups_table(found, style)
