"""Validation of predicted risks equals rms, pROC and glm (g21)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from estimate.prediction.validation import validate_predictions

R = Path(__file__).parents[1] / "r"
G21 = json.loads((R / "g21_prediction.json").read_text(encoding="utf-8"))
OUTCOME = pd.read_csv(R / "cohort542_full.csv")["y"]


def test_discrimination_calibration_and_net_benefit():
    thresholds = (0.1, 0.2, 0.3, 0.5)
    found = validate_predictions(G21["predicted"], OUTCOME, thresholds=thresholds)
    assert found.c_statistic.value == pytest.approx(G21["c"], rel=1e-9)
    limits = [found.c_statistic.low, found.c_statistic.high]
    assert limits == pytest.approx(G21["c_limits"], rel=1e-9)
    assert found.brier.value == pytest.approx(G21["brier"], rel=1e-9)
    for name in ("slope", "intercept"):
        ours = getattr(found, name)
        assert ours.value == pytest.approx(G21[name], rel=1e-7)
        assert ours.std_error == pytest.approx(G21[f"{name}_se"], rel=1e-7)
    assert [each.value for _, each, _ in found.curve] == pytest.approx(G21["net_benefit"])
