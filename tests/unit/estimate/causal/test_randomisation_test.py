"""The score test of randomised trials: its variance is that of all possible randomisations."""

from itertools import combinations

import numpy as np
import pytest
from scipy.special import expit

from estimate.causal.randomisation_test import (
    TEST,
    randomisation_test,
    with_randomisation_test,
)
from estimate.causal.randomised_g_computation import g_computation_by_arm
from estimate.comparison.risk_difference import score_interval
from estimate.comparison.stratified import (
    StratumCounts,
    cochran_mantel_haenszel,
    count_strata,
    stratified_score_interval,
    stratified_score_z,
)
from estimate.core.estimand import Estimand
from estimate.regression.logistic import fit_logistic

Y = np.array([1, 0, 1, 1, 0, 0, 1, 0, 0, 1], float)
X = np.array([0.3, -1.2, 2.0, 0.1, 0.8, -0.5, -0.4, 1.1, 0.0, 1.6])[:, None]
STRATUM = np.repeat([0, 1], [4, 6])
QUESTION = Estimand("all patients", "therapy 1 vs 0", "sperm", "")


def every_randomisation(patients, treated):
    rows = [np.isin(np.arange(patients), c) for c in combinations(range(patients), treated)]
    return np.array(rows, float)


def test_over_all_randomisations_the_statistic_has_mean_0_and_variance_1():
    arms = every_randomisation(10, 4)
    z = randomisation_test(
        np.tile(Y, (len(arms), 1)), arms, np.broadcast_to(X, (len(arms), 10, 1))
    ).statistic
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1)


def test_within_strata_the_same_holds_for_all_randomisations_of_each_stratum():
    first, second = every_randomisation(4, 2), every_randomisation(6, 2)
    arms = np.array([np.concatenate([a, b]) for a in first for b in second])
    many = len(arms)
    z = randomisation_test(
        np.tile(Y, (many, 1)), arms, np.broadcast_to(X, (many, 10, 1)), stratum=STRATUM
    ).statistic
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1)


def test_without_covariates_it_is_the_mantel_haenszel_test():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    z = randomisation_test(Y, arm, np.zeros((10, 0)), stratum=STRATUM).statistic
    chi2, _ = cochran_mantel_haenszel(count_strata(Y, arm, STRATUM, 2))
    assert z**2 == pytest.approx(chi2)
    # Stratum 0: 2 of 2 against 1 of 2; stratum 1: 0 of 3 against 2 of 3. Over expectation: 0.5 - 1.
    assert z == pytest.approx((0.5 - 1.0) / np.sqrt(2 * 2 * 3 * 1 / 48 + 3 * 3 * 2 * 4 / 180))


def test_the_statistic_is_the_treated_sum_of_residuals_over_its_permutation_error():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    coef = fit_logistic(np.column_stack([np.ones(10), X]), Y).coef
    residual = Y - 1 / (1 + np.exp(-(coef[0] + X[:, 0] * coef[1])))
    error = np.sqrt(5 * 5 / 10 * residual.var(ddof=1))
    assert randomisation_test(Y, arm, X).statistic == pytest.approx(
        residual[arm == 1].sum() / error
    )
    fewer = np.sqrt(5 * 5 / 10 * (residual**2).sum() / (10 - 1 - 1))
    balanced = randomisation_test(Y, arm, X, balanced=1).statistic
    assert balanced == pytest.approx(residual[arm == 1].sum() / fewer)


def test_exchanging_the_arms_changes_the_sign():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    one, other = (randomisation_test(Y, each, X).statistic for each in (arm, 1 - arm))
    assert one == pytest.approx(-other)


def test_patients_who_are_not_analysed_do_not_matter():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    kept = np.arange(10) < 8
    given = randomisation_test(np.where(kept, Y, 1.0), arm, X, include=kept).statistic
    assert given == pytest.approx(randomisation_test(Y[:8], arm[:8], X[:8]).statistic)


def test_a_trial_without_events_or_with_an_empty_arm_has_the_statistic_0():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    assert randomisation_test(np.zeros(10), arm, X).statistic == 0
    assert randomisation_test(Y, np.zeros(10), X).statistic == 0
    separated = (X[:, 0] > 0.2).astype(float)
    assert randomisation_test(separated, arm, X).statistic == 0


def test_an_estimate_keeps_its_error_and_takes_test_and_interval():
    rng = np.random.default_rng(3)
    arm, x = np.arange(80) % 2, rng.normal(size=(80, 1))
    y = (rng.random(80) < 0.5).astype(float)
    answer = g_computation_by_arm(y, arm, x).compare(QUESTION, "trial", "Wald")[0]
    test = randomisation_test(y, arm, x)
    tested = with_randomisation_test(answer, test)
    assert tested.statistic == test.statistic
    assert (tested.estimate, tested.std_error) == (answer.estimate, answer.std_error)
    assert (tested.conf_low, tested.conf_high) == test.interval("risk difference")
    assert tested.test == tested.interval == TEST


