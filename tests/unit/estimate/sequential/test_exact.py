"""Exact and closed-form planning: small tables, agreement with simulation, bad input."""

import numpy as np
import pytest
from scipy.stats import binom

from estimate.comparison.exact.binomial_tables import binomial_masses, pooled_z
from estimate.comparison.restricted_risks import restricted_risks
from estimate.performance.measures import z_against
from estimate.sample_size.closed_form import (
    power_two_proportions,
    size_one_proportion,
    size_two_means,
    size_two_proportions,
)
from estimate.sample_size.conditioning import effects_under_thresholds
from estimate.sample_size.events import event_probability, schoenfeld_events
from estimate.sample_size.exact_fixed import (
    exact_power,
    fisher_test,
    one_arm_boundary,
    one_arm_size,
    pooled_z_test,
    search_size,
)
from estimate.sample_size.exact_reestimation import _fewest_events, exact_reestimation
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sample_size.marginal_truth import marginal_truth, solve_conditional
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.spending import Spending
from protocol.errors import InputError


def test_masses_agree_with_scipy():
    masses = binomial_masses(7, [0.0, 0.3, 1.0])
    assert masses == pytest.approx(binom.pmf(np.arange(8), 7, [[0.0], [0.3], [1.0]]))


def test_two_participants_per_arm_by_hand():
    z = pooled_z(2, 2)
    assert z[2, 0] == pytest.approx(1 / np.sqrt(0.25))
    assert z[0, 0] == z[2, 2] == 0
    table = pooled_z_test(0.025)(2, 2)
    assert table.sum() == 1
    assert table[2, 0]  # 2.0 is above 1.96
    assert exact_power(table, 0.5, 0.5) == pytest.approx(1 / 16)
    # Fisher: the conditional probability of the most extreme table is 1/6.
    assert not fisher_test(0.16)(2, 2).any()
    assert fisher_test(0.17)(2, 2)[2, 0]


def test_a_statistic_on_the_boundary_rejects():
    table = pooled_z_test(0.022750131948179195)(2, 2)  # both z and the boundary are 2
    assert table[2, 0]


def test_power_is_a_batch_over_risks():
    table = pooled_z_test()(20, 30)
    p1, p2 = np.array([[0.2], [0.5]]), np.array([0.2, 0.4, 0.6])
    grid = exact_power(table, p1, p2)
    assert grid.shape == (2, 3)
    assert grid[1, 0] == pytest.approx(float(exact_power(table, 0.5, 0.2)))


def test_one_analysis_of_the_recursion_is_the_enumeration():
    table = pooled_z_test(0.025)(40, 30)
    trial = exact_sequential([40], [30], [1.959963984540054], [0.5, 0.3], [0.3, 0.3])
    assert trial.power == pytest.approx(exact_power(table, [0.5, 0.3], [0.3, 0.3]), abs=1e-12)


def test_two_participants_twice_by_hand():
    # With 2 + 2 participants stop only for 2 events against 0; with 4 + 4 reject if z >= 1.9.
    trial = exact_sequential([2, 4], [2, 4], [1.9, 1.9], 0.5, 0.5)
    assert trial.efficacy[0] == pytest.approx(1 / 16)
    rejects, total = pooled_z(4, 4) >= 1.9, 0.0
    masses = binomial_masses(2, 0.5)
    for a, b, c, d in np.ndindex(3, 3, 3, 3):
        if (a, b) != (2, 0) and rejects[a + c, b + d]:
            total += masses[a] * masses[b] * masses[c] * masses[d]
    assert trial.efficacy[1] == pytest.approx(total)
    assert trial.expected_participants == pytest.approx(4 / 16 + 8 * 15 / 16)


def test_two_sides_are_symmetric():
    trial = exact_sequential([10, 20], [10, 20], [2.5, 2.0], [0.6, 0.3], [0.3, 0.6], sides=2)
    assert trial.power[0] == pytest.approx(trial.power[1])
    one = exact_sequential([10, 20], [10, 20], [2.5, 2.0], 0.5, 0.5)
    both = exact_sequential([10, 20], [10, 20], [2.5, 2.0], 0.5, 0.5, sides=2)
    assert one.power < both.power <= 2 * one.power


