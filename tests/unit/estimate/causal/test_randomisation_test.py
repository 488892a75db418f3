"""The score test of randomised trials: its variance is that of all possible randomisations."""

from itertools import combinations

import numpy as np
import pytest

from estimate.causal.randomisation_test import TEST, randomisation_z, with_randomisation_test
from estimate.causal.randomised_g_computation import g_computation_by_arm
from estimate.comparison.stratified import (
    StratumCounts,
    cochran_mantel_haenszel,
    count_strata,
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
    z = randomisation_z(np.tile(Y, (len(arms), 1)), arms, np.broadcast_to(X, (len(arms), 10, 1)))
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1)


def test_within_strata_the_same_holds_for_all_randomisations_of_each_stratum():
    first, second = every_randomisation(4, 2), every_randomisation(6, 2)
    arms = np.array([np.concatenate([a, b]) for a in first for b in second])
    many = len(arms)
    z = randomisation_z(
        np.tile(Y, (many, 1)), arms, np.broadcast_to(X, (many, 10, 1)), stratum=STRATUM
    )
    assert z.mean() == pytest.approx(0, abs=1e-12)
    assert (z**2).mean() == pytest.approx(1)


def test_without_covariates_it_is_the_mantel_haenszel_test():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    z = randomisation_z(Y, arm, np.zeros((10, 0)), stratum=STRATUM)
    chi2, _ = cochran_mantel_haenszel(count_strata(Y, arm, STRATUM, 2))
    assert z**2 == pytest.approx(chi2)
    # Stratum 0: 2 of 2 against 1 of 2; stratum 1: 0 of 3 against 2 of 3. Over expectation: 0.5 - 1.
    assert z == pytest.approx((0.5 - 1.0) / np.sqrt(2 * 2 * 3 * 1 / 48 + 3 * 3 * 2 * 4 / 180))


def test_the_statistic_is_the_treated_sum_of_residuals_over_its_permutation_error():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    coef = fit_logistic(np.column_stack([np.ones(10), X]), Y).coef
    residual = Y - 1 / (1 + np.exp(-(coef[0] + X[:, 0] * coef[1])))
    error = np.sqrt(5 * 5 / 10 * residual.var(ddof=1))
    assert randomisation_z(Y, arm, X) == pytest.approx(residual[arm == 1].sum() / error)
    fewer = np.sqrt(5 * 5 / 10 * (residual**2).sum() / (10 - 1 - 1))
    balanced = randomisation_z(Y, arm, X, balanced=1)
    assert balanced == pytest.approx(residual[arm == 1].sum() / fewer)


def test_exchanging_the_arms_changes_the_sign():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    one, other = (randomisation_z(Y, each, X) for each in (arm, 1 - arm))
    assert one == pytest.approx(-other)


def test_patients_who_are_not_analysed_do_not_matter():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    kept = np.arange(10) < 8
    given = randomisation_z(np.where(kept, Y, 1.0), arm, X, include=kept)
    assert given == pytest.approx(randomisation_z(Y[:8], arm[:8], X[:8]))


def test_a_trial_without_events_or_with_an_empty_arm_has_the_statistic_0():
    arm = np.array([1, 0, 1, 0, 1, 1, 0, 0, 1, 0], float)
    assert randomisation_z(np.zeros(10), arm, X) == 0
    assert randomisation_z(Y, np.zeros(10), X) == 0
    separated = (X[:, 0] > 0.2).astype(float)
    assert randomisation_z(separated, arm, X) == 0


def test_the_estimate_keeps_its_interval():
    rng = np.random.default_rng(3)
    arm, x = np.arange(80) % 2, rng.normal(size=(80, 1))
    y = (rng.random(80) < 0.5).astype(float)
    answer = g_computation_by_arm(y, arm, x).compare(QUESTION, "trial", "Wald")[0]
    tested = with_randomisation_test(answer, np.array(1.959963984540054))
    assert tested.p_value == pytest.approx(0.05)
    assert (tested.conf_low, tested.std_error) == (answer.conf_low, answer.std_error)
    assert tested.test == TEST


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
