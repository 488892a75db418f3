"""``pretese audit``: a clinic's log compared with its regimen, per patient and per cohort."""

import datetime as dt
from pathlib import Path

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Date, pairs_of
from pretese.commands.options import (
    json_option,
    mapping_option,
    reference_range_option,
    regimen_option,
    regimen_set_option,
    report_option,
    show_assumptions,
)
from pretese.commands.output_types import InputPath, OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError
from pretese.screen.terminal import echo
from protocol.reading.day_formats import DAY_ORDERS


@click.command("audit", cls=WritingCommand)
@click.argument("log", type=InputPath())
@regimen_option
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Name of a column in the log, such as patient=ID. May be repeated.",
)
@mapping_option("YAML file with the column names and terms of the log.")
@click.option("--dates", type=click.Choice(DAY_ORDERS), help="Order of dates such as 01/03/2022.")
@click.option("--decimal", type=click.Choice(("point", "comma")), help="Decimal mark of the log.")
@click.option("--sheet", help="Name of the sheet, if the workbook has several.")
@click.option(
    "--calendar-months",
    is_flag=True,
    default=None,
    help="Count therapy in calendar months instead of months of 30 days.",
)
@click.option(
    "--visit-months",
    is_flag=True,
    default=None,
    help="Count months of therapy from visit to visit.",
)
@click.option("--data-cutoff", type=Date(), help="The last day covered by the log.")
@click.option("--csv", "table", type=OutputFile(), help="Write the deviations to a CSV file.")
@report_option("Write an HTML report with a timeline of each patient.")
@click.option("--strict", is_flag=True, help="Exit with status 3 if there is any deviation.")
@reference_range_option
@regimen_set_option
@json_option
def command(
    log: Path,
    regimen: str,
    columns: tuple[str, ...],
    mapping: Path | None,
    dates: str | None,
    decimal: str | None,
    sheet: str | None,
    calendar_months: bool | None,
    visit_months: bool | None,
    data_cutoff: dt.datetime | None,
    table: Path | None,
    report: Path | None,
    strict: bool,
    ranges: tuple[str, ...],
    changes: dict[str, float],
    as_json: bool,
) -> None:
    """Compare a clinic's log with its regimen.

    LOG is a table (CSV, xlsx) with the columns patient, date, event, drug, amount, unit, value; or
    a folder written by `pretese simulate`, in which case the patients who follow the regimen are
    audited.
    """
    from pretese.api.protocols.audits import audit
    from pretese.api.protocols.read_regimen import regimen as read_regimen

    files = {"--csv": table, "--report": report}
    chosen = read_regimen(regimen, **changes).with_reference_ranges(ranges)
    with options_named({"columns": "--map"}):
        found = audit(
            log,
            chosen,
            columns=pairs_of("--map", columns, "patient=ID"),
            mapping=mapping,
            dates=dates,
            decimal=decimal,
            sheet=sheet,
            calendar_months=calendar_months,
            visit_months=visit_months,
            data_cutoff=data_cutoff,
        )
    show_assumptions(log, found.data_assumptions)
    for option, path in files.items():
        if path is not None:
            with options_named({"path": option}):
                (found.to_csv if option == "--csv" else found.to_html)(path)
            echo(f"wrote {path}", err=True)
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))
    if strict and found.deviations:
        raise CheckFailedError(f"{len(found.deviations)} deviations")
