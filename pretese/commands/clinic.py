"""`pretese clinic`: the same men through a clinic with calendar, queues and an event log."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pretese
from pretese.clinic.clinic_options import (
    CAPACITY_NAMES,
    FEWEST_REPLICATIONS,
    FORMATS,
    MOST_REPLICATIONS,
)
from pretese.commands.option_types import NumberRange
from pretese.commands.options import (
    figures_option,
    format_option,
    json_option,
    out_option,
    seed_option,
    workers_option,
)
from pretese.io.text.json_text import print_json
from pretese.screen.console import SafeConsole
from pretese.screen.option_names import options_named
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:
    from pretese.api.simulation.clinics import CapacityAnswer, ClinicRun

#: Arguments of the interface, as the options call them.
OPTIONS = {
    "clinic": "--clinic", "patients": "--men", "measure": "--measure", "solve": "--solve",
    "until": "--until", "out": "--out", "day": "--day", "precision": "--precision",
}  # fmt: skip


@click.command()
@click.argument("scenario", default="paper")
@click.option("--clinic", "clinic_name", default="one-centre", show_default=True,
              help="A shipped clinic, or the path of your own file.")  # fmt: skip
@click.option("--men", type=click.IntRange(2, 10_000_000),
              help="Men drawn [enough for the clinic's horizon, or the scenario's].")  # fmt: skip
@seed_option()
@out_option("Folder to write; needed for a run.")
@format_option(FORMATS, "csv", "File type of the tables and the log.")
@click.option("--xes", is_flag=True, help="Write the log as XES too, for process mining.")
@click.option("--day", type=NumberRange(min=0),
              help="Tables and log as known at the end of this day [the horizon].")  # fmt: skip
@click.option("--replications", "wanted", type=click.IntRange(1, MOST_REPLICATIONS),
              help="Runs [as many as --precision asks for].")  # fmt: skip
@click.option("--precision", type=NumberRange(0, 1, min_open=True), default=0.1,
              show_default=True, help="Half-width of the interval, over the mean.")  # fmt: skip
@click.option("--measure", default="p90_wait_days", show_default=True,
              help="The measure that must be so precise.")  # fmt: skip
@click.option("--most", type=click.IntRange(FEWEST_REPLICATIONS, MOST_REPLICATIONS),
              default=40, show_default=True,
              help="Runs at most, per capacity with --solve.")  # fmt: skip
@click.option("--solve", "what", help=f"Find the least of: {', '.join(CAPACITY_NAMES)}.")
@click.option("--until", "goal_text", help="The goal to meet, such as 'p90_wait_days < 60'.")
@figures_option("Draw queues, patient flow and one timeline.")
@workers_option
@json_option
def command(
    scenario: str,
    clinic_name: str,
    men: int | None,
    seed: int,
    out: Path | None,
    form: str,
    xes: bool,
    day: float | None,
    wanted: int | None,
    precision: float,
    measure: str,
    most: int,
    what: str | None,
    goal_text: str | None,
    figures: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Take the men of SCENARIO through a clinic, or find the capacity that it needs.

    Writes the tables of `pretese simulate` as the clinic would hold them on a day, an event log,
    waits and utilisation with confidence intervals over replications, and three figures. With
    --solve, answers a question of capacity instead.
    """
    if bool(what) != bool(goal_text):
        given, other = ("--solve", "--until") if what else ("--until", "--solve")
        raise InputError.of(given, "", f"it comes without {other}", "give both, or neither")
    common: dict[str, Any] = {
        "clinic": clinic_name,
        "patients": men,
        "seed": seed,
        "most": most,
        "workers": workers,
    }
    chosen = pretese.scenario(scenario)
    with options_named(OPTIONS):
        if what and goal_text:
            answer = chosen.capacity(what, goal_text, out=out, **common)
            _tell(answer.assumptions)
            _show_answer(answer, as_json)
            return
        if out is None:
            raise InputError.of("out", "", "it is missing", "name a folder to write")
        found = chosen.clinic(
            day=day, replications=wanted, precision=precision, measure=measure, out=out,
            format=form, xes=xes, figures=figures, **common,
        )  # fmt: skip
    _tell(found.assumptions)
    _show_run(found, out, as_json)
    found.study.stop.raise_if_requested()


def _tell(assumptions: tuple[str, ...]) -> None:
    for assumption in assumptions:
        echo(assumption, err=True)


def _show_run(found: "ClinicRun", out: Path, as_json: bool) -> None:
    from pretese.clinic.clinic_view import tell

    if as_json:
        print_json(found.to_dict())
    study = found.study
    console, facts = SafeConsole(stderr=as_json), dict(found.facts)
    tell(console, study.task, study.done, found.measures, facts, out)


def _show_answer(answer: "CapacityAnswer", as_json: bool) -> None:
    from pretese.clinic.capacity_search import show_capacity

    if as_json:
        print_json(answer.to_dict())
    else:
        show_capacity(SafeConsole(), answer.study)
