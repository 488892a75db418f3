"""``pretese decide``: the recommendation for one patient on a given date, with its rationale."""

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
from pretese.screen.terminal import echo

#: Names of the arguments of the interface in messages.
OPTIONS = {
    "decide": "pretese decide",
    "patient": "--patient FILE",
    "month": "--month M",
    "findings": "--finding",
}


@click.command("decide", cls=WritingCommand)
@regimen_option
@click.option("--patient", type=InputPath(), help="A patient's file (YAML).")
@click.option("--month", type=int, help="The month of therapy that begins, from 1.")
@click.option(
    "--previous-phase", help="Phase of the previous month (the drugs given), such as hcg."
)
@fsh_option("FSH at the end of the previous month. Repeat for several results of one day.")
@fsh_unit_option
@click.option(
    "--finding",
    "findings",
    multiple=True,
    help="Another finding: 'testosterone=40 nmol/L', 'semen=no sperm'. May be repeated.",
)
@click.option(
    "--decision-date",
    type=Date(),
    help="The date of the decision; today if not given.",
)
@reference_range_option
@regimen_set_option
@click.option(
    "--picture",
    type=OutputFile(".svg"),
    help="Write the course of therapy, with hormones and their limits, to a file (SVG).",
)
@click.option(
    "--why", is_flag=True, help="Also list the rules that are not met and all entry criteria."
)
@json_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of --json and exit.")
def command(
    regimen: str,
    patient: Path | None,
    month: int | None,
    previous_phase: str | None,
    fsh: tuple[str, ...],
    fsh_unit: str,
    findings: tuple[str, ...],
    decision_date: dt.datetime | None,
    ranges: tuple[str, ...],
    changes: dict[str, float],
    picture: Path | None,
    why: bool,
    as_json: bool,
    schema: bool,
) -> None:
    """Show the recommendation for one patient on a given date, with its rationale.

    Give either a patient's file (--patient), or the month of therapy that begins (--month) with
    the results at the end of the previous month.
    """
    from pretese.api.protocols.decisions import Decision
    from pretese.api.protocols.read_regimen import regimen as read_regimen
    from pretese.bedside.recommendation_view import OUTCOME_COLOURS
    from pretese.io.text.json_text import print_json

    if schema:
        print_json(Decision.schema())
        return
    with options_named(OPTIONS):
        decision = (
            read_regimen(regimen, **changes)
            .with_reference_ranges(ranges)
            .decide(
                patient,
                month=month,
                previous_phase=previous_phase,
                fsh=fsh or None,
                fsh_unit=fsh_unit,
                findings=findings,
                decision_date=decision_date,
            )
        )
    if picture is not None:
        with options_named({"path": "--picture"}):
            decision.write_svg(picture)
        echo(f"wrote {picture}", err=True)
    if as_json:
        print_json(decision.to_dict())
        return
    for line in decision.text(why=why).split("\n"):
        answers = line.startswith(f"{decision.outcome.upper()}:")
        echo(line, bold=answers, fg=OUTCOME_COLOURS[decision.outcome] if answers else None)
