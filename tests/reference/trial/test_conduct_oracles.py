"""Recruitment, randomisation and performance measures against rpact, enumeration and rsimsum."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from estimate.performance.measures import (
    measure_performance,
    proportion_mcse,
    relative_precision,
    replicates_for,
)
from simulate.recruitment.accrual import Site, combine, expected_month, expected_patients
from simulate.recruitment.predictability import block_predictability, convergence_guess

ORACLES = {
    oracle["id"]: oracle
    for oracle in json.loads((Path(__file__).parents[1] / "trial_oracles.json").read_text())
}


def test_o44_piecewise_accrual():
    given, expected = ORACLES["O44"]["inputs"], ORACLES["O44"]["outputs"]  # rpact
    sites = combine([Site(tuple(map(float, given["cuts"])), tuple(map(float, given["rates"])))])
    assert expected_month(sites, given["N"]) == pytest.approx(expected["end"], abs=1e-9)
    for month, participants in expected["n_at"].items():
        assert expected_patients(sites, float(month)).sum() == pytest.approx(participants, abs=1e-9)


def test_o46_predictability_of_permuted_blocks():
    expected, tol = ORACLES["O46"]["outputs"], ORACLES["O46"]["tol"]  # enumeration
    for block, share in zip(expected["block"], expected["prop"], strict=True):
        assert block_predictability(block) == pytest.approx(share, abs=tol)
        orders = set(permutations([0, 1] * (block // 2)))
        assert convergence_guess(sorted(orders)).mean() == pytest.approx(share, abs=tol)


#: Measures whose Monte Carlo error is that of normal estimates in rsimsum and Stata; here it
#: holds for any distribution, so that both agree for normal draws, apart from sampling error.
NORMAL_ONLY = {"empirical_se", "relative_error"}


def toy():
    given = ORACLES["O49"]["inputs"]
    b, se = np.array(given["b"]), np.array(given["se"])
    return measure_performance(
        b,
        se,
        given["true"],
        conf_low=b - 1.959964 * se,
        conf_high=b + 1.959964 * se,
        p_value=2 * ndtr(-b / se),
    )


@pytest.mark.parametrize(
    ("key", "measure"),
    [
        ("bias", "bias"),
        ("empse", "empirical_se"),
        ("mse", "mse"),
        ("modelse", "model_se"),
        ("relerr", "relative_error"),
        ("power", "rejection"),
    ],
)
def test_o49_toy_of_rsimsum(key, measure):
    expected, tol = ORACLES["O49"]["outputs"], ORACLES["O49"]["tol"]  # rsimsum 0.13.1
    found = getattr(toy(), measure)
    value, mcse = expected[key]
    assert found.value == pytest.approx(value, abs=max(tol, 5e-10))
    if measure not in NORMAL_ONLY:
        assert found.mcse == pytest.approx(mcse, abs=max(tol, 5e-10))
    assert found.n == 5


def draws_with(mean, sd, n, seed):
    """Return n numbers with exactly this mean and standard deviation."""
    x = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (x - x.mean()) / x.std(ddof=1)


def test_o50_published_monte_carlo_errors_follow_from_the_published_measures():
    """Complete case rows of White's simsum data (1,000 replicates), as Stata and rsimsum print.

    The data may not be distributed, but the errors are functions of the printed measures, so
    simulated values with the printed moments must reproduce them: bias .016766161 (.00477868),
    empirical SE .15111499 (.00338072), coverage .943 (.00733151), bias-eliminated coverage .940
    (.00750999), relative error -2.659384 (2.20548).
    """
    n = 1000
    b = draws_with(0.5 + 0.016766161, 0.15111499, n, 1)
    # Squares with the printed mean, and the variance implied by the printed error of the model SE.
    model, model_mcse = 0.14709627, 0.00052741
    squares = draws_with(model**2, 2 * model * model_mcse * np.sqrt(n), n, 2)
    se = np.sqrt(squares)
    holds = np.arange(n) < 943
    low = np.where(holds, 0.0, 0.9)
    result = measure_performance(
        b, se, 0.5, conf_low=low, conf_high=np.ones(n), p_value=np.zeros(n)
    )
    assert result.bias.value == pytest.approx(0.016766161, abs=1e-9)
    assert result.bias.mcse == pytest.approx(0.00477868, abs=1e-8)
    assert result.empirical_se.value == pytest.approx(0.15111499, abs=1e-9)
    assert result.empirical_se.mcse == pytest.approx(0.00338072, rel=0.06)
    assert result.mse.value == pytest.approx(0.02309401, abs=1e-8)
    assert result.model_se.value == pytest.approx(0.14709627, abs=1e-9)
    assert result.model_se.mcse == pytest.approx(0.00052741, abs=1e-9)
    assert result.relative_error.value == pytest.approx(-2.659384, abs=1e-5)
    assert result.relative_error.mcse == pytest.approx(2.20548, rel=0.06)
    assert result.coverage.mcse == pytest.approx(0.00733151, abs=1e-8)
    assert proportion_mcse(0.940, n) == pytest.approx(0.00750999, abs=1e-8)


def test_o50_relative_precision():
    """Log-T imputation against complete case: 31.046341 (3.937473) at 1,000 replicates."""
    n, gain, mcse = 1000, 31.046341, 3.937473
    ratio = 1 + gain / 100
    correlation = np.sqrt(1 - (mcse / (200 * ratio)) ** 2 * (n - 1))  # Morris et al., table 6
    a = draws_with(0, 1, n, 3)
    noise = draws_with(0, 1, n, 4)
    noise = noise - a * (a @ noise) / (a @ a)
    noise /= noise.std(ddof=1)
    b = np.sqrt(ratio) * (correlation * a + np.sqrt(1 - correlation**2) * noise)
    found = relative_precision(a, b)
    assert found.value == pytest.approx(gain, abs=1e-6)
    assert found.mcse == pytest.approx(mcse, rel=0.06)  # Morris et al. assume normal estimates


def test_o51_monte_carlo_error_of_a_share():
    errors = proportion_mcse([0.8, 0.8, 0.8, 0.025], [1000, 10_000, 40_000, 100_000])
    assert errors == pytest.approx([0.01265, 0.004, 0.002, 0.000494], abs=5e-6)
    assert replicates_for(0.001, 0.025) == 24_375
