"""True effects of therapy on the outcomes that a scenario defines itself."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.draw import draw_cohort
from simulate.cohort.user_outcomes import user_outcomes
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.user_defined import Variable
from simulate.truth import BLOCK_PATIENTS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Moments:
    """Means of an outcome untreated and treated, and the covariance of both in one patient."""

    mean: Floats
    covariance: Floats
    patients: int

    def error(self, gradient: Floats) -> float:
        """Return the Monte Carlo standard error of what has this gradient in the two means."""
        variance = float(gradient @ self.covariance @ gradient)
        return math.sqrt(max(variance, 0.0) / self.patients)


def user_defined_truth(scenario: Scenario, seed: int, patients: int) -> pd.DataFrame:
    """Return true effects of therapy on user-defined outcomes in all patients.

    Returns
    -------
    pandas.DataFrame
        Columns as of `simulate.truth.truth_table`. A number has one row, on the scale "mean
        difference", with means in place of risks; a flag has the three scales of risks.
    """
    outcomes = scenario.user_defined.outcomes
    found = _moments(scenario, seed, patients) if outcomes else {}
    rows = [row for name, each in found.items() for row in _rows(name, outcomes[name], each)]
    return pd.DataFrame(rows)


def _moments(scenario: Scenario, seed: int, patients: int) -> dict[str, _Moments]:
    """Sum both potential outcomes and their products over blocks of patients."""
    total: dict[str, tuple[Floats, Floats]] = {}
    for block, begin in enumerate(range(0, patients, BLOCK_PATIENTS)):
        size = min(BLOCK_PATIENTS, patients - begin)
        cohort = draw_cohort(scenario, seed, first=block, patients=size)
        for name, courses in user_outcomes(cohort).items():
            both = np.stack([values[0] for values in courses])
            before = total.get(name, (np.zeros(2), np.zeros((2, 2))))
            total[name] = before[0] + both.sum(axis=1), before[1] + both @ both.T
    return {
        name: _Moments(
            first / patients,
            second / patients - np.outer(first / patients, first / patients),
            patients,
        )
        for name, (first, second) in total.items()
    }


def _rows(name: str, variable: Variable, found: _Moments) -> Iterator[dict[str, object]]:
    low, high = found.mean
    shared = {
        "estimand": f"{name}.everyone",
        "meaning": f"{variable.meaning}, all patients",
        "risk_untreated": float(low),
        "risk_treated": float(high),
    }
    number = variable.kind == "number"
    for scale, truth, gradient in _scales(low, high)[: 1 if number else None]:
        yield {
            **shared,
            "scale": "mean difference" if number else scale,
            "truth": float(truth),
            "mcse": found.error(gradient),
        }


def _scales(low: float, high: float) -> list[tuple[str, float, Floats]]:
    """Return each contrast with its gradient; of ratios, that of the logarithm."""
    p = np.array([low, high])
    sign = np.array([-1.0, 1.0])
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = p / (1 - p)
        return [
            ("risk difference", high - low, sign),
            ("risk ratio", float(p[1] / p[0]), sign / p),
            ("odds ratio", float(odds[1] / odds[0]), sign / (p * (1 - p))),
        ]
