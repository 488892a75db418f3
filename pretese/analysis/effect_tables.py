"""Tables of effects: estimates, estimands, E-values, prediction models, strategies."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from estimate.core.result import Estimate
from estimate.longitudinal.strategies import StrategyFindings
from estimate.plan.findings import Analysis
from estimate.prediction.planned_models import ValidatedModel
from estimate.prediction.validation import WithInterval
from pretese.analysis.journal_style import PLAIN, JournalStyle, effect


def estimates_table(found: Analysis, style: JournalStyle = PLAIN) -> pd.DataFrame:
    """Return one line per estimate, absolute risks first within a method.

    With a primary estimate in the plan, a column states which line it is.
    """
    table, primary = table_of_effects(found.estimates, style), found.plan.primary
    if primary is not None:
        chosen = (table["method"] == primary.method) & (table["effect"] == primary.effect)
        table.insert(0, "role", np.where(chosen, "primary", "secondary"))
    return table


def table_of_effects(estimates: Sequence[Estimate], style: JournalStyle = PLAIN) -> pd.DataFrame:
    """Return one line per estimate."""
    return pd.DataFrame(
        {
            "method": each.method,
            "effect": each.scale,
            "estimate (95 % CI)": effect(each, style),
            "p": style.p_value(float(each.p_value)),
            "interval": each.interval,
            "test": each.test,
            "patients": int(each.n),
            "among": each.estimand.population,
            "estimand": each.estimand.summary,
        }
        for each in estimates
    )


def estimands_table(found: Analysis) -> pd.DataFrame:
    """Return one line per question, the attributes of its estimand (ICH E9(R1)) and its methods."""
    asked: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for each in found.estimates:
        question = each.estimand
        events = "; ".join(f"{e.event}: {e.strategy}" for e in question.intercurrent)
        key = (question.population, question.treatment, question.variable, events or "none")
        summary = question.summary or each.scale
        asked.setdefault(each.method, {}).setdefault(key, []).append(summary)
    lines: dict[tuple[str, ...], list[str]] = {}
    for method, questions in asked.items():
        for question_of, summaries in questions.items():
            line = (*question_of, ", ".join(dict.fromkeys(summaries)))
            lines.setdefault(line, []).append(method)
    heads = ("population", "treatment", "outcome", "intercurrent events", "summary measure")
    return pd.DataFrame(
        {**dict(zip(heads, line, strict=True)), "methods": ", ".join(methods)}
        for line, methods in lines.items()
    )


def e_values_table(found: Analysis) -> pd.DataFrame:
    """Return one line per E-value: of the estimate, and of the limit nearer to no effect."""
    rows = [row for row in found.record()["e_values"] if row["point"] is not None]
    return pd.DataFrame(
        {
            "method": row["method"],
            "effect": row["scale"],
            "E-value": f"{row['point']:.2f}",
            "E-value of the limit": "" if row["limit"] is None else f"{row['limit']:.2f}",
        }
        for row in rows
    )


def predictions_table(found: Sequence[ValidatedModel], style: JournalStyle = PLAIN) -> pd.DataFrame:
    """Return one line per prediction model."""
    return pd.DataFrame(
        {
            "model": each.name,
            "patients (events)": f"{each.found.n} ({each.found.events})",
            **{
                head: f"{part.value:.2f} ({_limits(part, style)})"
                for head, part in (
                    ("C-statistic", each.found.c_statistic),
                    ("calibration slope", each.found.slope),
                    ("intercept", each.found.intercept),
                    ("observed / expected", each.found.observed_over_expected),
                )
            },
            "Brier score": f"{each.found.brier.value:.3f}",
            "patients needed": "" if each.needed is None else str(each.needed.patients),
        }
        for each in found
    )


def strategies_table(found: StrategyFindings) -> pd.DataFrame:
    """Return one line per strategy: risks by three methods, adherent patients, largest weight."""
    percent = ("weighted", "g_formula", "unweighted")
    return pd.DataFrame(
        {
            "strategy": row["strategy"],
            **{f"risk, {name.replace('_', '-')}": f"{100 * row[name]:.1f} %" for name in percent},
            "patients who adhered": row["adherent"],
            "largest weight": f"{row['largest_weight']:.1f}",
        }
        for row in found.risks
    )


def _limits(part: WithInterval, style: JournalStyle) -> str:
    return style.interval(f"{part.low:z.2f}", f"{part.high:z.2f}")
