"""`pretese reproduce`: the published study and its simulation, number by number."""

from pathlib import Path

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import (
    json_option,
    out_option,
    replicates_option,
    seed_option,
    workers_option,
    worlds_option,
)
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError


@click.command()
@click.option(
    "--scenario",
    "name",
    default="paper",
    show_default=True,
    help="Name of a shipped scenario, or a file.",
)
@replicates_option(2, 1_000_000, 200, "Simulated studies.")
@seed_option()
@out_option("Folder for the report, tables and one simulated cohort.", "out/reproduce")
@workers_option
@click.option(
    "--bias-analysis", "with_bias_analysis", is_flag=True,
    help="Also analyse each source of bias, with known true effects "
         "(bias-analysis.html, .md, .csv).",
)  # fmt: skip
@worlds_option()
@json_option
def command(
    name: str,
    replicates: int,
    seed: int,
    out: Path,
    workers: int,
    with_bias_analysis: bool,
    worlds: int | None,
    as_json: bool,
) -> None:
    """Simulate the published study, analyse it as published, and compare every number.

    Exits with status 3 if any calibration target is missed by more than 3 Monte Carlo standard
    errors.
    """
    from pretese.screen.console import SafeConsole

    with options_named():
        found = pretese.reproduce(
            name, replicates=replicates, seed=seed, workers=workers,
            bias_analysis=with_bias_analysis, worlds=worlds, out=out,
        )  # fmt: skip
    if as_json:
        print_json(found.to_dict()["comparison"])
    else:
        from pretese.article.report.reproduction_view import show_reproduction

        show_reproduction(SafeConsole(), found.run, out)
    if found.verdict:
        raise CheckFailedError(found.verdict)
