"""User-defined outcomes of every patient under both arms."""

import numpy as np
from numpy.typing import NDArray

from simulate.cohort.course_values import course_values
from simulate.cohort.draw import Cohort
from simulate.patients.user_defined import random_values, variable_values

Floats = NDArray[np.float64]


def user_outcomes(cohort: Cohort) -> dict[str, tuple[Floats, Floats]]:
    """Return each user-defined outcome without and with therapy, with common random numbers."""
    added = cohort.patients.user_defined
    if added is None or not added.model.outcomes:
        return {}
    found: dict[str, list[Floats]] = {name: [] for name in added.model.outcomes}
    shape = cohort.gonadotropin_therapy.shape
    for arm, path in enumerate(cohort.paths):
        model = cohort.scenario.physiology
        values = {
            **added.known,
            **course_values(model, cohort.patients, path.course, cohort.traits),
            "treated": np.full(shape, float(arm)),
            "spermatogenic_liability": cohort.spermatogenic_liability,
            "any_sperm": path.any_sperm * 1.0,
            "micro_tese": path.micro_tese * 1.0,
        }  # fmt: skip
        for name, outcome in added.model.outcomes.items():
            own = {**values, **random_values(outcome, name, cohort.streams)}
            found[name].append(variable_values(outcome, own, f"outcomes.{name}"))
    return {name: (untreated, treated) for name, (untreated, treated) in found.items()}
