"""Validation of published models requested in a plan."""

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.prediction.validation import validate_predictions
from protocol.errors import InputError

MODEL = {"intercept": -1.0, "coefficients": {"volume": 0.1, "fsh": -0.05}}


def table(n=600):
    rng = np.random.default_rng(6)
    volume, fsh = rng.normal(8, 3, n).round(1), rng.normal(18, 8, n).round(1)
    risk = 1 / (1 + np.exp(-(-1 + 0.1 * volume - 0.05 * fsh)))
    columns = {"arm": rng.integers(0, 2, n), "sperm": (rng.random(n) < risk) * 1,
               "volume": volume, "fsh": fsh, "risk": risk}  # fmt: skip
    frame = pd.DataFrame(columns)
    frame.loc[:9, ["fsh", "risk"]] = np.nan
    return frame


def plan(models, **changes):
    return {"treatment": "arm", "outcome": "sperm", "methods": ["unadjusted"],
            "predictions": models, **changes}  # fmt: skip


def test_coefficients_and_a_column_of_risks_are_one_validation(tmp_path):
    rows = table()
    found = pt.analyse(rows, plan({"a": MODEL, "b": {"column": "risk"}}), progress=False)
    first, second = found.to_dict()["predictions"]
    assert first["c_statistic"] == second["c_statistic"]
    assert first["excluded"] == 10
    alone = validate_predictions(rows.risk[10:], rows.sperm[10:])
    assert first["slope"]["value"] == pytest.approx(alone.slope.value, rel=1e-5)
    assert len(first["curve"]) == len(alone.curve)
    assert first["patients_needed"]["slope"] > 600
    assert "a: C 0." in str(found)
    assert "Prediction models validated" in found.to_html(figures=True)
    found.write(tmp_path / "out")
    assert (tmp_path / "out" / "predictions.png").exists()
    assert (tmp_path / "out" / "predictions.csv").exists()


@pytest.mark.parametrize(
    ("models", "changes", "words"),
    [
        ({"a": {"intercept": 1}}, {}, "go together"),
        ({"a": {"column": "risk", "intercept": 1}}, {}, "give `column`, or"),
        ({"a": {"column": "volume"}}, {}, "not a risk"),
        ({"a": {"column": "x"}}, {}, "x"),
        ({"a": MODEL}, {"outcome": {"column": "fsh", "kind": "continuous"}}, "0/1 outcome"),
    ],
)
def test_other_models_are_refused(models, changes, words):
    with pytest.raises(InputError, match=words):
        pt.analyse(table(), plan(models, **changes), progress=False)
