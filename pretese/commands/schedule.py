"""``pretese schedule``: dated injections, visits and decisions, as a table and a calendar."""

import datetime as dt
from pathlib import Path

import click

from pretese.bedside.ics import calendar_of
from pretese.bedside.json_answers import as_json, as_plain
from pretese.bedside.words import plan_lines
from pretese.commands.options import Date, Number, json_option, regimen_option, set_option, settings
from pretese.io.output.atomic_file import check_file, write_file
from pretese.screen.terminal import echo
from protocol.bedside.schedule import Plan, plan, plan_of_phases
from protocol.errors import InputError
from protocol.reading.quantities import quantity
from protocol.regimen.load import Regimen, load_regimen

SCHEMA = "pretese/plan/1"


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
@click.option("--at", type=click.DateTime(["%H:%M"]), help="Local time of calendar events.")
@click.option("--timezone", help="IANA time zone of that time, such as Europe/Berlin.")
@set_option
@json_option
def command(
    regimen: str,
    start: dt.datetime,
    fsh: tuple[float, ...],
    fsh_unit: str,
    decisions: str | None,
    ics: Path | None,
    at: dt.datetime | None,
    timezone: str | None,
    parameters: tuple[str, ...],
    as_document: bool,
) -> None:
    """Plan a man's therapy from its first day, as far as it is decided."""
    if fsh and decisions:
        raise InputError.of(
            "pretese schedule", "", "FSH and decisions are both given", "give one of the two"
        )
    if ics is not None:
        check_file(ics, "--ics")
    loaded = load_regimen(regimen, settings(parameters))
    made = _plan(loaded, start.date(), fsh, fsh_unit, decisions)
    if ics is not None:
        data = calendar_of(made, at=at.time() if at else None, timezone=timezone)
        write_file(ics, data, "--ics")
        echo(f"wrote {ics}: {len(made.items)} events", err=True)
    if as_document:
        echo(as_json(SCHEMA, **as_plain(made)))
    else:
        echo("\n".join(plan_lines(made)))


def _plan(
    regimen: Regimen, start: dt.date, fsh: tuple[float, ...], unit: str, decisions: str | None
) -> Plan:
    if decisions is not None:
        phases = [name.strip() for name in decisions.split(",") if name.strip()]
        return plan_of_phases(regimen, start, phases)
    if fsh and "fsh_iu_l" not in regimen.tables["phase"].inputs:
        problem = f"{regimen.id} decides nothing by FSH"
        raise InputError.of("--fsh", "", problem, "leave it out")
    measured = [quantity("fsh", value, unit, "--fsh").value for value in fsh]
    return plan(regimen, start, [{"fsh_iu_l": value} for value in measured])