def test_simulated_trials_agree_with_the_recursion_over_random_designs():
    """Over 50 designs, z-scores of simulated minus exact rejection rates are standard normal."""
    rng, trials, scores = np.random.default_rng(20), 20_000, []
    for _ in range(50):
        analyses = int(rng.integers(1, 4))
        n1 = np.cumsum(rng.integers(10, 40, analyses))
        n2 = np.cumsum(rng.integers(10, 40, analyses))
        p2 = rng.uniform(0.1, 0.6)
        p1 = p2 + rng.uniform(0, 0.3)
        t = np.arange(1, analyses + 1) / analyses
        upper = np.array(plan_sequential(t, Spending("HSD", rng.uniform(-4, 1))).upper)
        rejected, running = np.zeros(trials, bool), np.ones(trials, bool)
        x1 = x2 = np.zeros(trials, int)
        for k in range(analyses):
            x1 = x1 + rng.binomial(np.diff(n1, prepend=0)[k], p1, trials)
            x2 = x2 + rng.binomial(np.diff(n2, prepend=0)[k], p2, trials)
            rejected |= running & (pooled_z(n1[k], n2[k])[x1, x2] >= upper[k] - 1e-10)
            running &= ~rejected
        exact = float(exact_sequential(n1, n2, upper, p1, p2).power)
        if 0.005 < exact < 0.995:  # the normal approximation fails near 0 and 1
            scores.append(float(z_against(rejected.mean(), trials, exact)))
    scores = np.array(scores)
    assert scores.size > 45
    assert abs(scores.mean()) < 3 / np.sqrt(scores.size)
    assert 0.7 < scores.std(ddof=1) < 1.3
    assert np.abs(scores).max() < 4


def test_the_first_sufficient_size_precedes_the_size_with_lasting_power():
    found = search_size(pooled_z_test(), 0.6, 0.3, power=0.9, around=50)
    assert found.first <= found.stays_from
    index = {int(n): float(p) for n, p in zip(found.participants, found.power, strict=True)}
    assert index[found.first] >= 0.9 > index[found.first - 1]
    assert index[found.stays_from] >= 0.9 > index[found.stays_from - 1]


def test_two_to_one_search():
    found = search_size(pooled_z_test(), 0.6, 0.3, power=0.8, around=30, allocation=2)
    assert (
        found.stays_from < search_size(pooled_z_test(), 0.6, 0.3, power=0.8, around=42).stays_from
    )


def test_restricted_risks_satisfy_the_null_and_the_closed_form_without_margin():
    for null, measure in ((0.1, "risk difference"), (1.7, "risk ratio"), (0.4, "odds ratio")):
        r1, r2 = restricted_risks(0.45, 0.3, 40, 60, null, measure)
        made = {
            "risk difference": r1 - r2,
            "risk ratio": r1 / r2,
            "odds ratio": r1 / (1 - r1) * (1 - r2) / r2,
        }
        assert made[measure] == pytest.approx(null)
    for null, measure in ((0, "risk difference"), (1, "risk ratio"), (1, "odds ratio")):
        pooled = restricted_risks(0.5, 0.25, 40, 60, null, measure)
        assert pooled == (pytest.approx(0.35), pytest.approx(0.35))


def test_restricted_risks_are_the_maximum_of_the_likelihood():
    def loglik(q, null):
        p = q + null
        return 12 * np.log(p) + 28 * np.log(1 - p) + 24 * np.log(q) + 36 * np.log(1 - q)

    _, q = restricted_risks(12 / 40, 24 / 60, 40, 60, 0.15, "risk difference")
    best = loglik(q, 0.15)
    assert best >= loglik(q + 1e-4, 0.15)
    assert best >= loglik(q - 1e-4, 0.15)


def test_no_participants_are_lost_without_dropout():
    size = size_two_means(2.0, 1.0, 1.0)
    assert size.with_dropout(0.0).total == pytest.approx(size.total)
    assert size.with_dropout(0.5).arm1 == pytest.approx(2 * size.arm1)


def test_calibration_finds_the_conditional_model():
    intercept, effect = solve_conditional(0.40, 0.55, 1.2)
    truth = marginal_truth(intercept, effect, 1.2)
    assert (truth.control, truth.treated) == pytest.approx((0.40, 0.55))
    assert np.exp(effect) > truth.odds_ratio > 1
    assert truth.risk_ratio == pytest.approx(0.55 / 0.40)


def test_events_without_dropout_by_hand():
    chance = event_probability(0.1, accrual_months=1e-9, until_months=10)
    assert chance == pytest.approx(1 - np.exp(-1), abs=1e-6)


def test_no_shift_no_effect():
    effects = effects_under_thresholds(0.0, 0.2, 1.0)
    assert effects.any_sperm == effects.among_operated == effects.retrieval_all == 0
    assert effects.always_operated == pytest.approx(0.0)


