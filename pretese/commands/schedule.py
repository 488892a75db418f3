"""``pretese schedule``: dated injections, visits and decisions, as a table and a calendar."""

import datetime as dt
from pathlib import Path

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Date
from pretese.commands.options import (
    fsh_option,
    fsh_unit_option,
    json_option,
    reference_range_option,
    regimen_option,
    regimen_set_option,
)
from pretese.commands.output_types import InputPath, OutputFile, WritingCommand
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo

#: Names of the arguments of the interface in messages.
OPTIONS = {"schedule": "pretese schedule", "path": "--ics"}


@click.command("schedule", cls=WritingCommand)
@regimen_option
@click.option(
    "--start",
    type=Date(),
    required=True,
    help="The day of the first injection.",
)
@fsh_option("FSH at the end of month 1, 2, ... as far as measured. May be repeated.")
@fsh_unit_option
@click.option(
    "--decisions", help="Instead of FSH: the phase of each month so far, such as hcg,hcg-ufsh."
)
@click.option(
    "--ics", type=OutputFile(replaces=("previous",)),
    help="Write a calendar file; it may replace that of --previous.",
)  # fmt: skip
@click.option("--time", type=click.DateTime(["%H:%M"]), help="Local time of calendar events.")
@click.option("--timezone", help="IANA time zone of that time, such as Europe/Berlin.")
@click.option("--pseudonym", help="With --ics: distinguishes patients in calendars; not displayed.")
@click.option(
    "--issued",
    type=Date(),
    help="Day of issue of the calendar [default: day of the last decision].",
)
@click.option(
    "--previous",
    type=InputPath(),
    help="The calendar to replace: changed events are updated, removed ones cancelled.",
)
@reference_range_option
@regimen_set_option
@json_option
def command(
    regimen: str,
    start: dt.datetime,
    fsh: tuple[str, ...],
    fsh_unit: str,
    decisions: str | None,
    ics: Path | None,
    time: dt.datetime | None,
    timezone: str | None,
    pseudonym: str | None,
    issued: dt.datetime | None,
    previous: Path | None,
    ranges: tuple[str, ...],
    changes: dict[str, float],
    as_json: bool,
) -> None:
    """List the dated injections, visits and decisions of a patient's therapy."""
    from pretese.api.protocols.read_regimen import regimen as read_regimen

    with options_named(OPTIONS):
        made = (
            read_regimen(regimen, **changes)
            .with_reference_ranges(ranges)
            .schedule(start, fsh=fsh, fsh_unit=fsh_unit, decisions=decisions)
        )
        if ics is not None:
            made.write_ics(
                ics,
                pseudonym=pseudonym or "",
                time=time.time() if time else None,
                timezone=timezone,
                issued=issued,
                previous=previous,
            )
            echo(f"wrote {ics}: {len(made.items)} events", err=True)
    if as_json:
        print_json(made.to_dict())
    else:
        echo(str(made))
