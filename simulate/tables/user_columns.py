"""Columns of what a scenario defines itself: covariates and outcomes, recorded and true."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from simulate.cohort.draw import Cohort
from simulate.cohort.user_outcomes import user_outcomes
from simulate.core.coding import ARMS
from simulate.core.rounding import rounded
from simulate.scenario.sections.user_defined import Variable

Values = NDArray[np.float64] | NDArray[np.int8]


def user_columns(cohort: Cohort, r: int, *, outcomes: bool = True) -> dict[str, Values]:
    """Return the user-defined columns of the patients of one study: 0/1 flags, or numbers."""
    added = cohort.patients.user_defined
    if added is None:
        return {}
    model = added.model
    found = {n: _written(v, cohort.baseline[n][r]) for n, v in model.covariates.items()}
    if not outcomes:
        return found
    for name, (untreated, treated) in user_outcomes(cohort).items():
        variable = model.outcomes[name]
        seen = np.where(cohort.gonadotropin_therapy, treated, untreated)[r]
        found[name] = _written(variable, rounded(seen, 10.0**-variable.decimals))
    return found


def user_truth(cohort: Cohort, r: int) -> Mapping[str, Values]:
    """Return the exact values of numbers, and outcomes under both arms."""
    return dict(_true_values(cohort, r))


def _true_values(cohort: Cohort, r: int) -> Iterator[tuple[str, Values]]:
    added = cohort.patients.user_defined
    if added is None:
        return
    for name, variable in added.model.covariates.items():
        if variable.kind == "number":
            yield f"{name}_exact", added.known[name][r]
    for name, courses in user_outcomes(cohort).items():
        for arm, values in zip(ARMS, courses, strict=True):
            yield f"{name}_{arm}", _written(added.model.outcomes[name], values[r])


def _written(variable: Variable, values: NDArray[np.float64]) -> Values:
    return values.astype(np.int8) if variable.kind == "flag" else values
