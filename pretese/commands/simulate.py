"""`pretese simulate`: cohorts as tidy tables, with their truth apart."""

from pathlib import Path

import click

from pretese.commands.options import NumberRange, seed_option, to_number
from pretese.io.export.cohort_files import write_studies
from pretese.io.export.formats import FORMATS, listed
from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.output.versions import versions
from pretese.screen.console import SafeConsole
from pretese.screen.progress import progress
from protocol.errors import InputError
from simulate.scenario.load import load_scenario
from simulate.scenario.parameter_paths import mechanism_hash
from simulate.tables.study_tables import COLUMNS


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
    overrides = dict(_change(each) for each in changes)
    loaded = load_scenario(scenario, overrides)
    each = men or loaded.men
    regimens = regimen_files(loaded)
    with result_folder(out) as folder, progress("simulated men") as tell:
        write_studies(
            loaded, folder, formats, seed, replicates, each,
            lambda done: tell(done, replicates * each), dirt / 100,
        )  # fmt: skip
        facts = {
            "scenario": loaded.id,
            "mechanism_sha256": mechanism_hash(loaded),
            "changed": overrides,
            "men": each,
            "replicates": replicates,
            "seed": seed,
            "formats": formats,
            **({"dirt_percent": dirt} if dirt else {}),
            "versions": versions(),
        }
        regimens.check()
        write_manifest(folder, facts)
    SafeConsole(stderr=True).print(
        f"{replicates} x {each} men of {loaded.id}: {', '.join(COLUMNS)} in {out}",
        highlight=False,
        soft_wrap=True,
    )


def _change(words: str) -> tuple[str, float]:
    path, sign, number = words.partition("=")
    try:
        return path.strip(), to_number(number)
    except ValueError:
        problem = f"{number!r} is no number" if sign else "there is no `=`"
        cure = "write PATH=NUMBER, such as spermatogenesis.treatment.direct=0"
        raise InputError.of("--set", words, problem, cure) from None
