"""Day of each step of each patient."""

from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.clinic.flow import steps
from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.state_on_day import Seen, views

Floats = NDArray[np.float64]


def milestones(run: Run, day: float = inf, first: int = 0, last: int | None = None) -> pd.DataFrame:
    """Return the day of each step of each patient, from the opening, and how the pathway ended.

    A step is dated by its start; empty if not reached by the end of ``day``.
    Parameters as in `simulate.clinic.records.state_on_day.views`.
    """
    return pd.concat(
        [milestones_of(seen) for seen in views(run, day, first, last)], ignore_index=True
    )


def milestones_of(seen: Seen) -> pd.DataFrame:
    """Return the milestones of the selected patients."""
    patients, columns = seen.patients, seen.columns

    def dated(times: Floats) -> Floats:
        return np.where(times[patients] <= seen.day, times[patients], np.nan).round(4)

    begun = {
        f"{name.lower().replace(' ', '_').replace('-', '_')}_day": dated(columns.start[step])
        for step, name in enumerate(seen.run.ledger.steps)
    }
    return pd.DataFrame(
        {
            "patient_id": seen.numbers(patients),
            "referred_day": columns.referred[patients].round(4),
            **begun,
            "end_day": dated(columns.end_day),
            "end": np.array(steps.ENDS)[np.where(seen.ended(), columns.end[patients], 0)],
        }
    )
