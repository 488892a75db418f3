"""`pretese clinic`: the same men through a clinic with calendar, queues and an event log."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from pretese.certificate import load_scenario
from pretese.clinic_files import FORMATS, clinic_dictionary, load_clinic, write_run
from pretese.files import versions, whole_folder, write_csv, write_manifest
from pretese.mechanism import mechanism_hash
from pretese.plots.clinic import draw_flow, draw_queues, draw_timeline, longest_way
from pretese.plots.style import save
from pretese.progress import progress
from protocol.errors import InputError
from simulate.clinic.arrivals import Waiting, men_to_draw
from simulate.clinic.file import Clinic
from simulate.clinic.measures import measures
from simulate.clinic.replicate import (
    FEWEST,
    Compute,
    Replication,
    interval,
    measured,
    mser5,
    precise,
    read_goal,
    summary,
    until_precise,
)
from simulate.clinic.run import Run, run_clinic
from simulate.clinic.solve import CAPACITIES, Solution, solve
from simulate.scenario import Scenario

#: What the console shows of all measures.
HEADLINES = (
    "men_referred",
    "p50_wait_days",
    "p90_wait_days",
    "mean_queue",
    "p90_first_visit_wait_days",
    "p50_referral_to_operated_days",
    "p90_referral_to_operated_days",
    "p50_referral_to_birth_days",
    "operations_per_week",
    "theatre_utilisation",
    "outpatient_utilisation",
    "left_theatre_list_share",
)


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
@click.option("--replications", type=click.IntRange(1, 10_000),
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
    replications: int | None,
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
    _refuse_too_few(men, clinic, loaded, listed)
    task = _Task(clinic, loaded, seed, men, listed, most, workers)
    if what and goal_text:
        _answer(task, what, goal_text, out, as_json)
        return
    if out is None:
        raise InputError.of("--out", "", "it is missing", "name a folder to write")
    goes_on = _Going()
    with goes_on.listening(), whole_folder(out) as folder:
        run = _first_run(task, goes_on)
        known = min(inf if day is None else day, run.until_day)
        if day is None and clinic.horizon_days is not None:
            known = min(known, clinic.horizon_days)
        rows = write_run(run, folder, kind, xes, known)
        first = measured(run)
        if measure not in first.measures:
            cure = f"take one of {', '.join(first.measures)}"
            raise InputError.of("--measure", measure, "there is no such measure", cure)
        done = [first] if goes_on.stopped else _replications(
            task, first, replications, precision, measure, goes_on
        )  # fmt: skip
        table = summary(done)
        write_csv(table, folder / "summary.csv")
        write_csv(_by_replication(done), folder / "replications.csv")
        write_csv(_queues(done), folder / "queues.csv")
        write_csv(clinic_dictionary(), folder / "dictionary.csv")
        if figures:
            _figures(run, done, known, folder / "figures")
        facts = _facts(task, clinic_name, done, known, measure, precision, rows, run.until_day)
        write_manifest(folder, facts)
    if as_json:
        click.echo(json.dumps({**facts, "measures": json.loads(table.to_json(orient="records"))}))
    _tell(Console(stderr=as_json), task, done, table, facts, out)
    if goes_on.stopped:
        raise KeyboardInterrupt


class _Task:
    """What is run: shared by a run, its replications and a search."""

    def __init__(
        self, clinic: Clinic, scenario: Scenario, seed: int, men: int | None,
        listed: Sequence[Waiting], most: int, workers: int,
    ) -> None:  # fmt: skip
        self.clinic, self.scenario, self.seed = clinic, scenario, seed
        self.men, self.listed, self.most, self.workers = men, listed, most, workers


class _Going:
    """Turns Ctrl-C into a wish to stop, heard between two events; a second one stops at once."""

    def __init__(self) -> None:
        self.stopped = False

    def __call__(self) -> bool:
        return self.stopped

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen while the block runs."""

        def hear(*_: object) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True

        before = signal.signal(signal.SIGINT, hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def _refuse_too_few(
    men: int | None, clinic: Clinic, scenario: Scenario, listed: Sequence[Waiting]
) -> None:
    if men is not None and men < 4 * len(listed):
        problem = f"{men} men for a waiting list of {len(listed)}"
        raise InputError.of("--men", "", problem, f"draw at least {4 * len(listed)}")


def _first_run(task: _Task, stop: Callable[[], bool]) -> Run:
    total = task.men or men_to_draw(task.clinic, task.scenario.men) + len(task.listed)
    with progress("men through the clinic") as tell:
        return run_clinic(
            task.clinic, task.scenario, task.seed, 0, task.men, task.listed, stop,
            lambda done: tell(done, total),
        )  # fmt: skip


def _replications(
    task: _Task,
    first: Replication,
    wanted: int | None,
    precision: float,
    measure: str,
    stop: Callable[[], bool],
) -> list[Replication]:
    most = wanted or task.most
    enough = precise(measure, precision) if wanted is None else _never
    with _pool(task.workers) as compute, progress("replications") as tell:
        return until_precise(
            task.clinic, task.scenario, task.seed, enough, most, task.men, task.listed,
            task.workers, compute, lambda done: tell(done, most), stop, [first],
        )  # fmt: skip


def _never(_: Sequence[Replication]) -> bool:
    return False


@contextmanager
def _pool(workers: int) -> Iterator[Compute]:
    """Give `map` over processes that leave Ctrl-C to their parent."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, initializer=_deaf) as pool:
        yield pool.map


def _deaf() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _answer(task: _Task, what: str, text: str, out: Path | None, as_json: bool) -> None:
    known = list(measures(run_clinic(task.clinic, task.scenario, task.seed, 0, 20)))
    goal = read_goal(text, known)
    with _pool(task.workers) as compute, progress("replications") as tell:
        solution = solve(
            task.clinic, task.scenario, what, goal, task.seed, task.most, task.men, task.listed,
            task.workers, compute,
            lambda capacity, done: tell(done, task.most, f"{what} = {capacity}"),
        )  # fmt: skip
    table = _tried(solution)
    facts = {
        "question": f"least {what} with {text.strip()}", "answer": solution.capacity,
        **_origin(task),
    }  # fmt: skip
    if out:
        with whole_folder(out) as folder:
            write_csv(table, folder / "solve.csv")
            write_manifest(folder, facts)
    if as_json:
        click.echo(json.dumps({**facts, "tried": json.loads(table.to_json(orient="records"))}))
        return
    shown = Table(title=facts["question"], title_justify="left")
    for name in (what, goal.measure, "95 % interval", "replications", "goal"):
        shown.add_column(name, justify="right")
    for each in solution.tried:
        found = each.found
        verdict = {True: "met", False: "not met", None: "open"}[each.met]
        shown.add_row(
            str(each.capacity), f"{found.mean:.1f}", f"{found.low:.1f} to {found.high:.1f}",
            str(found.replications), verdict,
        )  # fmt: skip
    console = Console()
    console.print(shown)
    answer = solution.capacity or f"none up to {solution.tried[-1].capacity}"
    console.print(f"answer: {what} = {answer}", highlight=False)


def _tried(solution: Solution) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "capacity": each.capacity, "mean": each.found.mean, "conf_low": each.found.low,
                "conf_high": each.found.high, "replications": each.found.replications,
                "met": each.met,
            }
            for each in solution.tried
        ]
    )  # fmt: skip


def _by_replication(done: Sequence[Replication]) -> pd.DataFrame:
    table = pd.DataFrame([each.measures for each in done])
    table.insert(0, "run", range(1, len(done) + 1))
    return table


def _queues(done: Sequence[Replication]) -> pd.DataFrame:
    """Lay out queue lengths at the start of each day, a column per queue."""
    return pd.concat(
        [
            pd.DataFrame(each.queues).rename_axis("day").reset_index().assign(run=number)
            for number, each in enumerate(done, start=1)
        ]
    )


def _figures(run: Run, done: Sequence[Replication], day: float, folder: Path) -> None:
    folder.mkdir()
    figures = {
        "queues": draw_queues(run.clinic, done),
        "flow": draw_flow(run, day),
        "timeline": draw_timeline(run, longest_way(run, day), day),
    }
    for name, figure in figures.items():
        save(figure, folder / f"{name}.png")
        save(figure, folder / f"{name}.svg")


def _origin(task: _Task) -> dict[str, Any]:
    return {
        "scenario": task.scenario.id,
        "clinic": task.clinic.id,
        "clinic_file": task.clinic.model_dump(mode="json", exclude_defaults=True),
        "mechanism_sha256": mechanism_hash(task.scenario),
        "seed": task.seed,
        "versions": versions(),
    }


def _facts(
    task: _Task,
    clinic_name: str,
    done: Sequence[Replication],
    day: float,
    measure: str,
    precision: float,
    rows: dict[str, int],
    until_day: float,
) -> dict[str, Any]:
    found = interval(each.measures[measure] for each in done)
    reached = found.half_width / abs(found.mean) if found.mean else None
    days = min(len(each.queues["theatre"]) for each in done)
    average = np.mean([each.queues["theatre"][:days] for each in done], axis=0)
    return {
        **_origin(task),
        "tables_as_of_day": None if day == inf else day,
        "interrupted_on_day": None if until_day == inf else until_day,
        "warm_up_days": task.clinic.warm_up_days,
        "warm_up_days_by_mser5": mser5(average) if task.clinic.horizon_days else None,
        "horizon_days": task.clinic.horizon_days,
        "replications": len(done),
        "precision": {
            "measure": measure, "wanted": precision,
            "reached": None if reached is None or reached == inf else round(reached, 4),
        },
        "rows": rows,
    }  # fmt: skip


def _tell(
    console: Console,
    task: _Task,
    done: Sequence[Replication],
    table: pd.DataFrame,
    facts: dict[str, Any],
    out: Path,
) -> None:
    shown = Table(title=f"{task.clinic.title}: {len(done)} run(s)", title_justify="left")
    for name in ("measure", "mean", "95 % interval"):
        shown.add_column(name, justify="left" if name == "measure" else "right")
    for row in table[table["measure"].isin(HEADLINES)].itertuples():
        if row.replications:
            limits = f"{row.conf_low:.2f} to {row.conf_high:.2f}" if len(done) > 1 else ""
            shown.add_row(row.measure, f"{row.mean:.2f}", limits)
    console.print(shown)
    warm_up = facts["warm_up_days_by_mser5"]
    if warm_up is not None:
        enough = warm_up <= task.clinic.warm_up_days
        verdict = "enough" if enough else "TOO SHORT, or the queue keeps growing"
        console.print(
            f"warm-up: the first {task.clinic.warm_up_days} days are left out; "
            f"MSER-5 on the theatre queue would leave out {warm_up}: {verdict}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    if facts["interrupted_on_day"] is not None:
        Console(stderr=True).print(
            f"interrupted on day {facts['interrupted_on_day']:.1f} of the clinic: "
            "the tables and the log are complete up to then",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    console.print(f"tables, log, queues and figures in {out}", highlight=False, soft_wrap=True)
