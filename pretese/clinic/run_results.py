"""Files of a run other than the tables and the log."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pretese.clinic.clinic_files import clinic_dictionary
from pretese.clinic.clinic_task import Task
from pretese.clinic.flow_figure import draw_patient_flow
from pretese.clinic.queue_figures import draw_queues, draw_timeline, longest_way
from pretese.io.output.csv_file import write_csv
from pretese.io.output.versions import versions
from pretese.plots.style import save
from simulate.clinic.capacity.replicates import Replicate, interval, mser5
from simulate.clinic.flow.run_clinic import Run
from simulate.scenario.parameter_paths import mechanism_hash
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.transported import transported_numbers


def write_summary(
    table: pd.DataFrame, done: Sequence[Replicate], scenario: Scenario, folder: Path
) -> None:
    """Write every measure (also by replicate), the queues by day and the data dictionary."""
    write_csv(table, folder / "summary.csv")
    write_csv(_by_replicate(done), folder / "replicates.csv")
    write_csv(_queues(done), folder / "queues.csv")
    write_csv(clinic_dictionary(scenario), folder / "dictionary.csv")


def _by_replicate(done: Sequence[Replicate]) -> pd.DataFrame:
    table = pd.DataFrame([each.measures for each in done])
    table.insert(0, "run", range(1, len(done) + 1))
    return table


def _queues(done: Sequence[Replicate]) -> pd.DataFrame:
    """Lay out queue lengths at the start of each day, a column per queue."""
    return pd.concat(
        [
            pd.DataFrame(each.queues).rename_axis("day").reset_index().assign(run=number)
            for number, each in enumerate(done, start=1)
        ]
    )


def draw_clinic_figures(run: Run, done: Sequence[Replicate], day: float, folder: Path) -> None:
    """Draw queues, flow and one patient's pathway as known on a day, as PNG and SVG."""
    folder.mkdir()
    figures = {
        "queues": draw_queues(run.clinic, done),
        "flow": draw_patient_flow(run, day),
        "timeline": draw_timeline(run, longest_way(run, day), day),
    }
    for name, figure in figures.items():
        save(figure, folder / f"{name}.png")
        save(figure, folder / f"{name}.svg")


def origin(task: Task) -> dict[str, Any]:
    """Return the provenance of a result."""
    return {
        "scenario": task.scenario.id,
        "clinic": task.clinic.id,
        "clinic_file": task.clinic.model_dump(mode="json", exclude_defaults=True),
        "mechanism_sha256": mechanism_hash(task.scenario),
        "transported": transported_numbers(task.scenario).model_dump(mode="json"),
        "seed": task.seed,
        "versions": versions(),
    }


def facts_of(
    task: Task,
    done: Sequence[Replicate],
    day: float,
    measure: str,
    precision: float,
    rows: dict[str, int],
    until_day: float,
) -> dict[str, Any]:
    """Return the facts of a run: provenance, extent and precision."""
    found = interval(each.measures[measure] for each in done)
    reached = found.half_width / abs(found.mean) if found.mean else None
    days = min(len(each.queues["theatre"]) for each in done)
    average = np.mean([each.queues["theatre"][:days] for each in done], axis=0)
    return {
        **origin(task),
        "tables_as_of_day": None if day == inf else day,
        "interrupted_on_day": None if until_day == inf else until_day,
        "warm_up_days": task.clinic.warm_up_days,
        "warm_up_days_by_mser5": mser5(average) if task.clinic.horizon_days else None,
        "horizon_days": task.clinic.horizon_days,
        "replicates": len(done),
        "precision": {
            "measure": measure, "wanted": precision,
            "reached": None if reached is None or reached == inf else round(reached, 4),
        },
        "rows": rows,
    }  # fmt: skip
