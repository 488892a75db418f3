"""Effect among patients operated in either arm: hand calculations, limits and a known model."""

import numpy as np
import pytest

from estimate.causal.principal_stratum import always_operated
from estimate.comparison.risk_difference import compare_arms
from estimate.core.estimand import Estimand
from estimate.sample_size.conditioning import effects_under_thresholds

QUESTION = Estimand("patients operated under either arm", "1 vs 0", "sperm_retrieved", "")


def test_by_hand_with_ten_patients_an_arm():
    # Sperm in 4 of 10 controls and 7 of 10 treated, 2 of them without operation: 0.3 / 0.8.
    found = always_operated([4, 7], [10, 8], [10, 10], QUESTION)
    assert found.estimate == pytest.approx(0.375)
    # A - 0.375 O per treated patient: 1 (no operation), 0.625 (sperm retrieved), -0.375 (none).
    own = np.var([1.0] * 2 + [0.625] * 5 + [-0.375] * 3)
    assert found.std_error == pytest.approx(np.sqrt((own + 0.24) / 10) / 0.8)
    assert found.n == 20
    assert "risk difference of sperm_retrieved" in str(found.estimand)


def test_without_ejaculators_it_is_the_risk_difference():
    found = always_operated([30, 45], [100, 100], [100, 100], QUESTION)
    plain = compare_arms(45, 100, 30, 100, QUESTION)
    assert found.estimate == pytest.approx(plain.estimate)
    assert found.std_error == pytest.approx(plain.std_error)


def test_the_threshold_model_is_recovered():
    # Shift 0.5, thresholds 0.2 and 1: the stratum gains 0.2852, patients operated 0.1359.
    truth = effects_under_thresholds(0.5, 0.2, 1.0)
    rng = np.random.default_rng(4)
    potential = rng.normal(size=(2, 2000, 200)) + np.array([0.0, 0.5])[:, None, None]
    found, operated = (
        np.moveaxis(each.sum(-1), 0, -1) for each in (potential > 0.2, potential <= 1.0)
    )
    answer = always_operated(found, operated, [200, 200], QUESTION)
    variation = answer.estimate.std()
    assert (
        abs(answer.estimate.mean() - truth.always_operated)
        < 3.5 * variation / np.sqrt(2000) + 0.002
    )
    assert answer.std_error.mean() == pytest.approx(variation, rel=0.05)
    held = (answer.conf_low < truth.always_operated) & (truth.always_operated < answer.conf_high)
    assert abs(held.mean() - 0.95) < 3.5 * np.sqrt(0.05 * 0.95 / 2000)
    assert answer.estimate.mean() > truth.among_operated + 20 * variation / np.sqrt(2000)


def test_a_batch_is_its_trials():
    found, operated, patients = [[4, 7], [5, 5]], [[10, 8], [9, 7]], [[10, 10], [9, 12]]
    batch = always_operated(found, operated, patients, QUESTION)
    for k in range(2):
        alone = always_operated(found[k], operated[k], patients[k], QUESTION)
        assert (alone.estimate, alone.std_error) == (batch.estimate[k], batch.std_error[k])


def test_no_operation_under_treatment_does_not_converge():
    found = always_operated([[4, 10], [0, 5]], [[10, 0], [0, 5]], [[10, 10], [0, 10]], QUESTION)
    assert not found.converged.any()
    assert np.isnan(found.estimate).all()
