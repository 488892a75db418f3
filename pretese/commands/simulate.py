"""`pretese simulate`: cohorts as tidy tables, with their truth apart."""

from pathlib import Path

import click
from rich.console import Console

from pretese.certificate import load_scenario
from pretese.cohort_files import FORMATS, write_studies
from pretese.files import versions, whole_folder, write_csv, write_manifest
from pretese.mechanism import mechanism_hash
from pretese.progress import progress
from protocol.errors import InputError
from simulate.tables import COLUMNS, dictionary


@click.command()
@click.argument("scenario")
@click.option("--men", type=click.IntRange(2, 10_000_000), help="Men per study [scenario's].")
@click.option("--replicates", type=click.IntRange(1, 1_000_000), default=1, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True,
    help="File type of the tables.",
)  # fmt: skip
@click.option(
    "--set", "changes", multiple=True, metavar="PATH=NUMBER",
    help="Replace a number of the scenario, such as spermatogenesis.treatment.direct=0.",
)  # fmt: skip
def command(
    scenario: str,
    men: int | None,
    replicates: int,
    seed: int,
    out: Path,
    kind: str,
    changes: tuple[str, ...],
) -> None:
    """Draw SCENARIO (a shipped name or a file) and write its tables.

    Writes patients, visits, injections, procedures and transfers as a clinic would hold them, the
    truth apart from them, a data dictionary and a manifest. The same call gives the same bytes.
    """
    overrides = dict(_change(each) for each in changes)
    loaded = load_scenario(scenario, overrides)
    with whole_folder(out) as folder, progress("simulated studies") as tell:
        write_studies(
            loaded, folder, kind, seed, replicates, men, lambda done: tell(done, replicates)
        )
        write_csv(dictionary(), folder / "dictionary.csv")
        facts = {
            "scenario": loaded.id,
            "mechanism_sha256": mechanism_hash(loaded),
            "changed": overrides,
            "men": men or loaded.men,
            "replicates": replicates,
            "seed": seed,
            "versions": versions(),
        }
        write_manifest(folder, facts)
    Console(stderr=True).print(
        f"{replicates} x {men or loaded.men} men of {loaded.id}: {', '.join(COLUMNS)} in {out}",
        highlight=False,
        soft_wrap=True,
    )


def _change(words: str) -> tuple[str, float]:
    path, sign, number = words.partition("=")
    try:
        return path.strip(), float(number)
    except ValueError:
        problem = f"{number!r} is no number" if sign else "there is no `=`"
        cure = "write PATH=NUMBER, such as spermatogenesis.treatment.direct=0"
        raise InputError.of("--set", words, problem, cure) from None
