"""`pretese simulate`: cohorts as tidy tables, with their truth apart."""

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
    "changes": "--set", "patients": "--men", "data_errors": "--dirt", "formats": "--format",
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
@click.option("--men", type=click.IntRange(2, 10_000_000), help="Men per study [scenario's].")
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
    changes: tuple[str, ...],
    dirt: float,
) -> None:
    """Draw SCENARIO (a shipped name or a file) and write its tables.

    Writes patients, visits, injections, procedures and transfers as a clinic would hold them, the
    truth apart from them in a folder of its own, a data dictionary with units and UCUM codes, and
    a manifest. The same call gives the same bytes.
    """
    with options_named(OPTIONS):
        chosen = pretese.scenario(scenario, dict(_change(each) for each in changes))
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


def _change(words: str) -> tuple[str, float]:
    path, sign, number = words.partition("=")
    try:
        return path.strip(), to_number(number)
    except ValueError:
        problem = f"{number!r} is no number" if sign else "there is no `=`"
        cure = "write PATH=NUMBER, such as spermatogenesis.treatment.direct=0"
        raise InputError.of("--set", words, problem, cure) from None
