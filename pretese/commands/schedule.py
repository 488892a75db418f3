"""``pretese schedule``: dated injections, visits and decisions, as a table and a calendar."""

import datetime as dt
from pathlib import Path

import click

from pretese.api.protocols import regimens
from pretese.commands.options import Date, Number, json_option, regimen_option, set_option, settings
from pretese.io.output.atomic_file import check_file
from pretese.io.text.json_text import print_json
from pretese.screen.option_names import options_named
from pretese.screen.terminal import echo

#: What messages call the arguments of the interface here.
OPTIONS = {
    "schedule": "pretese schedule",
    "start": "--start",
    "fsh": "--fsh",
    "timezone": "--timezone",
    "path": "--ics",
}


@click.command("schedule")
@regimen_option
@click.option(
    "--start",
    type=Date(),
    required=True,
    help="The day of the first injection.",
)
@click.option(
    "--fsh",
    "fsh",
    type=Number(),
    multiple=True,
    help="FSH at the end of month 1, 2, ... as far as measured. May be repeated.",
)
@click.option("--fsh-unit", default="IU/L", show_default=True, help="A UCUM unit or an alias.")
@click.option(
    "--decisions", help="Instead of FSH: the phase of each month so far, such as hcg,hcg-ufsh."
)
@click.option("--ics", type=click.Path(path_type=Path), help="Write a calendar file.")
@click.option("--time", type=click.DateTime(["%H:%M"]), help="Local time of calendar events.")
@click.option("--timezone", help="IANA time zone of that time, such as Europe/Berlin.")
@click.option(
    "--label", default="", help="Tells calendar events of several patients apart; not shown."
)
@set_option
@json_option
def command(
    regimen: str,
    start: dt.datetime,
    fsh: tuple[float, ...],
    fsh_unit: str,
    decisions: str | None,
    ics: Path | None,
    time: dt.datetime | None,
    timezone: str | None,
    label: str,
    parameters: tuple[str, ...],
    as_document: bool,
) -> None:
    """Plan a man's therapy from its first day, as far as it is decided."""
    if ics is not None:
        check_file(ics, "--ics")
    with options_named(OPTIONS):
        made = regimens.regimen(regimen, **settings(parameters)).schedule(
            start, fsh=fsh, fsh_unit=fsh_unit, decisions=decisions
        )
        if ics is not None:
            made.write_ics(ics, time=time.time() if time else None, timezone=timezone, label=label)
            echo(f"wrote {ics}: {len(made.items)} events", err=True)
    if as_document:
        print_json(made.to_dict())
    else:
        echo(str(made))
