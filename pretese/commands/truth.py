"""`pretese truth`: what is true in a scenario, for each named estimand on each scale."""

from pathlib import Path

import click

import pretese
from pretese.commands.options import out_option, seed_option
from pretese.io.output.atomic_file import check_file
from pretese.screen.console import SafeConsole
from pretese.screen.option_names import options_named


@click.command()
@click.argument("scenario")
@click.option("--men", type=click.IntRange(1, 1_000_000_000), default=1_000_000, show_default=True)
@seed_option()
@out_option("CSV file to write.")
def command(scenario: str, men: int, seed: int, out: Path | None) -> None:
    """Count the true effects of SCENARIO (a shipped name or a file) over a large draw of men.

    Both potential outcomes of every man are known, so nothing is estimated; what remains is the
    Monte Carlo standard error of the draw (of ratios: on the log scale).
    """
    if out:
        check_file(out, "--out")
    effects = pretese.scenario(scenario).truth(men, seed)
    if out:
        with options_named({"path": "--out"}):
            effects.write(out)
    from pretese.cohort.truth_view import effects_table

    title = f"True effects in {scenario} (risks in %)"
    SafeConsole().print(effects_table(effects.frame, title))
