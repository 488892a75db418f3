"""`pretese clinic`: simulate patients in a clinic with calendar, queues and an event log."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import pretese
from pretese.clinic.clinic_options import (
    CAPACITY_NAMES,
    FEWEST_REPLICATES,
    MOST_REPLICATES,
)
from pretese.commands.option_names import options_named
from pretese.commands.option_types import NumberRange
from pretese.commands.options import (
    figures_option,
    format_option,
    json_option,
    out_option,
    patients_option,
    replicates_option,
    seed_option,
    workers_option,
)
from pretese.io.export.formats import FORMATS
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo
from protocol.errors import InputError

if TYPE_CHECKING:
    from pretese.api.simulation.clinic_results import CapacityAnswer, ClinicRun


@click.command()
@click.argument("scenario", default="paper")
@click.option("--clinic", "clinic_name", default="one-centre", show_default=True,
              help="Name of a shipped clinic, or path of a file.")  # fmt: skip
@patients_option(2, 10_000_000, None, "Patients.", "enough for the horizon, or the scenario's")
@seed_option()
@out_option("Output folder; required for a run.")
@format_option(tuple(FORMATS), "csv", "File type of the tables and the log.")
@click.option("--xes", is_flag=True, help="Also write the log as XES, for process mining.")
@click.option("--day", type=NumberRange(min=0),
              help="Tables and log as of the end of this day [default: horizon].")  # fmt: skip
@replicates_option(
    1, MOST_REPLICATES, None, "Number of replicates.", "as many as --precision needs"
)
@click.option("--precision", type=NumberRange(0, 1, min_open=True), default=0.1,
              show_default=True, help="Half-width of the interval over the mean.")  # fmt: skip
@click.option("--measure", default="p90_wait_days", show_default=True,
              help="Measure to which --precision applies.")  # fmt: skip
@click.option("--max-replicates", type=click.IntRange(FEWEST_REPLICATES, MOST_REPLICATES),
              default=40, show_default=True,
              help="Maximum number of replicates; with --solve, per capacity.")  # fmt: skip
@click.option("--solve", help=f"Find the smallest number of: {', '.join(CAPACITY_NAMES)}.")
@click.option("--goal", help="With --solve: the goal, such as 'p90_wait_days < 60'.")
@figures_option("Draw queues, patient flow and one timeline.")
@workers_option
@json_option
def command(
    scenario: str,
    clinic_name: str,
    patients: int | None,
    seed: int,
    out: Path | None,
    form: str,
    xes: bool,
    day: float | None,
    replicates: int | None,
    precision: float,
    measure: str,
    max_replicates: int,
    solve: str | None,
    goal: str | None,
    figures: bool,
    workers: int,
    as_json: bool,
) -> None:
    """Simulate the patients of SCENARIO in a clinic, or find the capacity that it needs.

    Writes the tables of `pretese simulate` as recorded by a given day, an event log, waiting times
    and utilisation with confidence intervals over replicates, and three figures. With --solve and
    --goal, finds the smallest capacity that meets a goal instead.
    """
    if bool(solve) != bool(goal):
        given, other = ("--solve", "--goal") if solve else ("--goal", "--solve")
        raise InputError.of(given, "", f"it comes without {other}", "give both, or neither")
    common: dict[str, Any] = {
        "clinic": clinic_name,
        "patients": patients,
        "seed": seed,
        "max_replicates": max_replicates,
        "workers": workers,
    }
    chosen = pretese.scenario(scenario)
    with options_named({"clinic": "--clinic"}):
        if solve and goal:
            answer = chosen.capacity(solve, goal, out=out, **common)
            _show_assumptions(answer.assumptions)
            _show_answer(answer, as_json)
            return
        if out is None:
            raise InputError.of("out", "", "it is missing", "name the folder to write")
        found = chosen.clinic(
            day=day, replicates=replicates, precision=precision, measure=measure, out=out,
            format=form, xes=xes, figures=figures, **common,
        )  # fmt: skip
    _show_assumptions(found.assumptions)
    _show_run(found, out, as_json)
    found.study.stop.raise_if_requested()


def _show_assumptions(assumptions: tuple[str, ...]) -> None:
    for assumption in assumptions:
        echo(assumption, err=True)


def _show_run(found: "ClinicRun", out: Path, as_json: bool) -> None:
    from pretese.clinic.clinic_view import show_run
    from pretese.screen.console import SafeConsole

    if as_json:
        print_json(found.to_dict())
    study = found.study
    console, facts = SafeConsole(stderr=as_json), dict(found.facts)
    show_run(console, study.task, study.done, found.measures, facts, out)


def _show_answer(answer: "CapacityAnswer", as_json: bool) -> None:
    from pretese.clinic.capacity_search import show_capacity
    from pretese.screen.console import SafeConsole

    if as_json:
        print_json(answer.to_dict())
    else:
        show_capacity(SafeConsole(), answer.study)
