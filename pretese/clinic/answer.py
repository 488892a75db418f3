"""Answer a question of capacity: the least of something that meets a goal."""

import json
from pathlib import Path

import click
import pandas as pd
from rich.console import Console
from rich.table import Table

from pretese.clinic.results import origin
from pretese.clinic.task import Task, pool
from pretese.files import whole_folder, write_csv, write_manifest
from pretese.numbers import rounded_table
from pretese.progress import progress
from simulate.clinic.measures import measures
from simulate.clinic.replicate import Goal, read_goal
from simulate.clinic.run import run_clinic
from simulate.clinic.solve import Solution, solve


def answer(task: Task, what: str, text: str, out: Path | None, as_json: bool) -> None:
    """Find the least ``what`` that meets the goal in ``text``; write and show all tried."""
    known = list(measures(run_clinic(task.clinic, task.scenario, task.seed, 0, 20)))
    goal = read_goal(text, known)
    with pool(task.workers) as compute, progress("replications") as tell:
        solution = solve(
            task.clinic, task.scenario, what, goal, task.seed, task.most, task.men, task.listed,
            task.workers, compute,
            lambda capacity, done: tell(done, task.most, f"{what} = {capacity}"),
        )  # fmt: skip
    table = _tried(solution)
    facts = {
        "question": f"least {what} with {text.strip()}", "answer": solution.capacity,
        **origin(task),
    }  # fmt: skip
    if out:
        with whole_folder(out) as folder:
            write_csv(table, folder / "solve.csv")
            write_manifest(folder, facts)
    if as_json:
        rows = rounded_table(table).to_json(orient="records", double_precision=15)
        click.echo(json.dumps({**facts, "tried": json.loads(rows)}))
        return
    _show(solution, what, goal, facts["question"])


def _show(solution: Solution, what: str, goal: Goal, question: str) -> None:
    shown = Table(title=question, title_justify="left")
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
    least = solution.capacity or f"none up to {solution.tried[-1].capacity}"
    console.print(f"answer: {what} = {least}", highlight=False)


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
