"""Strategies and structural models over two months equal those of R's glm (g20, g22)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.longitudinal.g_formula import g_formula_risks
from estimate.longitudinal.regimes import courses, regime_risks
from estimate.longitudinal.structural_model import structural_model

R = Path(__file__).parents[1] / "r"
G20 = json.loads((R / "g20_strategies.json").read_text(encoding="utf-8"))
COHORT = pd.read_csv(R / "cohort542_full.csv")
GIVEN = np.column_stack([COHORT["therapy"], G20["a2"]])
HORMONE = np.column_stack([COHORT["fsh"], G20["h2"]])
AGE = np.repeat(COHORT["age"].to_numpy(float)[:, None], 2, 1)
STRATEGIES = {"never": np.zeros_like(HORMONE), "low": (HORMONE < 15) * 1.0}
DATA = courses(GIVEN, np.stack([HORMONE, AGE], -1), COHORT["y"])


def test_clones_weights_and_risks():
    found = regime_risks(DATA, STRATEGIES)
    for place, name in enumerate(STRATEGIES):
        expected = G20["weighted"][name]
        assert found.adherent[place] == expected["adherent"]
        assert found.weights[place].max() == pytest.approx(expected["largest"], rel=1e-8)
        assert found.risk[place] == pytest.approx(expected["risk"], rel=1e-8)


def test_g_formula():
    risks, sound = g_formula_risks(DATA, STRATEGIES)
    assert sound
    assert risks == pytest.approx([G20["g_formula"][name] for name in STRATEGIES], rel=1e-8)


G22 = json.loads((R / "g22_structural_model.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["repeated", "measured", "event"])
def test_structural_model_over_visits(name):
    first, last = ("t1", "t2") if name == "measured" else ("y1", None)
    after = G22[last] if last else COHORT["y"]
    monthly = np.column_stack([G22[first], after]).astype(float)
    event = name == "event"
    if event:  # no data of a patient exist after the event
        monthly[monthly[:, 0] == 1, 1] = np.nan
    found = structural_model(DATA, monthly, baseline=1, event=event)
    expected = G22[name]
    assert found.weights.sum() == pytest.approx(expected["sum_w"], rel=1e-8)
    assert found.weights.max() == pytest.approx(expected["largest"], rel=1e-8)
    assert found.coef[0] == pytest.approx(expected["coef"], rel=1e-7)
    assert np.sqrt(found.cov_robust[0, 0]) == pytest.approx(expected["se"], rel=1e-7)
    if name == "repeated":
        assert found.coef[0] == pytest.approx(G22["gee"]["coef"], rel=1e-6)
