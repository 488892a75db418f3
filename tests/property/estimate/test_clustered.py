"""Invariants for any set of couples, and the type I error of the tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.comparison.clustered import (
    gee_odds_ratio,
    naive_odds_ratio,
    overdispersed_odds_ratio,
    rate_difference,
    rates,
)
from estimate.core.estimand import Estimand

QUESTION = Estimand("couples", "therapy 1 vs 0", "two_pronuclear_zygotes", "")
ARM = np.tile([0, 1], 15)


def couples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    trials = rng.integers(1, 12, 30)
    return rng.binomial(trials, rng.beta(3, 2, 30)), trials


@given(st.integers(0, 10**6), st.permutations(range(30)))
def test_the_order_of_couples_does_not_matter(seed: int, order: list[int]) -> None:
    y, n = couples(seed)
    a, b = rates(y, n, ARM), rates(y[order], n[order], ARM[order])
    for how in (naive_odds_ratio, overdispersed_odds_ratio, gee_odds_ratio, rate_difference):
        assert how(a, QUESTION).estimate == pytest.approx(how(b, QUESTION).estimate)
        assert how(a, QUESTION).std_error == pytest.approx(how(b, QUESTION).std_error)


@given(st.integers(0, 10**6))
def test_exchanging_the_arms_inverts_the_ratio(seed: int) -> None:
    y, n = couples(seed)
    for how in (naive_odds_ratio, gee_odds_ratio):
        one, other = (how(rates(y, n, arm), QUESTION) for arm in (ARM, 1 - ARM))
        assert one.estimate == pytest.approx(1 / other.estimate, rel=1e-6)
    one, other = (rate_difference(rates(y, n, arm), QUESTION) for arm in (ARM, 1 - ARM))
    assert one.estimate == pytest.approx(-other.estimate)


@given(st.integers(0, 10**6))
def test_counting_failures_instead_of_successes_inverts_the_effect(seed: int) -> None:
    y, n = couples(seed)
    for how in (naive_odds_ratio, gee_odds_ratio):
        one, other = (how(rates(k, n, ARM), QUESTION) for k in (y, n - y))
        assert one.estimate == pytest.approx(1 / other.estimate, rel=1e-6)


def test_the_naive_test_exceeds_its_level() -> None:
    """4,000 studies of 138 couples, no effect, embryos of a couple correlated 0.2."""
    rng = np.random.default_rng(3)
    shape = (4000, 138)
    arm = (np.arange(138) < 107).astype(float)
    trials = rng.integers(2, 25, shape)
    a, b = 0.58 * 4, 0.42 * 4  # beta with correlation 1 / (1 + a + b) = 0.2
    data = rates(rng.binomial(trials, rng.beta(a, b, shape)), trials, arm)
    size = {
        how.__name__: (how(data, QUESTION).p_value < 0.05).mean()
        for how in (naive_odds_ratio, gee_odds_ratio, rate_difference)
    }
    assert size["naive_odds_ratio"] > 0.2
    # Sandwich errors are slightly small with 31 couples in an arm: 5 % up to 7 %.
    for right in ("gee_odds_ratio", "rate_difference"):
        assert 0.04 < size[right] < 0.075
