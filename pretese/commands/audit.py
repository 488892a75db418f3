"""``pretese audit``: a clinic's log compared with its regimen, per patient and per cohort."""

from pathlib import Path

import click

from pretese.api.protocols import audits, regimens
from pretese.commands.option_types import pairs_of
from pretese.commands.options import (
    json_option,
    regimen_option,
    regimen_set_option,
    show_assumptions,
)
from pretese.io.output.atomic_file import check_file
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError
from pretese.screen.option_names import options_named
from pretese.screen.terminal import echo


@click.command("audit")
@click.argument("log", type=click.Path(path_type=Path))
@regimen_option
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="NAME=COLUMN",
    help="The log's own name of a column: patient=ID. May be repeated.",
)
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write deviations to a file.")
@click.option("--strict", is_flag=True, help="Exit with 3 if there is any deviation.")
@regimen_set_option
@json_option
def command(
    log: Path,
    regimen: str,
    columns: tuple[str, ...],
    table: Path | None,
    strict: bool,
    changes: dict[str, float],
    as_json: bool,
) -> None:
    """Compare a clinic's log with its regimen.

    LOG is a CSV file with the columns patient, date, event, drug, amount, unit, value; or a folder
    that `pretese simulate` wrote, of which the men who followed the regimen are audited.
    """
    if table is not None:
        check_file(table, "--csv")
    chosen = regimens.regimen(regimen, **changes)
    found = audits.audit(log, chosen, columns=pairs_of("--map", columns, "patient=ID"))
    show_assumptions(log, found.data_assumptions)
    if table is not None:
        with options_named({"path": "--csv"}):
            found.to_csv(table)
        echo(f"wrote {table}", err=True)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))
    if strict and found.deviations:
        raise CheckFailedError(f"{len(found.deviations)} deviations")
