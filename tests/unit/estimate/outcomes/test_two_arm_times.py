"""Log-rank, Cox and restricted means of a batch of trials, against other code and formulas."""

import warnings

import numpy as np
import pytest
from lifelines.statistics import logrank_test

from estimate.outcomes.cox import fit_cox, restricted_mean
from estimate.sample_size.events import schoenfeld_events
from estimate.survival.two_arm_times import (
    count_days,
    cox_two_arms,
    hazard_ratio_limits,
    log_rank_of_days,
    restricted_means,
)

HORIZON = 30


def _trials(seed: int, trials: int = 3, patients: int = 80):
    rng = np.random.default_rng(seed)
    shape = (trials, patients)
    day, event = rng.integers(1, HORIZON, shape), (rng.random(shape) < 0.6).astype(float)
    return day, event, rng.integers(0, 2, shape)


def test_they_are_those_of_code_for_one_trial_with_ties() -> None:
    day, event, arm = _trials(0)
    counts = count_days(day, event, arm, np.ones(day.shape), HORIZON)
    value, error, sound = cox_two_arms(counts)
    over, variance = log_rank_of_days(counts)
    mean, spread = restricted_means(counts)
    assert sound.all()
    for r in range(3):
        time, treated = day[r].astype(float), arm[r] == 1
        one = fit_cox(time, event[r], arm[r][:, None].astype(float))
        assert (value[r], error[r]) == pytest.approx((one.coef[0], one.cov[0, 0] ** 0.5))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # lifelines uses a pandas call that pandas 3 deprecates
            test = logrank_test(
                time[treated], time[~treated], event[r][treated], event[r][~treated]
            )
        assert over[r] ** 2 / variance[r] == pytest.approx(test.test_statistic)
        for a in (0, 1):
            here = arm[r] == a
            known = restricted_mean(time[here], event[r][here], float(HORIZON))
            assert (mean[r, a], spread[r, a] ** 0.5) == pytest.approx(known)


def test_strata_have_hazards_of_their_own() -> None:
    """With one stratum per half, observed, expected and variance are summed over the strata."""
    day, event, arm = _trials(1)
    stratum = np.repeat([[0, 1]], 40, axis=1).reshape(1, -1).repeat(3, 0)
    whole = log_rank_of_days(count_days(day, event, arm, np.ones(day.shape), HORIZON, stratum, 2))
    parts = [log_rank_of_days(count_days(day, event, arm, stratum == k, HORIZON)) for k in (0, 1)]
    assert whole[0] == pytest.approx(parts[0][0] + parts[1][0])
    assert whole[1] == pytest.approx(parts[0][1] + parts[1][1])


def test_power_at_the_events_of_schoenfeld_is_that_planned() -> None:
    """Hazard ratio 0.7, one-sided 2.5 %, 80 %: 247 events (rpact, gsDesign 246.79)."""
    events, trials = round(schoenfeld_events(0.7)), 1500
    rng = np.random.default_rng(4)
    arm = np.tile([0, 1], (trials, 250))
    time = rng.exponential(np.where(arm == 1, 1 / 0.7, 1.0))
    last = np.sort(time, axis=1)[:, [events - 1]]
    day = np.ceil(np.minimum(time, last) / last * 400).astype(int)
    over, variance = log_rank_of_days(count_days(day, time <= last, arm, np.ones(arm.shape), 400))
    power = (over / np.sqrt(variance) < -1.959964).mean()
    assert power == pytest.approx(0.8, abs=0.035)


def test_an_arm_without_events_has_no_hazard_ratio_but_a_test() -> None:
    day, event = np.array([[1, 2, 3, 5, 5, 5]]), np.array([[1, 1, 1, 0, 0, 0]])
    arm = np.array([[1, 1, 1, 0, 0, 0]])
    counts = count_days(day, event, arm, np.ones(day.shape), 5)
    assert not cox_two_arms(counts)[2][0]
    over, variance = log_rank_of_days(counts)
    assert over[0] / np.sqrt(variance[0]) > 2


def test_limits_of_the_hazard_ratio_are_where_the_score_test_of_another_code_rejects() -> None:
    day, event, arm = _trials(4, trials=4, patients=60)
    counts = count_days(day, event, arm, np.ones(day.shape), HORIZON)
    over, variance = log_rank_of_days(counts)
    z = over / np.sqrt(variance)
    limits = hazard_ratio_limits(counts, z)
    for r in range(4):
        ratio = _score(day[r], event[r], arm[r], 0.0) / z[r]
        found = [_score(day[r], event[r], arm[r], float(each[r])) for each in limits]
        assert found == pytest.approx([1.959964 * ratio, -1.959964 * ratio], abs=1e-5)


def _score(day, event, arm, value: float) -> float:
    """Return the score of Cox's model over its standard error, tie by tie (Efron)."""
    score = information = 0.0
    hazard = np.exp(value * arm)
    for each in np.unique(day[event > 0]):
        gone, left = (day == each) & (event > 0), day >= each
        for tie in range(gone.sum()):
            weight = hazard * (left - tie / gone.sum() * gone)
            share = (weight * arm).sum() / weight.sum()
            score, information = score - share, information + share * (1 - share)
        score += arm[gone].sum()
    return score / np.sqrt(information)


def test_a_treatment_arm_without_events_has_no_lower_limit() -> None:
    day, event = np.array([[5, 9, 12, 30, 30, 30]]), np.array([[1, 1, 1, 0, 0, 0]])
    counts = count_days(day, event, 1 - event, np.ones(day.shape), HORIZON)
    over, variance = log_rank_of_days(counts)
    low, high = hazard_ratio_limits(counts, over / np.sqrt(variance))
    assert low[0] == -np.inf
    assert np.isfinite(high[0])
