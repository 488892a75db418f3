"""`pretese analyse`: carry out an analysis plan on any table of patients."""

from pathlib import Path

import click

from pretese.api.analysis.analyses import analyse
from pretese.api.analysis.analyses import plan as read_plan
from pretese.commands.options import tell_assumptions
from pretese.io.output.result_folder import optional_result_folder
from pretese.io.text.json_text import print_json


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
    """Estimate the effect of treatment in DATA: one row per patient, .csv or .parquet."""
    plan = read_plan(plan_path)
    with optional_result_folder(out) as folder:  # checked before there is anything to write
        found = analyse(data, plan, on_assumption=lambda each: tell_assumptions(data, [each]))
        if folder is not None:
            found.write_into(folder)
    if as_json:
        print_json(found.to_dict())
        return
    from pretese.analysis.analysis_view import show_analysis
    from pretese.screen.console import SafeConsole

    show_analysis(SafeConsole(), found.findings, found.document, out)
