"""Recruitment: expectation by hand, Poisson counts, staggered sites, trials that never fill."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InputError
from simulate.recruitment.accrual import (
    Site,
    combine,
    draw_arrivals,
    expected_month,
    expected_patients,
)

STEADY = Site((0.0,), (2.0,))
LATE = Site((3.0,), (4.0,))
RAMP = Site((1.0, 5.0), (0.0, 3.0), ramp=True)
CLOSING = Site((0.0, 6.0), (5.0, 0.0))


def streams(shape, seed):
    return np.random.default_rng(seed).random((2, *shape))


def test_expectation_by_hand():
    sites = combine([STEADY, LATE, RAMP])
    assert expected_patients(sites, 0.0) == pytest.approx([0, 0, 0])
    assert expected_patients(sites, 3.0) == pytest.approx([6, 0, 3 / 4 * 2 * 2 / 2])
    assert expected_patients(sites, [5.0, 7.0])[:, 2] == pytest.approx([6, 12])
    assert expected_patients(sites, [5.0, 7.0])[:, 1] == pytest.approx([8, 16])


@given(st.floats(0.01, 60))
def test_expected_month_inverts_expected_patients(month):
    sites = combine([STEADY, LATE, RAMP])
    assert expected_month(sites, expected_patients(sites, month).sum()) == pytest.approx(month)


def test_counts_are_poisson():
    sites = combine([STEADY, LATE, RAMP])
    months, site = draw_arrivals(sites, *streams((4000, 120), 1))
    for until in (2.0, 4.0, 6.0):
        expected = expected_patients(sites, until)
        for s in range(3):
            counts = ((months <= until) & (site == s)).sum(1)
            error = np.sqrt(max(expected[s], 1e-9) / 4000)
            assert abs(counts.mean() - expected[s]) <= 4 * error + 1e-12
            if expected[s] > 1:
                assert counts.var() == pytest.approx(expected[s], rel=0.1)
    first, second = (((months <= 6) & (site == s)).sum(1) for s in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(4000)


def test_no_patient_arrives_before_the_site_opens():
    months, site = draw_arrivals(combine([LATE, RAMP]), *streams((500, 40), 2))
    assert months.min() > 1.0
    assert months[site == 0].min() >= 3.0
    assert (np.diff(months, axis=1) >= 0).all()


def test_a_larger_trial_begins_with_the_smaller_one():
    gap, place = streams((3, 50), 3)
    sites = combine([STEADY, RAMP])
    months, site = draw_arrivals(sites, gap, place)
    fewer_months, fewer_sites = draw_arrivals(sites, gap[:, :20], place[:, :20])
    assert (months[:, :20] == fewer_months).all()
    assert (site[:, :20] == fewer_sites).all()


def test_a_batch_equals_single_trials():
    gap, place = streams((4, 30), 4)
    factor = np.random.default_rng(5).gamma(2.0, 0.5, (4, 2))
    sites = combine([STEADY, RAMP])
    months, site = draw_arrivals(sites, gap, place, site_factor=factor)
    for i in range(4):
        alone = draw_arrivals(sites, gap[i], place[i], site_factor=factor[i])
        assert months[i] == pytest.approx(alone[0])
        assert (site[i] == alone[1]).all()


def test_a_site_with_factor_zero_recruits_no_patient_and_twice_the_rates_halve_the_time():
    gap, place = streams((200, 30), 6)
    sites = combine([STEADY, STEADY])
    months, site = draw_arrivals(sites, gap, place, site_factor=[0.0, 1.0])
    assert (site == 1).all()
    faster, _ = draw_arrivals(sites, gap, place, site_factor=[0.0, 2.0])
    assert faster == pytest.approx(months / 2)


def test_a_trial_that_closes_too_early_cannot_reach_its_size():
    months, site = draw_arrivals(combine([CLOSING]), *streams((100, 60), 7))
    finite = np.isfinite(months)
    assert months[finite].max() <= 6.0
    assert not finite.all(1).any()
    assert finite.sum(1).mean() == pytest.approx(30, abs=4 * np.sqrt(30 / 100))
    assert (site[~finite] == 0).all()
    assert expected_month(combine([CLOSING]), 31.0) == np.inf


def test_site_differences_spread_the_counts():
    gap, place = streams((3000, 60), 8)
    factor = np.random.default_rng(9).gamma(2.0, 0.5, (3000, 1))
    months, _ = draw_arrivals(combine([STEADY]), gap, place, site_factor=factor)
    counts = (months <= 6).sum(1)
    assert counts.mean() == pytest.approx(12, rel=0.05)
    assert counts.var() == pytest.approx(12 + 12**2 / 2, rel=0.12)  # negative binomial


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Site((0.0,), (0.0,)), "never opens"),
        (lambda: Site((0.0, 1.0), (1.0,)), "one rate per knot"),
        (lambda: Site((1.0, 1.0), (1.0, 2.0)), "do not rise"),
        (lambda: Site((-1.0,), (1.0,)), "do not rise from 0"),
        (lambda: Site((0.0,), (-1.0,)), "below 0"),
        (lambda: combine([]), "at least one"),
        (lambda: draw_arrivals(combine([STEADY]), [0.5], [0.5], site_factor=[1, 1]), "per site"),
    ],
)
def test_an_impossible_recruitment_is_refused_with_the_reason(make, message):
    with pytest.raises(InputError, match=message):
        make()
