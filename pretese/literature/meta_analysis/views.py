"""Subgroups and pooled counts on the console, and as plain values."""

from dataclasses import asdict
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from estimate.description.table1 import format_p
from pretese.io.text.json_text import plain
from pretese.io.text.rounding_rule import rounded_document
from pretese.literature.evidence_view import excluded_table, shown_effect
from pretese.literature.meta_analysis.pooled_counts import PooledCounts
from pretese.literature.meta_analysis.subgroups import EvidenceSubgroups
from pretese.screen.console import console_text


def subgroups_page(found: EvidenceSubgroups) -> str:
    """Return the pooled effect of each subgroup, and the test for differences."""
    fit, label = found.fit, found.field.replace("_", " ")
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in (label, "studies", fit.scale, "95 % interval"):
        table.add_column(heading, justify="left" if heading == label else "right")
    for row in found.rows:
        interval = f"{shown_effect(row.conf_low)} to {shown_effect(row.conf_high)}"
        table.add_row(row.value, str(row.studies), shown_effect(row.estimate), interval)

    def show(console: Console) -> None:
        console.print(f"Subgroups by {label} (one variance between studies, tau2 {fit.tau2:.3f})")
        console.print(table)
        console.print(f"Test for differences between subgroups: p {format_p(fit.qm_p_value)}")

    return console_text(show)


def subgroups_document(found: EvidenceSubgroups) -> dict[str, Any]:
    """Return subgroups as plain values; effects are on the scale that is printed."""
    fit = found.fit
    document = {
        "by": found.field,
        "tau2": fit.tau2,
        "r2_percent": fit.r2_percent,
        "differences_p_value": fit.qm_p_value,
        "groups": [asdict(row) for row in found.rows],
    }
    return dict(rounded_document(plain(document)))


def counts_page(found: PooledCounts) -> str:
    """Return the counts, the pooled odds ratio, and what was excluded."""

    def show(console: Console) -> None:
        console.print(f"{found.endpoint}: odds ratio from counts, therapy against control")
        console.print(_counts_table(found))
        for line in _findings(found):
            console.print(line)
        if found.excluded:
            console.print("\nNot pooled:")
            console.print(excluded_table(found.excluded))

    return console_text(show)


def _counts_table(found: PooledCounts) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("study", overflow="fold")
    table.add_column("therapy", justify="right", no_wrap=True)
    table.add_column("control", justify="right", no_wrap=True)
    for row in found.rows:
        therapy = f"{row.therapy_events}/{row.therapy_patients}"
        table.add_row(row.name, therapy, f"{row.control_events}/{row.control_patients}")
    return table


def _findings(found: PooledCounts) -> list[str]:
    values = _odds_ratio(found)
    effect, low, high = (
        shown_effect(values[each]) for each in ("estimate", "conf_low", "conf_high")
    )
    p_value = format_p(found.pooled.p_value) or "not defined"
    lines = [f"Pooled ({found.model}): {effect} (95 % CI {low} to {high}), p {p_value}"]
    if found.tau2 is not None:
        lines.append(f"Heterogeneity: tau2 {found.tau2:.3f}")
    if found.correlation is not None:
        lines.append(f"Correlation of patients of one arm: {found.correlation:.3f}")
    idle = len(found.rows) - found.informative
    if idle:
        lines.append(f"Studies without an event, or with events only, do not contribute: {idle}")
    return lines


def _odds_ratio(found: PooledCounts) -> dict[str, float]:
    pooled = found.pooled
    names = {"estimate": "effect", "conf_low": "conf_low", "conf_high": "conf_high"}
    return {name: float(np.exp(getattr(pooled, field))) for name, field in names.items()}


def counts_document(found: PooledCounts) -> dict[str, Any]:
    """Return a meta-analysis of counts as plain values."""
    document = {
        "endpoint": found.endpoint,
        "scale": "odds ratio",
        "model": found.model,
        **_odds_ratio(found),
        "std_error": found.pooled.std_error,
        "p_value": found.pooled.p_value,
        "tau2": found.tau2,
        "correlation": found.correlation,
        "informative_studies": found.informative,
        "studies": [asdict(row) for row in found.rows],
        "excluded": [{"name": name, "reason": reason} for name, reason in found.excluded],
    }
    return dict(rounded_document(plain(document)))
