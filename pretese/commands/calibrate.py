"""`pretese calibrate`: solve a scenario's calibrated parameters and store the record."""

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import seed_option, workers_option, worlds_option
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo


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
@worlds_option("Make an ensemble of so many parameter sets that all meet every target.")
@seed_option()
@workers_option
def command(
    scenario: str, only_check: bool, replicates: int, worlds: int | None, seed: int, workers: int
) -> None:
    """Solve the calibrated parameters of SCENARIO (a shipped name or a file).

    Thousands of studies are simulated with common random numbers. The parameters are solved so
    that the targets are met on average, and stored with the achieved values in
    calibration_records/ next to the scenario. Exits with status 3 if any target is missed by more
    than 3 Monte Carlo standard errors.

    With --worlds the stored solution is the start of an ensemble: assumed numbers are drawn from
    their ranges, calibrated ones are solved again within the sampling error of the published study,
    and each set is tested by simulation. It is stored in ensembles/ next to the scenario.
    """
    from pretese.screen.console import SafeConsole

    if worlds is not None:
        with options_named():
            stored = pretese.calibrate(scenario, check=True, replicates=replicates, seed=seed)
            made = stored.ensemble(worlds, seed=seed, workers=workers)
        made.write()
        echo(str(made))
        return
    found = pretese.calibrate(scenario, check=only_check, replicates=replicates, seed=seed)
    from pretese.article.calibration.calibration_view import failure, show_record

    show_record(SafeConsole(), found.record)
    if found.missed:
        raise CheckFailedError(failure(found.record))
    if found.is_new:
        found.write()
