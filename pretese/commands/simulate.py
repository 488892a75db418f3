"""`pretese simulate`: cohorts as tidy tables, with their true effects in a separate folder."""

from pathlib import Path

import click

import pretese
from pretese.commands.options import NumberRange, seed_option, to_number
from pretese.io.export.formats import FORMATS, listed
from pretese.screen.console import SafeConsole
from pretese.screen.option_names import options_named
from protocol.errors import InputError

#: Arguments of the interface, as the options call them.
OPTIONS = {
    "changes": "--set", "patients": "--patients",
    "data_errors": "--data-errors", "formats": "--format",
    "folder": "--out",
}  # fmt: skip


def _formats(_: click.Context, __: click.Parameter, words: str) -> tuple[str, ...]:
    """Split a list of formats at its commas; each is written once, in the order of `FORMATS`."""
    given = {word.strip() for word in words.split(",")}
    for word in sorted(given - set(FORMATS)):
        raise click.BadParameter(f"{word!r} is not one of {', '.join(FORMATS)}.")
    return tuple(name for name in FORMATS if name in given)


@click.command()
@click.argument("scenario")
@click.option(
    "--patients",
    type=click.IntRange(2, 10_000_000),
    help="Patients per study [as the scenario says].",
)
@click.option("--replicates", type=click.IntRange(1, 1_000_000), default=1, show_default=True)
@seed_option()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--format", "formats", metavar="FORMAT[,FORMAT...]", default="csv", show_default=True,
    callback=_formats,
    help=f"{listed()}.",
)  # fmt: skip
@click.option(
    "--set", "changes", multiple=True, metavar="PATH=NUMBER",
    help="Replace a number of the scenario, such as spermatogenesis.treatment.direct=0.",
)  # fmt: skip
@click.option(
    "--data-errors", type=NumberRange(0, 100), metavar="PERCENT", default=0.0, show_default=True,
    help="Introduce each of six error types into this percentage of patients; labels in truth/.",
)  # fmt: skip
def command(
    scenario: str,
    patients: int | None,
    replicates: int,
    seed: int,
    out: Path,
    formats: tuple[str, ...],
    changes: tuple[str, ...],
    data_errors: float,
) -> None:
    """Simulate SCENARIO (a shipped name or a file) and write its tables.

    Writes tables of patients, visits, injections, procedures and transfers as a clinic records
    them; the true effects in a separate folder; a data dictionary with units and UCUM codes; and
    a manifest. The same call writes the same bytes.
    """
    with options_named(OPTIONS):
        chosen = pretese.scenario(scenario, dict(_change(each) for each in changes))
        cohort = chosen.simulate(patients, replicates, seed, data_errors)
        cohort.write(out, formats)
    what, names = cohort.request, ", ".join(_observed())
    SafeConsole(stderr=True).print(
        f"{replicates} x {what.patients} patients of {what.loaded.scenario.id}: {names} in {out}",
        highlight=False,
        soft_wrap=True,
    )


def _observed() -> tuple[str, ...]:
    from simulate.tables.study_tables import COLUMNS

    return tuple(COLUMNS)


def _change(words: str) -> tuple[str, float]:
    path, sign, number = words.partition("=")
    try:
        return path.strip(), to_number(number)
    except ValueError:
        problem = f"{number!r} is not a number" if sign else "there is no `=`"
        cure = "write PATH=NUMBER, such as spermatogenesis.treatment.direct=0"
        raise InputError.of("--set", words, problem, cure) from None
