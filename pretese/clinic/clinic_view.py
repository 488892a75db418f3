"""Console view of a run."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from pretese.clinic.clinic_task import Task
from pretese.screen.console import SafeConsole
from pretese.screen.transported_note import show_transported
from simulate.clinic.capacity.replicates import Replicate
from simulate.scenario.transported import Transported

#: Measures shown on the console, with their labels.
HEADLINES = {
    "patients_referred": "patients referred",
    "p50_wait_days": "wait for operation, median, days",
    "p90_wait_days": "wait for operation, 90th percentile, days",
    "mean_queue": "waiting for operation, mean",
    "p90_first_visit_wait_days": "wait for first visit, 90th percentile, days",
    "p50_referral_to_operated_days": "referral to operation, median, days",
    "p90_referral_to_operated_days": "referral to operation, 90th percentile, days",
    "p50_referral_to_birth_days": "referral to birth, median, days",
    "operations_per_week": "operations per week",
    "theatre_utilisation": "utilisation of theatre",
    "outpatient_utilisation": "utilisation of outpatient clinic",
    "left_theatre_list_share": "proportion leaving the theatre list",
}


def show_run(
    console: Console,
    task: Task,
    done: Sequence[Replicate],
    table: pd.DataFrame,
    facts: dict[str, Any],
    out: Path,
) -> None:
    """Show the main measures, the adequacy of the warm-up, and the extent of an interrupted run."""
    shown = Table(title=f"{task.clinic.title}; replicates: {len(done)}", title_justify="left")
    for name in ("measure", "mean", "95 % interval"):
        shown.add_column(name, justify="left" if name == "measure" else "right")
    for row in table[table["measure"].isin(HEADLINES)].itertuples():
        if row.replicates:
            limits = "" if isnan(row.conf_low) else f"{row.conf_low:.2f} to {row.conf_high:.2f}"
            shown.add_row(HEADLINES[row.measure], f"{row.mean:.2f}", limits)
    console.print(shown)
    if not any(table.loc[table["measure"] == "patients_referred", "mean"]):
        console.print(
            f"No patient was referred after the warm-up of {task.clinic.warm_up_days} days: "
            "simulate more patients (--patients).",
            style="bold", highlight=False,
        )  # fmt: skip
    warm_up = facts["warm_up_days_by_mser5"]
    if warm_up is not None:
        enough = warm_up <= task.clinic.warm_up_days
        verdict = "sufficient" if enough else "TOO SHORT, or the queue keeps growing"
        console.print(
            f"warm-up: the first {task.clinic.warm_up_days} days are excluded; "
            f"MSER-5 on the theatre queue would exclude {warm_up}: {verdict}",
            highlight=False,
        )  # fmt: skip
    if facts["interrupted_on_day"] is not None:
        SafeConsole(stderr=True).print(
            f"interrupted on day {facts['interrupted_on_day']:.1f} of the clinic: "
            "the tables and the log are complete up to then",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    found = Transported.model_validate(facts["transported"])
    show_transported(found, "manifest.json lists them.", console)
    console.print(f"tables, log, queues and figures in {out}", highlight=False, soft_wrap=True)
