"""`pretese fit`: a scenario fitted to a clinic's own table of patients."""

from pathlib import Path

import click

from pretese.api.simulation.fits import MAX_RESAMPLES, MIN_RESAMPLES, RESAMPLES, fit_scenario
from pretese.commands.option_names import options_named
from pretese.commands.options import (
    json_option,
    mapping_option,
    out_option,
    seed_option,
    show_assumptions,
)
from pretese.commands.output_types import InputPath, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo


@click.command(cls=WritingCommand)
@click.argument("data", type=InputPath())
@mapping_option("YAML file that maps the columns of DATA. Not needed for a simulated table.")
@click.option(
    "--resamples", type=click.IntRange(MIN_RESAMPLES, MAX_RESAMPLES), default=RESAMPLES,
    show_default=True, help="Number of bootstrap resamples for the intervals.",
)  # fmt: skip
@seed_option()
@out_option("Folder for the scenario file, realism.html and fit.json.")
@json_option
def command(
    data: Path, mapping: Path | None, resamples: int, seed: int, out: Path | None, as_json: bool
) -> None:
    """Fit a scenario to DATA, a table with one row per patient, and compare both.

    The fitted scenario can be used like a shipped one, for example: pretese simulate
    OUT/fitted.yaml. The id of the mapping names the file, if there is one. The scenario contains
    no data of individual patients.
    """
    from pretese.io.output.result_folder import optional_result_folder

    with (
        options_named({"folder": "--out"}),
        optional_result_folder(out) as folder,
    ):
        found = fit_scenario(data, mapping, resamples=resamples, seed=seed)
        show_assumptions(data, found.result.patients.assumptions)
        if folder is not None:
            from pretese.fitting.report.fit_folder import write_fit

            write_fit(found.result, folder)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))