def test_one_arm_boundary_by_hand():
    assert one_arm_boundary(5, 0.5, 0.05) == 5  # 1/32 is the only tail probability below 0.05


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: size_two_proportions(0.4, 0.4), "lies on the null"),
        (lambda: size_two_proportions(1.4, 0.4), "between 0 and 1"),
        (lambda: size_two_proportions(0.5, 0.4, alpha=2), "alpha: 2 is not allowed"),
        (lambda: size_two_proportions(0.5, 0.4, power=1.0), "power"),
        (lambda: size_two_proportions(0.5, 0.4, allocation=0), "leaves an arm empty"),
        (lambda: size_two_proportions(0.5, 0.4, null=0.05, continuity=True), "margin"),
        (lambda: size_two_proportions(0.5, 0.4).with_dropout(1.0), "below 1"),
        (lambda: power_two_proportions(0.5, 0.0, 10, 10), "between 0 and 1"),
        (lambda: size_one_proportion(0.3, 0.3), "lies on the null"),
        (lambda: size_two_means(0, 1, 1), "it is 0"),
        (lambda: one_arm_size(0.5, 0.3), "higher risk"),
        (lambda: one_arm_size(0.3, 0.3001), "too close"),
        (lambda: search_size(pooled_z_test(), 0.5, 0.4, power=0.8, around=20), "larger size"),
        (lambda: exact_sequential([10, 10], [5, 6], [2, 2], 0.5, 0.5), "do not rise"),
        (lambda: exact_sequential([10.5], [5], [2], 0.5, 0.5), "whole numbers"),
        (lambda: exact_sequential([10, 20], [10, 20], [2], 0.5, 0.5), "one boundary per analysis"),
        (
            lambda: exact_sequential([10], [10], [2], 0.5, 0.5, lower=[0], sides=2),
            "without lower boundaries",
        ),
        (
            lambda: exact_reestimation(5, (3, 2), lambda z: 0 * z, 0.4, 0.4),
            "set limits to the rule",
        ),
        (lambda: exact_reestimation(5, (3, 2), np.abs, 0.4, 0.4, weights=(1, 1)), "scale them"),
        (lambda: schoenfeld_events(1.0), "other than 1"),
        (lambda: event_probability(1, accrual_months=3, until_months=2), "after the accrual"),
        (lambda: solve_conditional(0, 0.5, 1), "between 0 and 1"),
        (lambda: effects_under_thresholds(0.5, 1.0, 0.2), "below that of the ejaculate"),
    ],
)
def test_an_impossible_plan_is_refused_with_a_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_re_estimation_by_hand_with_two_participants():
    def rule(z):
        return np.where(z > 0, 1, 2)

    half = (np.sqrt(0.5), np.sqrt(0.5))
    found = exact_reestimation(2, (1.9, 1.2), rule, 0.7, 0.4, futility=-1.0)
    first, reject, participants = pooled_z(2, 2), 0.0, 0.0
    m1, m2 = binomial_masses(2, 0.7), binomial_masses(2, 0.4)
    for a, b in np.ndindex(3, 3):
        chance, z = m1[a] * m2[b], first[a, b]
        if -1 <= z < 1.9:
            n = 1 if z > 0 else 2
            second = half[0] * z + half[1] * pooled_z(n, n) >= 1.2 - 1e-9
            later = binomial_masses(n, 0.7)[:, None] * binomial_masses(n, 0.4)
            reject += chance * later[second].sum()
            participants += chance * 2 * n
    assert found.late_efficacy == pytest.approx(reject)
    assert found.early_efficacy == pytest.approx(m1[2] * m2[0])
    assert found.early_futility == pytest.approx(m1[0] * m2[2] + m1[0] * m2[1] + m1[1] * m2[2])
    assert found.expected_participants == pytest.approx(4 + participants)
    assert found.power == pytest.approx(reject + m1[2] * m2[0])


def test_the_naive_test_after_re_estimation_by_hand_with_two_participants():
    def rule(z):
        return np.where(z > 0, 1, 3)

    found = exact_reestimation(2, (1.9, 1.2), rule, 0.7, 0.4, combination="naive")
    first, reject = pooled_z(2, 2), 0.0
    for a, b in np.ndindex(3, 3):
        n = 1 if first[a, b] > 0 else 3
        together = pooled_z(2 + n, 2 + n)[a : a + n + 1, b : b + n + 1] >= 1.2 - 1e-9
        later = binomial_masses(n, 0.7)[:, None] * binomial_masses(n, 0.4)
        if first[a, b] < 1.9:
            chance = binomial_masses(2, 0.7)[a] * binomial_masses(2, 0.4)[b]
            reject += chance * later[together].sum()
    assert found.late_efficacy == pytest.approx(reject)


@pytest.mark.parametrize("participants", [1, 2, 7, 20])
def test_smallest_counts_that_show_a_statistic_are_those_of_the_table(participants):
    table = pooled_z(participants, participants)
    at = np.r_[
        np.random.default_rng(participants).normal(0, 2, 30), np.unique(table), 0.0, 9, -9, 60, -60
    ]
    enough = table >= at[:, None, None] - 1e-9
    minimum = np.where(enough.any(1), enough.argmax(1), participants + 1)
    assert np.array_equal(_fewest_events(participants, at[:, None]), minimum)
