"""`pretese analyse`: carry out an analysis plan on any table of men."""

import json
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from estimate.analyse import analyse
from estimate.analysis import Analysis
from estimate.plan import Plan
from estimate.result import Estimate
from estimate.table1 import format_p
from pretese.analysis_tables import (
    balance_table,
    characteristics_table,
    effect,
    estimates_table,
    score_odds_ratios,
    subgroups_table,
)
from pretese.files import versions, whole_folder, write_manifest
from pretese.plots.analysis import figures
from pretese.plots.style import house_style, svg
from pretese.progress import progress
from pretese.table_file import TableFile, read_table, write_table
from protocol.documents import content_hash, parse_document, read_text


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
    table = read_table(data)
    with progress("analysing") as tell:
        found = analyse(table.frame, plan, where=str(data), tell=tell)
        answer = _answer(found, table, text)
        if out is not None:
            _write(found, answer, out)
    if as_json:
        click.echo(json.dumps(answer, indent=1, allow_nan=False))
    else:
        # A column may be called "FSH [IU/L]": no markup
        _show(Console(markup=False), found, answer, out)


def _answer(found: Analysis, table: TableFile, plan_text: str) -> dict[str, Any]:
    return {
        **found.record(),
        "versions": versions(),
        "plan_sha256": content_hash(plan_text),
        "data_sha256": table.sha256,
    }


def _write(found: Analysis, answer: dict[str, Any], out: Path) -> None:
    with whole_folder(out) as folder:
        text = json.dumps(answer, indent=1, allow_nan=False)
        (folder / "analysis.json").write_text(text + "\n", encoding="utf-8")
        write_table(estimates_table(found), folder / "estimates", "Effects of treatment")
        if found.plan.covariates:
            first = characteristics_table(found)
            write_table(first, folder / "table1", "Characteristics by treatment")
            write_table(balance_table(found), folder / "balance", "Standardised mean differences")
        if found.score is not None:
            model = score_odds_ratios(found).round(3)
            write_table(model, folder / "propensity_model", "Odds ratios of treatment")
        if found.divisions:
            write_table(subgroups_table(found), folder / "subgroups", "Effect by subgroup")
        for name, figure in figures(found).items():
            (folder / f"{name}.svg").write_text(svg(figure), encoding="utf-8")
            with house_style():
                figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})
        write_manifest(
            folder, {key: answer[key] for key in ("versions", "plan_sha256", "data_sha256")}
        )


def _show(console: Console, found: Analysis, answer: dict[str, Any], out: Path | None) -> None:
    """Print who was analysed, the effects, what they mean, balance, and what was written."""
    console.print(_arms(found, answer), highlight=False)
    shown = Table(box=SIMPLE)
    for title in ("Method", "Risk difference", "Odds ratio (95 % CI)", "p"):
        shown.add_column(title, no_wrap=True)
    populations: dict[str, list[str]] = {}
    for method, answers in _by_method(found.estimates).items():
        ratio = answers["odds ratio"]
        difference = answers.get("risk difference")
        cells = (effect(difference) if difference else "", effect(ratio))
        shown.add_row(method, *cells, format_p(float(ratio.p_value)))
        populations.setdefault(ratio.estimand.population.split(":")[0], []).append(method)
    console.print(shown)
    for population, methods in populations.items():
        console.print(f"Among {population}: {', '.join(methods)}", highlight=False)
    console.print(
        "Risk differences are in percentage points; p is that of the odds ratio. An odds ratio "
        "given covariates (adjusted, models) and a marginal one answer different questions.",
        style="dim",
    )
    for division in found.divisions:
        groups = ", ".join(
            f"{label} {effect(answer)}"
            for label, answer in zip(division.labels, division.separate, strict=True)
        )
        p_value = format_p(division.p_value) or "not estimable"
        console.print(f"{division.name}: {groups}; p for interaction {p_value}", highlight=False)
    for shape in found.shapes:
        p_value = format_p(shape.nonlinear_p) or "not estimable"
        console.print(f"{shape.name}: p for a bent association {p_value}", highlight=False)
    for mediation in found.mediations.values():
        share = mediation.effects["proportion"]
        console.print(
            f"{mediation.exposure}: {100 * share.median:.1f} % of its effect through "
            f"{mediation.mediator} (p = {share.p_value:.3f} ± {share.p_error:.3f})",
            highlight=False,
        )
    for delivery in found.deliveries:
        shares = [f"{100 * (1 - curve.survival[-1]):.1f} %" for curve in delivery.curves]
        console.print(
            f"Cumulative delivery ({delivery.convention}): {shares[1]} treated, {shares[0]} "
            f"untreated; log-rank p {format_p(delivery.p_value)}",
            highlight=False,
        )
    worst = [f"{method} {value:.3f}" for method, value in _worst(answer).items()]
    if worst:
        console.print(f"Largest standardised difference: {', '.join(worst)}", highlight=False)
    if answer["c_statistic"] is not None:
        console.print(f"C-statistic of the propensity score: {answer['c_statistic']:.3f}")
    if out is not None:
        console.print(f"Tables and figures: {out}", highlight=False, soft_wrap=True)
    console.print("Research software, not a medical device.", style="dim")


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
