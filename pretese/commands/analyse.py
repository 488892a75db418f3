"""`pretese analyse`: apply an analysis plan to any table of patients."""

from pathlib import Path

import click

from pretese.commands.options import (
    json_option,
    out_option,
    plan_option,
    report_option,
    show_assumptions,
)
from pretese.commands.output_types import InputPath, WritingCommand
from pretese.io.text.json_text import print_json


@click.command(cls=WritingCommand)
@click.argument("data", type=InputPath())
@plan_option("Analysis plan (YAML): what to estimate, and how.", required=True)
@out_option("Folder for tables (CSV, Markdown, LaTeX, HTML) and figures (SVG, PNG).")
@click.option("--visits", type=InputPath(), help="Table of visits, for a plan with strategies.")
@click.option("--injections", type=InputPath(), help="Table of injections, for strategies.")
@report_option(
    "HTML page (.html) or Word document (.docx): effects, tables, figures, methods, reporting "
    "items.", ".html", ".htm", ".docx",
)  # fmt: skip
@click.option(
    "--style", type=click.Choice(["plain", "nejm", "jama", "lancet"]), default="plain",
    show_default=True, help="Journal whose format is used for p-values and intervals in tables.",
)  # fmt: skip
@json_option
def command(
    data: Path, plan_path: Path, out: Path | None, report: Path | None, as_json: bool,
    visits: Path | None, injections: Path | None, style: str,
) -> None:  # fmt: skip
    """Estimate the effect of treatment in DATA, a table with one row per patient."""
    from pretese.api.analysis.analyses import analyse
    from pretese.api.analysis.analyses import plan as read_plan
    from pretese.io.output.result_folder import optional_result_folder
    from pretese.screen.extras import need_library

    if report is not None and report.suffix == ".docx":
        need_library("docx", "--report", otherwise="end the file in .html")
    plan = read_plan(plan_path)
    with optional_result_folder(out) as folder:  # checked before the analysis
        found = analyse(
            data, plan, visits=visits, injections=injections,
            on_assumption=lambda each: show_assumptions(data, [each]),
        )  # fmt: skip
        if folder is not None:
            found.write_into(folder, style)
    if report is not None:
        found.write_report(report, style, "--report")
    if as_json:
        print_json(found.to_dict())
        return
    from pretese.analysis.analysis_view import show_analysis
    from pretese.screen.console import SafeConsole

    show_analysis(SafeConsole(), found.findings, found.document, out)