@pytest.mark.parametrize("measure", ["risk difference", "risk ratio", "odds ratio"])
def test_without_covariates_the_interval_is_that_of_miettinen_and_nurminen(measure):
    arm = np.repeat([1, 0], [30, 50])
    y = np.concatenate([np.arange(30) < 21, np.arange(50) < 18])
    test = randomisation_test(y, arm, np.zeros((80, 0)))
    expected = np.array(score_interval(21, 30, 18, 50, measure=measure))
    assert np.array(test.interval(measure)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("y", [np.zeros(10), np.ones(10), (X[:, 0] > 0.2).astype(float)])
def test_an_interval_without_residuals_contains_no_effect(y):
    low, high = randomisation_test(y, np.arange(10) % 2, X).interval("risk difference")
    assert -1 < low <= 0 <= high < 1


def test_the_interval_covers_a_large_effect_in_95_percent_of_trials():
    trials, n = 4000, 120
    rng = np.random.default_rng(5)
    arm = np.broadcast_to(np.arange(n) % 3 > 0, (trials, n))  # two of three are treated
    x = rng.normal(size=(trials, n, 1))
    risks = [expit(-1 + 1.5 * each + 1.2 * x[..., 0]) for each in (0, 1)]
    y = rng.random((trials, n)) < np.where(arm, risks[1], risks[0])
    far = rng.normal(size=1_000_000) * 1.2 - 1
    truth = (expit(far + 1.5) - expit(far)).mean()
    low, high = randomisation_test(y, arm, x).interval("risk difference")
    plain = score_interval((y * arm).sum(1), arm.sum(1), (y * ~arm).sum(1), (~arm).sum(1))
    covered = ((low <= truth) & (truth <= high)).mean()
    assert covered == pytest.approx(0.955, abs=4 * np.sqrt(0.05 * 0.95 / trials))
    assert (high - low).mean() < 0.95 * (plain[1] - plain[0]).mean()


@pytest.mark.parametrize("strata", [1, 3])
def test_the_stratified_interval_ends_where_its_test_rejects(strata):
    counts = StratumCounts.of(
        *np.array([[9, 4, 7], [20, 15, 22], [3, 4, 2], [18, 16, 20]])[:, :strata]
    )
    low, high = stratified_score_interval(counts)
    limits = [stratified_score_z(counts, each) for each in (low, high)]
    assert limits == pytest.approx([1.959963984540054, -1.959963984540054], abs=1e-5)


def test_the_stratified_interval_of_one_stratum_is_that_of_miettinen_and_nurminen():
    counts = StratumCounts.of(
        [[5], [0], [12]], [[12], [10], [12]], [[3], [0], [2]], [[15], [20], [9]]
    )
    found = stratified_score_interval(counts)
    expected = score_interval([5, 0, 12], [12, 10, 12], [3, 0, 2], [15, 20, 9])
    assert np.allclose(found, expected, atol=1e-7)
    empty = stratified_score_interval(StratumCounts.of([3], [5], [0], [0]))
    assert np.array_equal(empty, [-1, 1])


def test_the_stratified_score_test_of_one_stratum_is_that_of_miettinen_and_nurminen():
    # 45 of 80 against 40 of 70, margin 10 points; restricted risks by maximising the likelihood.
    p2 = np.linspace(0.101, 0.999, 200_001)
    p1 = p2 - 0.10
    loglik = 45 * np.log(p1) + 35 * np.log1p(-p1) + 40 * np.log(p2) + 30 * np.log1p(-p2)
    r1, r2 = p1[loglik.argmax()], p2[loglik.argmax()]
    error = np.sqrt((r1 * (1 - r1) / 80 + r2 * (1 - r2) / 70) * 150 / 149)
    z = stratified_score_z(StratumCounts.of([45], [80], [40], [70]), -0.10)
    assert z == pytest.approx((45 / 80 - 40 / 70 + 0.10) / error, rel=1e-6)


def test_strata_that_lack_an_arm_do_not_contribute_to_the_stratified_score_test():
    full = StratumCounts.of([45, 12], [80, 20], [40, 9], [70, 22])
    more = StratumCounts.of([45, 12, 3], [80, 20, 7], [40, 9, 0], [70, 22, 0])
    assert stratified_score_z(more, -0.1) == pytest.approx(stratified_score_z(full, -0.1))


def test_the_stratified_score_test_of_no_effect_is_that_of_mantel_and_haenszel():
    counts = StratumCounts.of([45, 12], [80, 20], [40, 9], [70, 22])
    chi2, _ = cochran_mantel_haenszel(counts)
    assert stratified_score_z(counts, 0.0) ** 2 == pytest.approx(chi2)
