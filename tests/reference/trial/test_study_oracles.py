"""Published performance measures from a complete study: Parquet, chunks, tables.

O49 is rsimsum's toy; O50 are measures that Stata's simsum and rsimsum print of White's data, 1,000
replicates, which may not be distributed: simulated values with the printed moments replace them.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from pretese.recovery.design.study_spec import StudySpec
from pretese.recovery.results.assess import assess
from pretese.recovery.results.replicates import Source
from pretese.recovery.work.tasks import ESTIMATES
from protocol.reading.documents import validate

ORACLES = {
    oracle["id"]: oracle
    for oracle in json.loads((Path(__file__).parents[1] / "trial_oracles.json").read_text())
}


def assessed(path, methods, truth):
    """Write the estimates of each method, and read the tables of a study from them."""
    frames = [
        pd.DataFrame(
            {
                "replicate": np.arange(len(b)), "plan": "p", "method": method,
                "scale": "risk difference", "estimate": b, "std_error": se, "conf_low": low,
                "conf_high": high, "p_value": p, "n": 100, "sate": truth,
            }
        )
        for method, (b, se, low, high, p) in methods.items()
    ]  # fmt: skip
    table = pd.concat(frames).sort_values("replicate", kind="stable")
    for word in ("plan", "method", "scale"):
        table[word] = table[word].astype("category")
    table.to_parquet(path, schema=ESTIMATES, index=False)
    plan = {"methods": list(methods), "covariates": ["age_years"], "scales": ["risk difference"]}
    spec = validate(
        {"id": "x", "aim": "y", "plans": {"p": plan},
         "cases": {"c": {"scenario": "paper", "plans": ["p"]}}},
        StudySpec, "study",
    )  # fmt: skip
    draws = pd.DataFrame(
        {"plan": "p", "target": "ate", "scale": "risk difference", "value": [truth, truth]}
    )
    return assess(spec, {"c": Source([path], table["replicate"].nunique())}, {"c": draws})


def measures(found, method):
    rows = found.performance.query("against == 'PATE' and method == @method")
    return {row.measure: (row.value, row.mcse) for row in rows.itertuples()}


#: Measures whose Monte Carlo error is that of normal estimates in rsimsum and Stata; here it
#: holds for any distribution.
NORMAL_ONLY = {"empirical_se", "relative_error"}


@pytest.mark.parametrize("chunk", [2, 3, 2000])
def test_o49_toy_of_rsimsum(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("pretese.recovery.results.replicates.CHUNK", chunk)
    given, message = ORACLES["O49"]["inputs"], ORACLES["O49"]["outputs"]  # rsimsum 0.13.1
    b, se = np.array(given["b"]), np.array(given["se"])
    answers = (b, se, b - 1.959964 * se, b + 1.959964 * se, 2 * ndtr(-b / se))
    found = measures(assessed(tmp_path / "e", {"unadjusted": answers}, given["true"]), "unadjusted")
    names = {
        "bias": "bias", "empse": "empirical_se", "mse": "mse", "modelse": "model_se",
        "relerr": "relative_error", "power": "rejection",
    }  # fmt: skip
    for theirs, ours in names.items():
        value, mcse = message[theirs]
        assert found[ours][0] == pytest.approx(value, abs=1e-8), ours
        if ours not in NORMAL_ONLY:
            assert found[ours][1] == pytest.approx(mcse, abs=1e-8), ours


def draws_with(mean, sd, n, seed):
    """Return n numbers with exactly this mean and standard deviation."""
    x = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (x - x.mean()) / x.std(ddof=1)


@pytest.mark.parametrize("chunk", [70, 2000])
def test_o50_measures_validated_against_stata(tmp_path, monkeypatch, chunk):
    monkeypatch.setattr("pretese.recovery.results.replicates.CHUNK", chunk)
    n, truth = 1000, 0.5
    b = draws_with(truth + 0.016766161, 0.15111499, n, 1)
    model, model_mcse = 0.14709627, 0.00052741
    se = np.sqrt(draws_with(model**2, 2 * model * model_mcse * np.sqrt(n), n, 2))
    number = np.arange(n)
    # 943 intervals contain the true value, and 940 the mean estimate above it
    low = np.where(number < 943, 0.0, truth + 0.001)
    high = np.where((number >= 943) | (number < 883), 1.0, truth + 0.001)
    # an imputation more precise by 31.046341 % (3.937473)
    ratio = 1.31046341
    correlation = np.sqrt(1 - (3.937473 / (200 * ratio)) ** 2 * (n - 1))
    shift = (b - b.mean()) / 0.15111499
    noise = draws_with(0, 1, n, 4)
    noise -= shift * (shift @ noise) / (shift @ shift)
    noise /= noise.std(ddof=1)
    other = truth + 0.15111499 / np.sqrt(ratio) * (
        correlation * shift + np.sqrt(1 - correlation**2) * noise
    )
    ones = np.ones(n)
    found = assessed(
        tmp_path / "e",
        {"unadjusted": (b, se, low, high, ones), "aipw": (other, se, low, high, ones)},
        truth,
    )
    stata = {
        "bias": (0.016766161, 0.00477868), "empirical_se": (0.15111499, 0.00338072),
        "mse": (0.02309401, None), "model_se": (0.14709627, 0.00052741),
        "coverage": (0.943, 0.00733151), "bias_eliminated_coverage": (0.940, 0.00750999),
    }  # fmt: skip
    ours = measures(found, "unadjusted")
    for name, (value, mcse) in stata.items():
        assert ours[name][0] == pytest.approx(value, abs=1e-6), name
        near = {"rel": 0.06} if name in NORMAL_ONLY else {"abs": 1e-6}
        assert mcse is None or ours[name][1] == pytest.approx(mcse, **near), name
    assert ours["relative_error"][0] == pytest.approx(-2.659384, abs=1e-5)
    assert ours["relative_error"][1] == pytest.approx(2.20548, rel=0.06)
    contrast = found.contrasts.query("measure == 'relative_precision'").iloc[0]
    assert contrast[["method", "reference"]].tolist() == ["aipw", "unadjusted"]
    assert contrast["difference"] == pytest.approx(31.046341, abs=1e-6)
    assert contrast["mcse"] == pytest.approx(3.937473, rel=0.06)
