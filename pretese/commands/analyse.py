"""`pretese analyse`: carry out an analysis plan on any table of men."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from estimate.comparison.table1 import format_p
from estimate.core.result import Estimate
from estimate.plan.analyse import analyse
from estimate.plan.findings import Analysis
from estimate.plan.spec import Plan
from pretese.analysis.analysis_figures import figures
from pretese.analysis.analysis_tables import (
    balance_table,
    characteristics_table,
    effect,
    estimates_table,
    score_odds_ratios,
    subgroups_table,
    weighted_table,
)
from pretese.commands.options import tell_assumptions
from pretese.io.input.plan_columns import uses_of
from pretese.io.input.read_table import TableFile, read_table
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import optional_result_folder
from pretese.io.output.versions import versions
from pretese.io.text.json_text import print_json, to_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.io.text.write_table import write_table
from pretese.plots.style import save
from pretese.screen.console import SafeConsole
from pretese.screen.progress import progress
from protocol.reading.documents import content_hash, parse_document, read_text

#: R-hat of chains above which more iterations are advised (Gelman et al. 2013).
SLOW_CHAINS = 1.2

NOTE = (
    "Risk differences are in percentage points; RR is a risk ratio; p is that of the ratio. An "
    "odds ratio given covariates (adjusted, models) and a marginal one answer different questions."
)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--plan", "plan_path", type=click.Path(path_type=Path), required=True,
    help="YAML file that says what to estimate, and how.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path),
    help="Folder for tables (CSV, Markdown, LaTeX, HTML) and figures (SVG, PNG).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
def command(data: Path, plan_path: Path, out: Path | None, as_json: bool) -> None:
    """Estimate the effect of treatment in DATA, a .csv or .parquet file with one row per man."""
    text = read_text(plan_path)
    plan = parse_document(text, Plan, where=str(plan_path))
    table = read_table(data, uses_of(plan))
    tell_assumptions(data, table.assumptions)
    with optional_result_folder(out) as folder, progress("analysing") as tell:
        found = analyse(table.frame, plan, where=str(data), tell=tell)
        answer = _answer(found, table, text)
        if folder is not None:
            _write(found, answer, folder)
    if as_json:
        print_json(answer)
    else:
        _show(SafeConsole(), found, answer, out)


def _answer(found: Analysis, table: TableFile, plan_text: str) -> dict[str, Any]:
    return {
        **rounded_document(found.record()),
        "versions": versions(),
        "plan_sha256": content_hash(plan_text),
        "data_sha256": table.sha256,
        "data_assumptions": list(table.assumptions),
    }


def _write(found: Analysis, answer: dict[str, Any], folder: Path) -> None:
    (folder / "analysis.json").write_text(to_json(answer) + "\n", encoding="utf-8")
    write_table(estimates_table(found), folder / "estimates", "Effects of treatment")
    if found.plan.covariates:
        first = characteristics_table(found)
        write_table(first, folder / "table1", "Characteristics by treatment")
        if (weighted := weighted_table(found)) is not None:
            title = "Characteristics by treatment, weighted (ATE)"
            write_table(weighted, folder / "table1_weighted", title)
        write_table(balance_table(found), folder / "balance", "Standardised mean differences")
    if found.score is not None:
        model = score_odds_ratios(found).round(3)
        write_table(model, folder / "propensity_model", "Odds ratios of treatment")
    if found.divisions:
        write_table(subgroups_table(found), folder / "subgroups", "Effect by subgroup")
    for name, figure in figures(found).items():
        for ending in ("svg", "png"):
            save(figure, folder / f"{name}.{ending}")
    write_manifest(folder, {key: answer[key] for key in ("versions", "plan_sha256", "data_sha256")})


def _show(console: Console, found: Analysis, answer: dict[str, Any], out: Path | None) -> None:
    """Print who was analysed, the effects, what they mean, balance, and what was written."""
    console.print(_arms(found, answer), highlight=False)
    console.print(_effects(found))
    for remark in found.remarks:
        console.print(f"Not estimable: {remark}", style="bold", highlight=False)
    for population, methods in _populations(found).items():
        console.print(f"Among {population}: {', '.join(methods)}", highlight=False)
    console.print(NOTE, style="dim")
    for line in (*_explored(found), *_quality(answer)):
        console.print(line, highlight=False)
    if out is not None:
        console.print(f"Tables and figures: {out}", highlight=False, soft_wrap=True)
    console.print("Research software, not a medical device.", style="dim")


def _effects(found: Analysis) -> Table:
    shown = Table(box=SIMPLE)
    for title in ("Method", "Risk difference", "Odds ratio (95 % CI)", "p"):
        # A long name may take two lines, a number may not
        shown.add_column(title, no_wrap=title != "Method", overflow="fold")
    for method, answers in _by_method(found.estimates).items():
        difference = answers.get("risk difference")
        ratio = _ratio(answers)
        words = effect(ratio) if ratio.scale == "odds ratio" else f"RR {effect(ratio)}"
        cells = (effect(difference) if difference else "", words)
        shown.add_row(method, *cells, format_p(float(ratio.p_value)))
    return shown


def _ratio(answers: dict[str, Estimate]) -> Estimate:
    """Return the odds ratio of a method, or the risk ratio of one that has no other."""
    return answers.get("odds ratio") or answers["risk ratio"]


def _populations(found: Analysis) -> dict[str, list[str]]:
    """Return whom the answers are about, to the methods."""
    methods: dict[str, list[str]] = {}
    for method, answers in _by_method(found.estimates).items():
        population = _ratio(answers).estimand.population.split(":")[0]
        methods.setdefault(population, []).append(method)
    return methods


def _explored(found: Analysis) -> Iterator[str]:
    """Yield one line per answer to a further question of the plan."""
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
    for delivery in found.deliveries:
        shares = [f"{100 * (1 - curve.survival[-1]):.1f} %" for curve in delivery.curves]
        yield (
            f"Cumulative delivery ({delivery.convention}): {shares[1]} treated, {shares[0]} "
            f"untreated; log-rank p {format_p(delivery.p_value)}"
        )
    for change in found.changes:
        for group, pairs in change.groups:
            before, after = (_number(np.median(x)) for x in (pairs.before, pairs.after))
            yield (
                f"{change.name}, {group}: median {before} before and {after} after, in "
                f"{len(pairs.before)} men (p {format_p(pairs.p_value) or 'not estimable'})"
            )


def _number(value: Any) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "no value tried"


def _quality(answer: dict[str, Any]) -> Iterator[str]:
    chains = [each for each in answer["missing"]["chains"] if each["r_hat_of_means"] is not None]
    if chains:
        worst_chain = max(chains, key=lambda each: each["r_hat_of_means"])
        ratio, name = worst_chain["r_hat_of_means"], worst_chain["covariate"]
        advice = "; more iterations would be better" if ratio > SLOW_CHAINS else ""
        yield f"Imputation chains: R-hat at most {ratio:.2f} ({name}){advice}"
    worst = [f"{method} {value:.3f}" for method, value in _worst(answer).items()]
    if worst:
        yield f"Largest standardised difference: {', '.join(worst)}"
    if answer["c_statistic"] is not None:
        yield f"C-statistic of the propensity score: {answer['c_statistic']:.3f}"


def _by_method(estimates: tuple[Estimate, ...]) -> dict[str, dict[str, Estimate]]:
    found: dict[str, dict[str, Estimate]] = {}
    for each in estimates:
        found.setdefault(each.method, {})[each.scale] = each
    return found


def _arms(found: Analysis, answer: dict[str, Any]) -> str:
    missing, plan = answer["missing"], found.plan
    lines = [f"{missing['analysed']} of {missing['men']} men analysed."]
    lines += [f"  left out, {why}: {count}" for why, count in missing["left_out"].items() if count]
    if missing["imputations"]:
        gaps = ", ".join(f"{name} {count}" for name, count in missing["values_missing"].items())
        lines.append(f"  imputed {missing['imputations']} times: {gaps}")
    for value, arm in ((1, answer["arms"]["treated"]), (0, answer["arms"]["untreated"])):
        risk = "" if arm["risk"] is None else f" ({100 * arm['risk']:.1f} %)"
        count = f"{arm['with_outcome']} of {arm['men']}"
        lines.append(f"  {plan.treatment} = {value}: {plan.outcome} in {count}{risk}")
    return "\n".join(lines)


def _worst(answer: dict[str, Any]) -> dict[str, float]:
    return {
        method: max(abs(row["difference"] or 0.0) for row in rows)
        for method, rows in answer["balance"].items()
    }
