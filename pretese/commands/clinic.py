"""`pretese clinic`: the same men through a clinic with calendar, queues and an event log."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

import click

from pretese.clinic.capacity_search import answer
from pretese.clinic.clinic_files import FORMATS, load_clinic, write_run
from pretese.clinic.clinic_task import Task, first_run, replications
from pretese.clinic.clinic_view import tell
from pretese.clinic.run_results import draw_clinic_figures, facts_of, write_summary
from pretese.commands.options import NumberRange, seed_option, tell_assumptions
from pretese.io.input.regimen_files import regimen_files
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import result_folder
from pretese.io.text.json_text import plain, print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.signals import StopRequest
from pretese.screen.console import SafeConsole
from protocol.errors import InputError
from simulate.clinic.capacity.replications import FEWEST, Replication, measured, summary
from simulate.clinic.capacity.required_capacity import CAPACITIES
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.setup.clinic_file import Clinic
from simulate.scenario.load import load_scenario


@click.command()
@click.argument("scenario", default="paper")
@click.option("--clinic", "clinic_name", default="one-centre", show_default=True,
              help="A shipped clinic, or the path of your own file.")  # fmt: skip
@click.option("--men", type=click.IntRange(2, 10_000_000),
              help="Men drawn [enough for the clinic's horizon, or the scenario's].")  # fmt: skip
@seed_option()
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; needed for a run.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True,
              help="File type of the tables and the log.")  # fmt: skip
@click.option("--xes", is_flag=True, help="Write the log as XES too, for process mining.")
@click.option("--day", type=NumberRange(min=0),
              help="Tables and log as known at the end of this day [the horizon].")  # fmt: skip
@click.option("--replications", "wanted", type=click.IntRange(1, 10_000),
              help="Runs [as many as --precision asks for].")  # fmt: skip
@click.option("--precision", type=NumberRange(0, 1, min_open=True), default=0.1,
              show_default=True, help="Half-width of the interval, over the mean.")  # fmt: skip
@click.option("--measure", default="p90_wait_days", show_default=True,
              help="The measure that must be so precise.")  # fmt: skip
@click.option("--most", type=click.IntRange(FEWEST, 10_000), default=40, show_default=True,
              help="Runs at most, per capacity with --solve.")  # fmt: skip
@click.option("--solve", "what", help=f"Find the least of: {', '.join(CAPACITIES)}.")
@click.option("--until", "goal_text", help="The goal to meet, such as 'p90_wait_days < 60'.")
@click.option("--figures/--no-figures", default=True, show_default=True,
              help="Draw queues, flow and one man's way.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True,
              help="Processes; the result does not depend on it.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def command(
    scenario: str,
    clinic_name: str,
    men: int | None,
    seed: int,
    out: Path | None,
    kind: str,
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
    loaded = load_scenario(scenario)
    clinic, listed = load_clinic(clinic_name, tell_assumptions)
    task = Task(clinic, loaded, seed, men, listed, most, workers)
    if what and goal_text:
        answer(task, what, goal_text, out, as_json)
        return
    if out is None:
        raise InputError.of("--out", "", "it is missing", "name a folder to write")
    stop, regimens = StopRequest(), regimen_files(loaded)
    with stop.listening(), _room(out), result_folder(out) as folder:
        run = first_run(task, stop)
        known = _known_day(run, day)
        rows = write_run(run, folder, kind, xes, known)
        first = _checked(measured(run), measure)
        done = [first]
        if not stop():
            done = replications(task, first, wanted, precision, measure, stop)
        table = summary(done)
        write_summary(table, done, folder)
        if figures:
            draw_clinic_figures(run, done, known, folder / "figures")
        facts = facts_of(task, done, known, measure, precision, rows, run.until_day)
        regimens.check()
        write_manifest(folder, facts)
    if as_json:
        print_json(rounded_document(plain({**facts, "measures": table})))
    tell(SafeConsole(stderr=as_json), task, done, table, facts, out)
    stop.raise_if_requested()


def _known_day(run: Run, asked: float | None) -> float:
    """Return the day as of which tables are written: the horizon's, unless another is asked for."""
    clinic: Clinic = run.clinic
    last = inf if clinic.horizon_days is None else clinic.horizon_days
    return min(last if asked is None else asked, run.until_day)


@contextmanager
def _room(out: Path) -> Iterator[None]:
    """Say in words that a disk is full, that of the results or that of temporary files."""
    try:
        yield
    except OSError as error:
        problem = f"it cannot be written ({error.strerror or error})"
        cure = "make room, there and for temporary files (TMPDIR), or ask for less"
        raise InputError.of("--out", str(out), problem, cure) from None


def _checked(first: Replication, measure: str) -> Replication:
    if measure not in first.measures:
        cure = f"take one of {', '.join(first.measures)}"
        raise InputError.of("--measure", measure, "there is no such measure", cure)
    return first
