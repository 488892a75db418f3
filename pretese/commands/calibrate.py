"""`pretese calibrate`: solve a scenario's calibrated parameters and store the record."""

import click

import pretese
from pretese.commands.options import seed_option
from pretese.screen.endings import CheckFailedError


@click.command()
@click.argument("scenario")
@click.option("--check", "only_check", is_flag=True, help="Test the stored calibration record.")
@click.option(
    "--replicates",
    type=click.IntRange(50, 1_000_000),
    default=1000,
    show_default=True,
    help="Simulated studies of --check.",
)
@seed_option()
def command(scenario: str, only_check: bool, replicates: int, seed: int) -> None:
    """Solve the calibrated parameters of SCENARIO (a shipped name or a file).

    Thousands of studies are simulated with common random numbers. The parameters are solved so
    that the targets are met on average, and stored with the achieved values in
    calibration_records/ next to the scenario. Exits with status 3 if any target is missed by more
    than 3 Monte Carlo standard errors.
    """
    from pretese.screen.console import SafeConsole

    found = pretese.calibrate(scenario, check=only_check, replicates=replicates, seed=seed)
    from pretese.article.calibration.calibration_view import failure, show_record

    show_record(SafeConsole(), found.record)
    if found.missed:
        raise CheckFailedError(failure(found.record))
    if found.is_new:
        found.write()
