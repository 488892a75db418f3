"""`pretese calibrate`: solve a scenario's calibrated parameters and store the certificate."""

import click

import pretese
from pretese.commands.options import seed_option
from pretese.screen.console import SafeConsole
from pretese.screen.endings import CheckFailedError


@click.command()
@click.argument("scenario")
@click.option("--check", "only_check", is_flag=True, help="Test the stored certificate.")
@click.option(
    "--studies",
    type=click.IntRange(50, 1_000_000),
    default=1000,
    show_default=True,
    help="Studies drawn by --check.",
)
@seed_option()
def command(scenario: str, only_check: bool, studies: int, seed: int) -> None:
    """Solve the calibrated parameters of SCENARIO (a shipped name or a file).

    Draws thousands of studies with common random numbers, moves the parameters until the targets
    come out, and stores what was achieved in certificates/ beside the scenario. Exit code 3 if a
    target is missed by more than 3 Monte Carlo standard errors.
    """
    found = pretese.calibrate(scenario, check=only_check, studies=studies, seed=seed)
    from pretese.article.calibration.calibration_view import failure, show_record

    show_record(SafeConsole(), found.record)
    if found.missed:
        raise CheckFailedError(failure(found.record))
    if found.is_new:
        found.write()
