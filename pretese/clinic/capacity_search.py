"""Answer a question of capacity: the least of something that meets a goal."""

from pathlib import Path

import pandas as pd
from rich.table import Table

from pretese.clinic.clinic_task import Task, pool
from pretese.clinic.run_results import origin
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.io.output.result_folder import optional_result_folder
from pretese.io.text.json_text import plain, print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.screen.console import SafeConsole
from pretese.screen.progress import progress
from simulate.clinic.capacity.replications import Goal, read_goal
from simulate.clinic.capacity.required_capacity import Solution, solve
from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.flow.run_clinic import run_clinic


def answer(task: Task, what: str, text: str, out: Path | None, as_json: bool) -> None:
    """Find the least ``what`` that meets the goal in ``text``; write and show all tried."""
    with optional_result_folder(out) as folder:
        known = list(measures(run_clinic(task.clinic, task.scenario, task.seed, 0, 20)))
        goal = read_goal(text, known)
        solution = _solution(task, what, goal)
        table = _tried(solution)
        facts = {
            "question": f"least {what} with {text.strip()}", "answer": solution.capacity,
            **origin(task),
        }  # fmt: skip
        if folder is not None:
            write_csv(table, folder / "solve.csv")
            write_manifest(folder, facts)
    if as_json:
        print_json(rounded_document(plain({**facts, "tried": table})))
        return
    _show(solution, what, goal, facts["question"])


def _solution(task: Task, what: str, goal: Goal) -> Solution:
    with pool(task.workers) as compute, progress("replications") as tell:
        return solve(
            task.clinic, task.scenario, what, goal, task.seed, task.most, task.men, task.listed,
            task.workers, compute,
            lambda capacity, done: tell(done, task.most, f"{what} = {capacity}"),
        )  # fmt: skip


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
    console = SafeConsole()
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
