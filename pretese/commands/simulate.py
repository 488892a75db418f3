"""`pretese simulate`: cohorts as tidy tables, with their true effects in a separate folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

import pretese
from pretese.commands.option_names import options_named
from pretese.commands.option_types import NumberRange
from pretese.commands.options import (
    formats_option,
    out_option,
    part_option,
    patients_option,
    replicates_option,
    resume_option,
    scenario_set_option,
    seed_option,
    worlds_option,
)
from pretese.commands.parts import show_part
from pretese.io.export.formats import FORMATS, listed
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@click.argument("scenario")
@patients_option(2, 10_000_000, None, "Patients per study.", "the scenario's")
@replicates_option(1, 1_000_000, 1, "Simulated studies.")
@seed_option()
@out_option("Folder to write.", required=True)
@formats_option(FORMATS, "csv", f"{listed()}.")
@scenario_set_option
@click.option("--exact-days", is_flag=True,
              help="Use the days of the regimen: no weekdays, late visits or waits.")  # fmt: skip
@click.option(
    "--data-errors", type=NumberRange(0, 100), metavar="PERCENT", default=0.0, show_default=True,
    help="Introduce each error type into this percentage of patients; labels in truth/.",
)  # fmt: skip
@worlds_option()
@resume_option
@part_option
def command(
    scenario: str,
    patients: int | None,
    replicates: int,
    seed: int,
    out: Path,
    formats: tuple[str, ...],
    changes: dict[str, float],
    exact_days: bool,
    data_errors: float,
    worlds: int | None,
    resume: bool,
    part: str | None,
) -> None:
    """Simulate SCENARIO (a shipped name or a file) and write its tables.

    Writes tables of patients, visits, injections, procedures and transfers as a clinic records
    them; the true effects in a separate folder; a data dictionary with units and UCUM codes; and
    a manifest. The same call writes the same bytes.
    """
    from pretese.screen.console import SafeConsole
    from pretese.screen.transported_note import show_transported

    with options_named({"folder": "--out"}):
        chosen = pretese.scenario(scenario, changes)
        if worlds is not None:
            _refuse_with_worlds(resume=resume, part=part)
            bands = chosen.simulate_worlds(
                worlds, out, formats=formats, patients=patients, replicates=replicates, seed=seed,
                data_errors=data_errors, exact_days=exact_days,
            )  # fmt: skip
            _show_bands(bands, worlds)
            show_transported(chosen.loaded.transported, f"{out / 'manifest.json'} lists them.")
            return
        cohort = chosen.simulate(patients, replicates, seed, data_errors, exact_days=exact_days)
        if part is not None:
            show_part(cohort.write_part(out, part), as_json=False)
            return
        cohort.write(out, formats, resume=resume)
    what, names = cohort.request, ", ".join(_observed())
    SafeConsole(stderr=True).print(
        f"{replicates} x {what.patients} patients of {what.loaded.scenario.id}: {names} in {out}",
        highlight=False,
        soft_wrap=True,
    )
    show_transported(what.loaded.transported, f"{out / 'manifest.json'} lists them.")


def _refuse_with_worlds(*, resume: bool, part: str | None) -> None:
    for name, given in (("--resume", resume), ("--part", part)):
        if given:
            problem = "cohorts of several parameter sets are written in one run"
            raise InputError.of(name, "", problem, "give --worlds or this option, not both")


def _show_bands(bands: "pd.DataFrame", worlds: int) -> None:
    from pretese.cohort.ensemble_cohorts import bands_text

    echo(bands_text(bands, worlds))


def _observed() -> tuple[str, ...]:
    from simulate.tables.study_tables import COLUMNS

    return tuple(COLUMNS)
