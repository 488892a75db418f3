"""Sensitivity of the first monthly decision to numbers transported from other patients or doses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.cohort.draw import draw_cohort
from simulate.core.coding import ARMS
from simulate.scenario import Scenario
from simulate.scenario.parameter_paths import with_values
from simulate.scenario.transported import Transported, TransportedNumber

#: Patients simulated for each end of a range, the same at all: their percentage has an MCSE of at
#: most 0.8 points.
PATIENTS = 4_000

#: Numbers of this section alone decide measured FSH.
_DECISIVE = "physiology."


@dataclass(frozen=True, slots=True)
class FshInfluence:
    """A transported number, and an outcome at its value and at both ends of its range.

    ``normal_percent`` is the percentage of patients whose FSH is in the normal range after the
    first month of therapy, at the low end, at the value and at the high end; None for a number on
    which it does not depend.
    """

    number: TransportedNumber
    normal_percent: tuple[float, float, float] | None

    @property
    def width(self) -> float:
        """Percentage points between the ends."""
        ends = self.normal_percent
        return abs(ends[2] - ends[0]) if ends else 0.0


def fsh_influences(scenario: Scenario, found: Transported, seed: int) -> list[FshInfluence]:
    """Return every transported number of a scenario, the most influential first."""
    at_value = _normal_percent(scenario, seed)
    return sorted(_swept(scenario, found, seed, at_value), key=lambda each: -each.width)


def transported_frame(found: Transported, influences: list[FshInfluence]) -> pd.DataFrame:
    """Return transported numbers as a table, one row each."""
    rows = [
        {
            "number": each.number.number, "role": each.number.role, "value": each.number.value,
            "unit": each.number.unit, "sweep_low": each.number.low, "sweep_high": each.number.high,
            "from_population": each.number.from_population, "from_dose": each.number.from_dose,
            "to_population": found.to_population, "to_dose": found.to_dose,
            "source": each.number.source, **_percentages(each.normal_percent),
        }
        for each in influences
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _percentages(ends: tuple[float, float, float] | None) -> dict[str, float | None]:
    names = "fsh_normal_percent_low", "fsh_normal_percent", "fsh_normal_percent_high"
    return dict(zip(names, ends or (None, None, None), strict=True))


def _swept(
    scenario: Scenario, found: Transported, seed: int, at_value: float
) -> Iterator[FshInfluence]:
    for number in found.numbers:
        if number.role == "target" or not number.number.startswith(_DECISIVE):
            yield FshInfluence(number, None)
            continue
        low, high = (
            _normal_percent(with_values(scenario, {number.number: end}, "transported"), seed)
            for end in (number.low, number.high)
        )
        yield FshInfluence(number, (low, at_value, high))


def _normal_percent(scenario: Scenario, seed: int) -> float:
    """Return the percentage with normal FSH after month 1 of the treated course."""
    model = scenario.physiology
    cohort = draw_cohort(scenario, seed, patients=PATIENTS)
    fsh = cohort.paths[ARMS.index("treated")].course.measured_fsh_iu_l[0]
    normal = (fsh >= model.normal_fsh_low_iu_l.value) & (fsh <= model.normal_fsh_high_iu_l.value)
    return float(100 * np.mean(normal))
