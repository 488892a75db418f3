"""Rates per embryo: hand calculations for ten couples."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from estimate.comparison.clustered import (
    dispersion,
    gee,
    gee_odds_ratio,
    naive_odds_ratio,
    naive_test,
    overdispersed_odds_ratio,
    rate_difference,
    rates,
)
from estimate.comparison.clustered_mixed import _integrated, mixed
from estimate.core.estimand import Estimand
from protocol.errors import InputError

EVENTS = [2, 4, 0, 3, 1, 5, 4, 2, 6, 0]
TRIALS = [4, 8, 2, 3, 3, 6, 8, 2, 9, 0]
ARM = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
QUESTION = Estimand("couples", "therapy 1 vs 0", "two_pronuclear_zygotes", "")
COUPLES = rates(EVENTS, TRIALS, ARM)


def test_embryos_are_counted_by_arm() -> None:
    assert COUPLES.table.tolist() == [[10, 10], [17, 8]]
    assert naive_odds_ratio(COUPLES, QUESTION).estimate == pytest.approx(17 / 8)
    assert naive_odds_ratio(COUPLES, QUESTION).std_error == pytest.approx(
        np.sqrt(1 / 10 + 1 / 10 + 1 / 17 + 1 / 8)
    )
    assert naive_test(COUPLES).p_value == pytest.approx(
        stats.chi2_contingency([[10, 10], [17, 8]]).pvalue
    )


def test_a_couple_without_oocytes_counts_nowhere() -> None:
    without = rates(EVENTS[:-1], TRIALS[:-1], ARM[:-1])
    assert naive_odds_ratio(COUPLES, QUESTION).n == 9
    assert dispersion(COUPLES) == pytest.approx(dispersion(without))
    assert gee(COUPLES).correlation == pytest.approx(gee(without).correlation)
    assert rate_difference(COUPLES, QUESTION).std_error == pytest.approx(
        rate_difference(without, QUESTION).std_error
    )


def test_dispersion_by_hand() -> None:
    total = 0.0
    for y, n, a in zip(EVENTS[:-1], TRIALS[:-1], ARM[:-1], strict=True):
        p = 17 / 25 if a else 0.5
        total += (y - n * p) ** 2 / (n * p * (1 - p))
    assert dispersion(COUPLES) == pytest.approx(total / 7)
    naive, quasi = (f(COUPLES, QUESTION) for f in (naive_odds_ratio, overdispersed_odds_ratio))
    assert quasi.std_error == pytest.approx(naive.std_error * np.sqrt(total / 7))


def test_the_ratio_estimator_by_hand() -> None:
    ours = rate_difference(COUPLES, QUESTION)
    assert ours.estimate == pytest.approx(17 / 25 - 0.5)
    untreated = np.array([2 - 2, 4 - 4, 0 - 1, 3 - 1.5, 1 - 1.5])
    p = 17 / 25
    treated = np.array([5 - 6 * p, 4 - 8 * p, 2 - 2 * p, 6 - 9 * p])
    variance = (untreated**2).sum() / 400 * 5 / 4 + (treated**2).sum() / 625 * 4 / 3
    assert ours.std_error == pytest.approx(np.sqrt(variance))


def test_working_independence_is_the_ratio_estimator_on_the_logit() -> None:
    """The residuals are equal, without the factor m / (m - 1) and divided by p (1 - p)."""
    fit = gee(COUPLES, "independence")
    untreated = np.array([0, 0, -1, 1.5, -0.5])
    assert fit.cov[0, 0] == pytest.approx((untreated**2).sum() / 400 / 0.25**2)


def test_the_exchangeable_equations_are_solved() -> None:
    fit = gee(COUPLES)
    mu = special.expit(COUPLES.design @ fit.coef)
    n, y, r = np.array(TRIALS), np.array(EVENTS), fit.correlation
    score = COUPLES.design.T @ ((y - n * mu) / (1 + (n - 1) * r))
    assert score == pytest.approx(0, abs=1e-9)
    pairs = squares = 0.0
    for k, m, p in zip(y, n, mu, strict=True):
        e = (np.r_[np.ones(k), np.zeros(m - k)] - p) / np.sqrt(p * (1 - p))
        pairs += (e.sum() ** 2 - (e**2).sum()) / 2
        squares += (e**2).sum()
    assert r == pytest.approx(pairs / (squares / n.sum() * (n * (n - 1) / 2).sum()))


def test_one_embryo_per_couple_is_an_ordinary_table() -> None:
    data = rates([1, 0, 0, 1, 1, 0], [1] * 6, [0, 0, 0, 1, 1, 1])
    for working in ("independence", "exchangeable"):
        assert gee_odds_ratio(data, QUESTION, working).estimate == pytest.approx(4)


def test_quadrature_agrees_with_numerical_integration() -> None:
    coef, sd = np.array([0.2, 0.4]), 0.8
    exact = 0.0
    for y, n, a in zip(EVENTS, TRIALS, ARM, strict=True):
        eta = coef[0] + coef[1] * a

        def density(u: float, y: int = y, n: int = n, eta: float = eta) -> float:
            p = special.expit(eta + sd * u)
            return float(p**y * (1 - p) ** (n - y) * stats.norm.pdf(u))

        exact += np.log(integrate.quad(density, -9, 9)[0])
    assert _integrated(COUPLES, coef, sd, 20) == pytest.approx(exact, abs=1e-8)


def test_the_conditional_odds_ratio_is_further_from_one_than_the_marginal() -> None:
    rng = np.random.default_rng(1)
    arm = np.tile([0, 1], 150)
    trials = rng.integers(2, 15, 300)
    p = special.expit(-0.3 + 0.8 * arm + 1.5 * rng.normal(size=300))
    data = rates(rng.binomial(trials, p), trials, arm)
    fit = mixed(data)
    assert fit.converged
    assert fit.coef[1] > gee(data).coef[1]
    assert fit.sd == pytest.approx(1.5, abs=0.3)


def test_a_batch_equals_single_studies() -> None:
    rng = np.random.default_rng(2)
    trials = rng.integers(0, 12, (3, 40))
    events = rng.binomial(trials, 0.6)
    arm = np.tile([0, 1], 20)
    batch = rates(events, trials, arm)
    for i in range(3):
        alone = rates(events[i], trials[i], arm)
        assert gee(batch).correlation[i] == pytest.approx(gee(alone).correlation)
        for how in (rate_difference, overdispersed_odds_ratio, gee_odds_ratio):
            assert how(batch, QUESTION).conf_low[i] == pytest.approx(how(alone, QUESTION).conf_low)


def test_an_arm_in_which_every_embryo_succeeds_is_a_failed_fit() -> None:
    data = rates([3, 2, 1, 2], [3, 2, 2, 4], [1, 1, 0, 0])
    assert not gee_odds_ratio(data, QUESTION).converged
    assert rate_difference(data, QUESTION).estimate == pytest.approx(0.5)


def test_bad_counts_are_named() -> None:
    with pytest.raises(InputError, match="0 <= events <= trials"):
        rates([3], [2], [0])
    with pytest.raises(InputError, match="code it 0"):
        rates([1], [2], [2])
