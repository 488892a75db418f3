"""`pretese clinic`: the same men through a clinic with calendar, queues and an event log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from pretese.certificate import load_scenario
from pretese.clinic.answer import answer
from pretese.clinic.console import tell
from pretese.clinic.results import draw_figures, facts_of, write_summary
from pretese.clinic.task import Going, Task, first_run, replications
from pretese.clinic_files import FORMATS, load_clinic, write_run
from pretese.files import whole_folder, write_manifest
from protocol.errors import InputError
from simulate.clinic.file import Clinic
from simulate.clinic.replicate import FEWEST, Replication, measured, summary
from simulate.clinic.run import Run
from simulate.clinic.solve import CAPACITIES


@click.command()
@click.argument("scenario", default="paper")
@click.option("--clinic", "clinic_name", default="one-centre", show_default=True,
              help="A shipped clinic, or the path of your own file.")  # fmt: skip
@click.option("--men", type=click.IntRange(2, 10_000_000),
              help="Men drawn [enough for the clinic's horizon, or the scenario's].")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; needed for a run.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True,
              help="File type of the tables and the log.")  # fmt: skip
@click.option("--xes", is_flag=True, help="Write the log as XES too, for process mining.")
@click.option("--day", type=float,
              help="Tables and log as known at the end of this day [the horizon].")  # fmt: skip
@click.option("--replications", "wanted", type=click.IntRange(1, 10_000),
              help="Runs [as many as --precision asks for].")  # fmt: skip
@click.option("--precision", type=click.FloatRange(0, 1, min_open=True), default=0.1,
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
    clinic, listed = load_clinic(clinic_name)
    task = Task(clinic, loaded, seed, men, listed, most, workers)
    if what and goal_text:
        answer(task, what, goal_text, out, as_json)
        return
    if out is None:
        raise InputError.of("--out", "", "it is missing", "name a folder to write")
    going = Going()
    with going.listening(), _room(out), whole_folder(out) as folder:
        run = first_run(task, going)
        known = _known_day(run, day)
        rows = write_run(run, folder, kind, xes, known)
        first = _checked(measured(run), measure)
        done = [first]
        if not going.stopped:
            done = replications(task, first, wanted, precision, measure, going)
        table = summary(done)
        write_summary(table, done, folder)
        if figures:
            draw_figures(run, done, known, folder / "figures")
        facts = facts_of(task, done, known, measure, precision, rows, run.until_day)
        write_manifest(folder, facts)
    if as_json:
        click.echo(_document(facts, table))
    tell(Console(stderr=as_json), task, done, table, facts, out)
    if going.stopped:
        raise KeyboardInterrupt


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


def _document(facts: dict[str, Any], table: pd.DataFrame) -> str:
    return json.dumps({**facts, "measures": json.loads(table.to_json(orient="records"))})
