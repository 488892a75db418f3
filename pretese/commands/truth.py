"""`pretese truth`: the true effects of a scenario, for each estimand on each scale."""

from pathlib import Path

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.options import (
    json_option,
    out_file_option,
    patients_option,
    scenario_set_option,
    seed_option,
    worlds_option,
)
from pretese.commands.output_types import OutputFile, WritingCommand


@click.command(cls=WritingCommand)
@click.argument("scenario")
@patients_option(1, 1_000_000_000, 1_000_000, "Patients simulated.")
@seed_option()
@scenario_set_option
@worlds_option()
@out_file_option("CSV file to write.", OutputFile())
@json_option
def command(
    scenario: str,
    patients: int,
    seed: int,
    changes: dict[str, float],
    worlds: int | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compute the true effects of SCENARIO (a shipped name or a file) in many patients.

    Both potential outcomes of every patient are simulated, so that no model is fitted; the Monte
    Carlo standard error (of ratios: on the log scale) is the only uncertainty.
    """
    with options_named({"path": "--out", "changes": "--set"}):
        effects = pretese.scenario(scenario, changes).truth(patients, seed, worlds)
        if out:
            effects.write(out)
    if as_json:
        from pretese.io.text.json_text import print_json

        print_json(effects.to_dict())
        return
    from pretese.cohort.truth_view import show_truth
    from pretese.screen.console import SafeConsole
    from pretese.screen.transported_note import show_transported

    show_truth(SafeConsole(), effects.frame, scenario, worlds)
    show_transported(effects.transported, "--json lists them.", SafeConsole())
