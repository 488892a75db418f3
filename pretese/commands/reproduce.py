"""`pretese reproduce`: the published study and its simulation, number by number."""

from pathlib import Path

import click

import pretese
from pretese.commands.options import seed_option
from pretese.io.text.json_text import print_json
from pretese.screen.console import SafeConsole
from pretese.screen.endings import CheckFailedError
from pretese.screen.option_names import options_named


@click.command()
@click.option("--scenario", "name", default="paper", show_default=True, help="Name or file.")
@click.option(
    "--replicates", type=click.IntRange(2, 1_000_000), default=200, show_default=True,
    help="Simulated studies.",
)  # fmt: skip
@seed_option(2022)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/reproduce"), show_default=True,
    help="Folder for the report, tables and one simulated cohort.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True,
    help="Processes; the results do not depend on it.",
)  # fmt: skip
@click.option(
    "--bias-analysis", "with_bias_analysis", is_flag=True,
    help="Also analyse each source of bias with known true effects (bias-analysis.html, .md, .csv).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON document.")
def command(
    name: str,
    replicates: int,
    seed: int,
    out: Path,
    workers: int,
    with_bias_analysis: bool,
    as_json: bool,
) -> None:
    """Reproduce the published study: simulate it, analyse it likewise, compare every number.

    Exits with status 3 if any calibration target is missed by more than 3 Monte Carlo standard
    errors.
    """
    with options_named({"out": "--out"}):
        found = pretese.reproduce(
            name, replicates=replicates, seed=seed, workers=workers,
            bias_analysis=with_bias_analysis, out=out,
        )  # fmt: skip
    if as_json:
        print_json(found.to_dict()["comparison"])
    else:
        from pretese.article.report.reproduction_view import show_reproduction

        show_reproduction(SafeConsole(), found.run.rows, found.run.simulated, out, replicates)
    if found.verdict:
        raise CheckFailedError(found.verdict)
