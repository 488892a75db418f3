"""Single injections against published curves, and several against sums by hand."""

import numpy as np
import pytest

from protocol.regimen.load import load_regimen
from simulate.hormones.pharmacology import (
    Injections,
    activity,
    concentration,
    elimination_per_hour,
    feedback_weights,
    injections_of_drug,
    reference_activity,
    remaining,
    response,
    scale,
    strength,
    weighted_activity,
)
from tests.support.paper import paper

HOURS = np.arange(0, 1000, 0.05)


def one(dose_iu: float) -> Injections:
    return Injections(np.array([0]), np.array([dose_iu]))


def test_ufsh_150_iu_follows_the_published_single_dose_curve():
    """150 IU in healthy subjects: Cmax 8.9, Tmax 7.7 h, half-life 36 h, area 258.6.

    The abstract prints measured FSH, which includes a healthy volunteer's own FSH: 4.6 IU/L,
    a normal value, account for the difference, and FSH of suppressed patients increases by 3.8 IU/L
    (4.3 here).
    """
    curve = concentration(paper().physiology.ufsh, HOURS, one(150))
    assert curve.max() + 4.6 == pytest.approx(8.9, abs=0.05)
    assert curve.max() == pytest.approx(3.8, rel=0.15)
    assert HOURS[curve.argmax()] == pytest.approx(7.7, abs=0.1)
    assert curve.sum() * 0.05 == pytest.approx(258.6, rel=1e-3)
    late = np.interp([100, 136], HOURS, curve)
    assert late[1] / late[0] == pytest.approx(0.5, rel=1e-3)


def test_hcg_peaks_at_six_hours_and_halves_every_day():
    curve = concentration(paper().physiology.hcg, HOURS, one(6000))
    assert HOURS[curve.argmax()] == pytest.approx(6, abs=0.1)
    late = np.interp([100, 123.6], HOURS, curve)
    assert late[1] / late[0] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("hours", "fold"), [(0, 1), (4, 1.6), (24, 1.6), (72, 2.4), (96, 2.4), (144, 1), (500, 1)]
)
def test_testosterone_after_6000_iu_of_hcg_follows_the_published_curve(hours, fold):
    """7 subjects: 1.6-fold in 4 h, plateau to 24 h, 2.4-fold at 72 to 96 h, back at 144 h."""
    normal_gain = 1.4 / float(strength(paper().physiology, 6000))
    level = activity(paper().physiology, np.array([float(hours)]), one(6000))
    assert 1 + normal_gain * level[0] == pytest.approx(fold, abs=0.01)


def test_a_second_injection_a_day_later_raises_testosterone_no_higher():
    twice = Injections(np.array([0, 1]), np.full(2, 6000.0))
    once_more = activity(paper().physiology, HOURS, twice)
    assert once_more.max() == activity(paper().physiology, HOURS, one(6000)).max()
    assert (once_more >= activity(paper().physiology, HOURS, one(6000))).all()


def test_strength_saturates_and_is_one_at_the_reference_dose():
    model = paper().physiology
    half = model.hcg_half_effect_iu.value
    at = strength(model, [0.0, half, model.hcg_reference_iu.value, 1e12])
    assert at[0] == 0
    assert at[1] == pytest.approx(at[3] / 2)
    assert at[2] == pytest.approx(1)


def test_concentrations_add_up():
    kinetics = paper().physiology.ufsh
    both = concentration(kinetics, HOURS, Injections(np.array([0, 4]), np.array([150.0, 75.0])))
    first, second = (
        concentration(kinetics, HOURS, one(150)),
        concentration(kinetics, HOURS, one(75)),
    )
    later = np.where(HOURS >= 96, np.interp(HOURS - 96, HOURS, second), 0)
    assert np.allclose(both, first + later, atol=1e-4)


def test_the_remaining_concentration_is_the_sum_over_injections():
    given = Injections(np.array([0, 4, 11]), np.array([150.0, 150.0, 75.0]))
    half_life = np.array([20.0, 36.0, 90.0])
    rate = np.log(2) / half_life
    left = np.array([150, 150, 75])[:, None] * np.exp(-np.outer([360, 264, 96], rate))
    assert np.allclose(remaining(given, 15, half_life), left.sum(axis=0))
    injected = np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], bool)
    assert np.allclose(remaining(given, 15, half_life, injected), (left * injected).sum(axis=0))


def test_steady_increments_of_ufsh_lie_in_the_derived_range():
    """Mean increment of 150 IU every 4 days: at most 258.6 / 96 h = 2.7 IU/L, every 2 days 5.4."""
    kinetics = paper().physiology.ufsh
    for every, mean in ((4, 2.69), (2, 5.39)):
        days = np.arange(0, 60, every)
        hours = np.arange(40 * 24, 40 * 24 + every * 24, 0.1)
        level = concentration(kinetics, hours, Injections(days, np.full(len(days), 150.0)))
        assert level.mean() == pytest.approx(mean, rel=0.01)


def test_the_fast_form_equals_the_curve_at_a_month_end():
    kinetics = paper().physiology.ufsh
    given = injections_of_drug(load_regimen("fsh-guided"), (0, 1, 1), "ufsh")
    half_life = np.array([15.0, 36.0, 80.0])
    height = scale(kinetics, elimination_per_hour(half_life), 1.0)
    fast = height * remaining(given, 90, half_life)
    slow = [concentration(kinetics, np.array([2160.0]), given, float(t))[0] for t in half_life]
    assert np.allclose(fast, slow, rtol=1e-4)


def test_injections_continue_over_month_ends_and_restart_with_a_phase():
    regimen = load_regimen("fsh-guided")
    assert injections_of_drug(regimen, (0, 0), "hcg").days.tolist() == list(range(0, 60, 2))
    assert injections_of_drug(regimen, (0, 1, 1), "ufsh").days.tolist() == list(range(30, 90, 4))
    assert injections_of_drug(regimen, (0, 1, 1), "hcg").days[15:].tolist() == list(
        range(32, 90, 4)
    )
    assert not len(injections_of_drug(load_regimen("ufsh-only"), (0,), "hcg").days)


def test_days_from_are_closed_and_days_to_are_open():
    given = Injections(np.array([28, 30, 58, 60]), np.full(4, 1.0))
    assert given.between(30, 60).days.tolist() == [30, 58]


def test_feedback_reaches_its_share_within_a_month_and_later_days_have_more_weight():
    weights = feedback_weights(paper().physiology)
    assert weights.sum() == pytest.approx(paper().physiology.response_per_month.value)
    assert (np.diff(weights) > 0).all()


def test_the_reference_regimen_keeps_leydig_cells_near_their_maximum():
    assert 0.9 < reference_activity(paper().physiology) < 1


def test_there_is_no_response_before_the_injection():
    assert response(paper().physiology, [-1.0, 0.0]).tolist() == [0.0, 0.0]


def test_sums_over_hours_use_the_largest_response_to_the_injections_given():
    model = paper().physiology
    given = Injections(np.arange(0, 12, 2), np.full(6, 2000.0))
    flags = np.array([[1, 1, 1], [1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]], bool)
    hours, weights = np.arange(0, 300, 5.0), np.random.default_rng(1).random((2, 60))
    found = weighted_activity(model, hours, weights, given, flags)
    for patient, received in enumerate(flags.T):
        own = Injections(given.days[received], given.doses_iu[received])
        assert found[:, patient] == pytest.approx(weights @ activity(model, hours, own))
