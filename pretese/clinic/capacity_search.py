"""Capacity search: the smallest capacity that meets a goal."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from pretese.clinic.clinic_task import Task, pool
from pretese.clinic.run_results import origin
from pretese.io.output.csv_file import write_csv
from pretese.io.output.manifest import write_manifest
from pretese.screen.progress import optional_progress
from simulate.clinic.capacity.replicates import Goal, Interval, read_goal
from simulate.clinic.capacity.required_capacity import Solution, solve
from simulate.clinic.capacity.run_measures import measures
from simulate.clinic.flow.run_clinic import run_clinic


@dataclass(frozen=True, slots=True)
class CapacityStudy:
    """The smallest ``what`` that meets a goal, with all capacities that were tried."""

    task: Task
    what: str
    goal: Goal
    question: str
    solution: Solution

    @property
    def facts(self) -> dict[str, Any]:
        """Question, answer, and provenance."""
        return {
            "question": self.question,
            "answer": self.solution.capacity,
            **origin(self.task),
        }

    def tried(self) -> pd.DataFrame:
        """Return a row per capacity: mean with 95 % interval, replicates, goal met."""
        return pd.DataFrame(
            [
                {
                    "capacity": each.capacity, "mean": each.found.mean,
                    "conf_low": each.found.low, "conf_high": each.found.high,
                    "replicates": each.found.replicates, "met": each.met,
                }
                for each in self.solution.tried
            ]
        )  # fmt: skip


def search_capacity(task: Task, what: str, text: str) -> CapacityStudy:
    """Find the smallest ``what`` that meets the goal in ``text``.

    Raises
    ------
    InputError
        ``what`` cannot be solved for, or the goal names no measure.
    """
    known = list(measures(run_clinic(task.clinic, task.scenario, task.seed, 0, 20)))
    goal = read_goal(text, known)
    question = f"smallest {what} with {text.strip()}"
    return CapacityStudy(task, what, goal, question, _solution(task, what, goal))


def write_capacity(study: CapacityStudy, folder: Path) -> None:
    """Write all capacities tried, and a manifest, into an open folder of results."""
    write_csv(study.tried(), folder / "solve.csv")
    write_manifest(folder, study.facts)


def _solution(task: Task, what: str, goal: Goal) -> Solution:
    with pool(task.workers) as compute, optional_progress("replicates", task.progress) as tell:
        return solve(
            task.clinic, task.scenario, what, goal, task.seed, task.most, task.patients,
            task.listed, task.workers, compute,
            lambda capacity, done: tell(done, task.most, f"{what} = {capacity}"),
        )  # fmt: skip


def _figures(found: Interval) -> tuple[str, str]:
    """Return the mean and its interval as text; dashes if no replicate has the measure."""
    if not isfinite(found.mean):
        return "-", "-"
    return f"{found.mean:.1f}", f"{found.low:.1f} to {found.high:.1f}"


def show_capacity(console: Console, study: CapacityStudy) -> None:
    """Print all capacities tried, and the answer."""
    what, goal, solution = study.what, study.goal, study.solution
    shown = Table(title=study.question, title_justify="left")
    for name in (what, goal.measure, "95 % interval", "replicates", "goal"):
        shown.add_column(name, justify="right")
    for each in solution.tried:
        found = each.found
        verdict = {True: "met", False: "not met", None: "inconclusive"}[each.met]
        shown.add_row(
            str(each.capacity), *_figures(found), str(found.replicates), verdict,
        )  # fmt: skip
    console.print(shown)
    smallest = solution.capacity or f"none up to {solution.tried[-1].capacity}"
    console.print(f"answer: {what} = {smallest}", highlight=False)
