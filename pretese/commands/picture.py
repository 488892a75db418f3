"""`pretese picture`: hormones of a patient or a cohort, quartiles, and variance reduction."""

from pathlib import Path

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import out_file_option, seed_option
from pretese.commands.output_types import OutputFile, WritingCommand
from pretese.pictures.scenario_pictures import PICTURES


@click.command(cls=WritingCommand)
@click.argument("kind", type=click.Choice(list(PICTURES)))
@click.argument("scenario")
@click.option(
    "--patient-number", type=click.IntRange(1), default=1, show_default=True,
    help="Number of the patient in the picture `patient`, from 1.",
)  # fmt: skip
@seed_option()
@out_file_option("File to write: .png or .svg.", OutputFile(".png", ".svg"), required=True)
def command(kind: str, scenario: str, patient_number: int, seed: int, out: Path) -> None:
    """Draw a picture of SCENARIO (a shipped name or a file).

    patient: hormones by the hour, with injections and decisions. cohort: all patients by day, with
    doses. quartiles: published and simulated. variance: variance reduction by common random
    numbers.
    """
    chosen = pretese.scenario(scenario)
    with options_named():
        figure = chosen.plot(kind, patient_number=patient_number, seed=seed)
    from pretese.plots.style import save

    save(figure, out, "--out")
