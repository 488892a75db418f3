"""Data and sizes of the tasks: the same for every commit, peer and limit."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

COHORT = Path(__file__).parents[2] / "tests" / "reference" / "r" / "cohort542_mar.csv"

PARTICIPANTS, TRIALS, FITS = 600, 200, 200
TRUE = np.array([-1.0, 0.45, 0.3, -0.2, 0.1, 0.0, 0.25, -0.15])
PATIENTS, STUDIES, SCENARIO_TRIALS = 569, 100, 250
CURVE, CURVE_TRIALS = range(220, 620, 20), 1000
COUNTED, CLINIC_PATIENTS = 20_000, 4000
IMPUTATIONS, ITERATIONS = 20, 10

#: Normal and uniform numbers of a patient of the article's scenario, of a trial, and with sites.
NORMALS, UNIFORMS, UNIFORMS_IN_TRIAL = 24, 5, 11

FISHER_TABLE = np.array([[160, 155, 170, 115], [240, 262, 245, 253]])

THREE_ANALYSES: dict[str, Any] = {
    "id": "three",
    "title": "three analyses",
    "question": "",
    "participants": 360,
    "risks": {"control_percent": 40, "treated_percent": 55},
    "randomisation": {"block_sizes": [2]},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
    "endpoint": {"endpoint_month": 4},
    "monitoring": {"analyses_percent": [100 / 3, 200 / 3, 100], "alpha_percent": 2.5, "sides": 1},
}

#: Poisson referrals, an exponential test on one of three analysers, an operation at once.
RATE, ANALYSERS, TEST_DAYS = 40.0, 3, 0.06


def _number(value: float, unit: str) -> dict[str, object]:
    return {"value": value, "unit": unit, "status": "derived", "source": "benchmark"}


SMALL_CLINIC: dict[str, Any] = {
    "id": "small",
    "title": "small",
    "opens": "2026-01-05",
    "horizon_days": 100_000,
    "referrals": {"patients_per_week": _number(7 * RATE, "1/wk")},
    "laboratory": {
        "hormones": {
            "analysers": ANALYSERS,
            "work": {"mean": _number(TEST_DAYS, "d"), "form": "exponential"},
        }
    },
}


def logistic_data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    design = random.normal(size=(FITS, PARTICIPANTS, len(TRUE)))
    design[..., 0], design[..., 1] = 1, random.random((FITS, PARTICIPANTS)) < 0.5
    chance = 1 / (1 + np.exp(-(design @ np.full(len(TRUE), 0.2))))
    return design, (random.random((FITS, PARTICIPANTS)) < chance).astype(float)


def incomplete_patients() -> pd.DataFrame:
    patients = pd.read_csv(COHORT).drop(columns="id")
    dummies = pd.get_dummies(patients.pop("dx"), dtype=float).drop(columns="idiopathic")
    return pd.concat([patients.astype(float), dummies], axis=1)
