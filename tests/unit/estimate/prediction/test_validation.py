"""Validation of predicted risks, and its sample size."""

import numpy as np
import pytest
from scipy.special import expit, logit

from estimate.prediction.sample_size import linear_predictor, validation_size
from estimate.prediction.validation import net_benefit, validate_predictions
from estimate.regression.logistic import fit_logistic
from protocol.errors import InputError


def cohort(n=4000, seed=2):
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(-1, 1.2, n))
    return p, (rng.random(n) < p) * 1.0


def test_correct_predictions_are_calibrated_and_distorted_ones_are_not():
    p, y = cohort()
    right = validate_predictions(p, y)
    assert abs(right.slope.value - 1) < 2.5 * right.slope.std_error
    assert abs(right.intercept.value) < 2.5 * right.intercept.std_error
    assert right.observed_over_expected.low < 1 < right.observed_over_expected.high
    extreme = validate_predictions(expit(2 * logit(p)), y)
    assert extreme.slope.value == pytest.approx(right.slope.value / 2)
    assert extreme.c_statistic.value == right.c_statistic.value
    assert extreme.brier.value > right.brier.value
    assert sum(size for *_, size in right.groups) == right.n


def test_net_benefit_by_hand_and_its_error():
    found = net_benefit(np.array([0.1, 0.3, 0.3, 0.8]), np.array([1.0, 0, 1, 1]), 0.25)
    assert found.value == pytest.approx((2 - 1 / 3) / 4)
    values = [net_benefit(*cohort(400, seed), 0.3) for seed in range(200)]
    spread = np.std([each.value for each in values], ddof=1)
    assert np.mean([each.std_error for each in values]) == pytest.approx(spread, rel=0.15)


def test_the_size_gives_the_precision_that_was_asked_for():
    size = validation_size(0.3, 0.75)
    lp = linear_predictor(0.3, 0.75)
    p = expit(lp)
    assert p.mean() == pytest.approx(0.3, abs=1e-6)
    slopes = []
    rng = np.random.default_rng(3)
    drawn = rng.choice(lp, (200, size.slope))
    y = rng.random(drawn.shape) < expit(drawn)
    fit = fit_logistic(np.stack([np.ones(drawn.shape), drawn], -1), y)
    slopes = fit.coef[:, 1]
    assert 2 * 1.96 * slopes.std(ddof=1) == pytest.approx(0.2, rel=0.15)
    assert size.patients == max(size.observed_over_expected, size.slope, size.c_statistic)
    events = size.observed_over_expected * 0.3
    half = 1.96 * np.sqrt(0.7 / events)
    assert np.exp(half) - np.exp(-half) == pytest.approx(0.2, rel=1e-3)


@pytest.mark.parametrize(
    ("p", "y", "words"),
    [
        ([0.2, 1.2], [0, 1], "not a risk"),
        ([0.2, np.nan], [0, 1], "not a risk"),
        ([0.2, 0.3], [0, 0], "both must occur"),
        ([0.2], [0, 1], "do not fit"),
    ],
)
def test_other_predictions_are_refused(p, y, words):
    with pytest.raises(InputError, match=words):
        validate_predictions(p, y)
