"""Console view of an analysis: patient flow, effects, interpretation, balance."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from estimate.core.result import Estimate
from estimate.description.table1 import format_p
from estimate.plan.findings import Analysis
from pretese.analysis.analysis_tables import arms_lines
from pretese.analysis.journal_style import effect
from pretese.screen.console import SafeConsole

#: R-hat above which more iterations are recommended (Gelman et al. 2013).
SLOW_CHAINS = 1.2

#: Abbreviations of the table, by scale.
LEGEND: Mapping[str, str] = {
    "risk difference": "RD: risk difference in percentage points",
    "risk ratio": "RR: risk ratio",
    "odds ratio": "OR: odds ratio",
    "hazard ratio": "HR: hazard ratio",
    "RMST difference": "RMST: restricted mean survival time",
}

NOTE = "A conditional odds ratio (adjusted, models) and a marginal one answer different questions."


def show_analysis(
    console: Console, found: Analysis, document: Mapping[str, Any], out: Path | None = None
) -> None:
    """Print patient flow, effects, interpretation, balance, and the output folder."""
    console.print(_arms(found, document), highlight=False)
    console.print(_effects(found))
    for remark in found.remarks:
        console.print(f"Not estimable: {remark}", style="bold", highlight=False)
    for caution in found.cautions:
        console.print(f"Caution: {caution}", style="bold", highlight=False)
    for population, methods in _populations(found).items():
        console.print(f"Among {population}: {', '.join(methods)}", highlight=False)
    if legend := _legend(found):
        console.print(legend, style="dim")
    for line in (*_explored(found), *_quality(document)):
        console.print(line, highlight=False)
    if out is not None:
        console.print(f"Tables and figures: {out}", highlight=False, soft_wrap=True)
    console.print("Research software, not a medical device.", style="dim")


def _legend(found: Analysis) -> str:
    scales = dict.fromkeys(each.scale for each in found.estimates)
    words = "; ".join(LEGEND[scale] for scale in scales if scale in LEGEND)
    ratios = "odds ratio" in scales and len(scales) > 1
    return ". ".join([*([words] if words else []), *([NOTE] if ratios else [])])


def analysis_text(found: Analysis, document: Mapping[str, Any]) -> str:
    """Return what `show_analysis` prints, as plain text of 100 columns."""
    page = io.StringIO()
    show_analysis(SafeConsole(file=page, width=100, color_system=None), found, document)
    return page.getvalue()


#: Short names of scales in the table of 80 columns.
SCALES: Mapping[str, str] = {
    "risk difference": "RD, pp",
    "risk ratio": "RR",
    "odds ratio": "OR",
    "hazard ratio": "HR",
    "rate ratio": "rate ratio",
    "mean difference": "mean diff.",
    "RMST difference": "RMST diff.",
}


def _effects(found: Analysis) -> Table:
    """Return one line per estimate, each with its own p-value."""
    shown = Table(box=SIMPLE)
    for title in ("Method", "Effect", "Estimate (95 % CI)", "p"):
        # Long names may wrap, numbers must not
        shown.add_column(title, no_wrap=title != "Method", overflow="fold")
    for method, answers in _by_method(found.estimates).items():
        for place, each in enumerate(answers.values()):
            name = "" if place else method
            shown.add_row(name, SCALES[each.scale], effect(each), format_p(float(each.p_value)))
    return shown


def _populations(found: Analysis) -> dict[str, list[str]]:
    """Return the populations of the effects, with their methods."""
    methods: dict[str, list[str]] = {}
    for method, answers in _by_method(found.estimates).items():
        population = next(iter(answers.values())).estimand.population.split(":")[0]
        name = method.split(": ")[0] if found.plan.treatment_levels else method
        if name not in methods.setdefault(population, []):
            methods[population].append(name)
    return methods


def _explored(found: Analysis) -> Iterator[str]:
    """Yield one line per result of the further analyses of the plan."""
    for division in found.divisions:
        groups = ", ".join(
            f"{label} {effect(answer)}"
            for label, answer in zip(division.labels, division.separate, strict=True)
        )
        p_value = format_p(division.p_value) or "not estimable"
        yield f"{division.name}: {groups}; p for interaction {p_value}"
    for shape in found.shapes:
        p_value = format_p(shape.nonlinear_p) or "not estimable"
        yield f"{shape.name}: p for a bent association {p_value}"
    for pathway in found.pathways:
        mediation, rho = pathway.mediation, pathway.correlation
        share = mediation.effects["proportion"]
        yield (
            f"{mediation.exposure}: {100 * share.median:.1f} % of its effect through "
            f"{mediation.mediator} (p = {share.p_value:.3f} ± {share.p_error:.3f})"
        )
        if rho is not None:
            yield f"  it vanishes if the errors correlate by {_number(rho.vanishes_at)}"
    for birth_curves in found.live_births:
        shares = [f"{100 * (1 - curve.survival[-1]):.1f} %" for curve in birth_curves.curves]
        yield (
            f"Cumulative live birth ({birth_curves.convention}): {shares[1]} treated, {shares[0]} "
            f"untreated; log-rank p {format_p(birth_curves.p_value)}"
        )
    yield from _strategies(found)
    yield from _predictions(found)
    for change in found.changes:
        for group, pairs in change.groups:
            before, after = (_number(np.median(x)) for x in (pairs.before, pairs.after))
            yield (
                f"{change.name}, {group}: median {before} before and {after} after, in "
                f"{len(pairs.before)} patients (p {format_p(pairs.p_value) or 'not estimable'})"
            )


def _predictions(found: Analysis) -> Iterator[str]:
    for each in found.predictions:
        v, needed = each.found, each.needed
        size = "" if needed is None else f"; a precise validation needs {needed.patients} patients"
        yield (
            f"{each.name}: C {v.c_statistic.value:.2f} ({v.c_statistic.low:.2f} to "
            f"{v.c_statistic.high:.2f}), calibration slope {v.slope.value:.2f} ({v.slope.low:.2f} "
            f"to {v.slope.high:.2f}), in {v.n} patients{size}"
        )


def _strategies(found: Analysis) -> Iterator[str]:
    if found.strategies is None:
        return
    for row in found.strategies.risks:
        yield (
            f"Had all followed {row['strategy']}: {100 * row['weighted']:.1f} % by weighting, "
            f"{100 * row['g_formula']:.1f} % by the g-formula ({row['adherent']} patients did)"
        )
    for each in found.strategies.estimates:
        if each.scale == "risk difference":
            yield f"  {each.method}: {effect(each)} percentage points"
        elif each.method.startswith("marginal structural"):
            yield f"  {each.method}: {each.scale} {effect(each)}"


def _number(value: Any) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "no value tried"


def _quality(document: Mapping[str, Any]) -> Iterator[str]:
    chains = [each for each in document["missing"]["chains"] if each["r_hat_of_means"] is not None]
    if chains:
        worst_chain = max(chains, key=lambda each: each["r_hat_of_means"])
        ratio, name = worst_chain["r_hat_of_means"], worst_chain["covariate"]
        hint = "; run more iterations, unless a caution names collinear covariates"
        hint = hint if ratio > SLOW_CHAINS else ""
        yield f"Imputation chains: R-hat at most {ratio:.2f} ({name}){hint}"
    worst = [f"{method} {value:.3f}" for method, value in _worst(document).items()]
    if worst:
        yield f"Largest standardised difference: {', '.join(worst)}"
    if document["c_statistic"] is not None:
        yield f"C-statistic of the propensity score: {document['c_statistic']:.3f}"


def _by_method(estimates: tuple[Estimate, ...]) -> dict[str, dict[str, Estimate]]:
    found: dict[str, dict[str, Estimate]] = {}
    for each in estimates:
        found.setdefault(each.method, {})[each.scale] = each
    return found


def _arms(found: Analysis, document: Mapping[str, Any]) -> str:
    missing = document["missing"]
    lines = [f"{missing['analysed']} of {missing['assessed']} patients analysed."]
    lines += [f"  excluded, {why}: {count}" for why, count in missing["excluded"].items() if count]
    if missing["imputations"]:
        gaps = ", ".join(f"{name} {count}" for name, count in missing["values_missing"].items())
        lines.append(f"  imputed {missing['imputations']} times: {gaps}")
    lines += [f"  {line}" for line in arms_lines(found, document)]
    return "\n".join(lines)


def _worst(document: Mapping[str, Any]) -> dict[str, float]:
    return {
        method: max(abs(row["difference"] or 0.0) for row in rows)
        for method, rows in document["balance"].items()
    }
