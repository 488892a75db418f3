"""`pretese simulate`: cohorts as tidy tables, with their truth apart."""

from pathlib import Path

import click

import pretese
from pretese.commands.option_types import NumberRange
from pretese.commands.options import (
    formats_option,
    out_option,
    replicates_option,
    scenario_set_option,
    seed_option,
)
from pretese.io.export.formats import FORMATS, listed
from pretese.screen.console import SafeConsole
from pretese.screen.option_names import options_named

#: Arguments of the interface, as the options call them.
OPTIONS = {
    "changes": "--set", "patients": "--men", "data_errors": "--dirt", "formats": "--format",
    "folder": "--out",
}  # fmt: skip


@click.command()
@click.argument("scenario")
@click.option("--men", type=click.IntRange(2, 10_000_000), help="Men per study [scenario's].")
@replicates_option(1, 1_000_000, 1, "Simulated studies.")
@seed_option()
@out_option("Folder to write.", required=True)
@formats_option(FORMATS, "csv", f"{listed()}.")
@scenario_set_option
@click.option(
    "--dirt", type=NumberRange(0, 100), metavar="PERCENT", default=0.0, show_default=True,
    help="Spoil the rows of so many per cent of the men in each of six ways; labels in truth/.",
)  # fmt: skip
def command(
    scenario: str,
    men: int | None,
    replicates: int,
    seed: int,
    out: Path,
    formats: tuple[str, ...],
    changes: dict[str, float],
    dirt: float,
) -> None:
    """Draw SCENARIO (a shipped name or a file) and write its tables.

    Writes patients, visits, injections, procedures and transfers as a clinic would hold them, the
    truth apart from them in a folder of its own, a data dictionary with units and UCUM codes, and
    a manifest. The same call gives the same bytes.
    """
    with options_named(OPTIONS):
        chosen = pretese.scenario(scenario, changes)
        cohort = chosen.simulate(men, replicates, seed, dirt)
        cohort.write(out, formats)
    what, names = cohort.request, ", ".join(_observed())
    SafeConsole(stderr=True).print(
        f"{replicates} x {what.patients} men of {what.loaded.scenario.id}: {names} in {out}",
        highlight=False,
        soft_wrap=True,
    )


def _observed() -> tuple[str, ...]:
    from simulate.tables.study_tables import COLUMNS

    return tuple(COLUMNS)
