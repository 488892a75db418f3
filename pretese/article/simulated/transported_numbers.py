"""Sensitivity of the first monthly decision to numbers transported from other patients or doses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.cohort.draw import draw_cohort
from simulate.core.coding import ARMS
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import parameters, with_values

#: Patients simulated for each end of a range.
PATIENTS = 20_000


@dataclass(frozen=True, slots=True)
class Transported:
    """A transported number, its range, and an outcome at its value and at both ends.

    ``normal_percent`` is the percentage of patients whose FSH is in the normal range after the
    first month of therapy, at the low end, at the value and at the high end.
    """

    path: str
    value: float
    unit: str
    sweep: tuple[float, float]
    from_population: str
    from_dose: str
    normal_percent: tuple[float, float, float]

    @property
    def width(self) -> float:
        """Percentage points between the ends."""
        return abs(self.normal_percent[2] - self.normal_percent[0])


def transported_numbers(scenario: Scenario, seed: int) -> list[Transported]:
    """Return every transported number of a scenario, the most influential first."""
    at_value = _normal_percent(scenario, seed)
    return sorted(_swept(scenario, seed, at_value), key=lambda each: -each.width)


def transported_frame(found: list[Transported]) -> pd.DataFrame:
    """Return transported numbers as a table, one row each."""
    rows = [
        {
            "number": each.path, "value": each.value, "unit": each.unit,
            "from_population": each.from_population, "from_dose": each.from_dose,
            "sweep_low": each.sweep[0], "sweep_high": each.sweep[1],
            "fsh_normal_percent_low": each.normal_percent[0],
            "fsh_normal_percent": each.normal_percent[1],
            "fsh_normal_percent_high": each.normal_percent[2],
        }
        for each in found
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _swept(scenario: Scenario, seed: int, at_value: float) -> Iterator[Transported]:
    for path, number in parameters(scenario).items():
        if number.status != "transported" or number.sweep is None:
            continue
        low, high = (
            _normal_percent(with_values(scenario, {path: end}, "transported"), seed)
            for end in number.sweep
        )
        yield Transported(
            path, number.value, number.unit, number.sweep, number.from_population or "",
            number.from_dose or "", (low, at_value, high),
        )  # fmt: skip


def _normal_percent(scenario: Scenario, seed: int) -> float:
    """Return the percentage with normal FSH after month 1 of the treated course."""
    model = scenario.physiology
    cohort = draw_cohort(scenario, seed, patients=PATIENTS)
    fsh = cohort.paths[ARMS.index("treated")].course.measured_fsh_iu_l[0]
    normal = (fsh >= model.normal_fsh_low_iu_l.value) & (fsh <= model.normal_fsh_high_iu_l.value)
    return float(100 * np.mean(normal))
