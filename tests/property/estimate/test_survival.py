"""Invariants of the analysis of any series of embryo transfers."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from estimate.core.estimand import Estimand
from estimate.survival.cumulative_live_birth import (
    kaplan_meier,
    life_table,
    log_rank,
    transfer_times,
)
from estimate.survival.hazard_ratio import hazard_ratio

TIMES = arrays(np.int64, 20, elements=st.integers(1, 5))
BIRTHS = arrays(np.bool_, 20)
ARM = np.tile([0, 1], 10)
QUESTION = Estimand("couples", "therapy 1 vs 0", "live_birth", "")


@given(TIMES, BIRTHS)
def test_conservative_delivery_is_the_unadjusted_proportion(
    times: np.ndarray, birth: np.ndarray
) -> None:
    at_risk = transfer_times(times, birth, "conservative")
    curve = kaplan_meier(life_table(at_risk, birth))
    assert 1 - curve.survival[-1] == pytest.approx(birth.mean())


@given(TIMES, BIRTHS, arrays(np.bool_, 20))
def test_conventions_are_ordered(times: np.ndarray, birth: np.ndarray, left: np.ndarray) -> None:
    """Assuming more of those who stop never lowers the cumulative live birth rate."""
    ends = [
        kaplan_meier(life_table(transfer_times(times, birth, c, embryos_left=left), birth))
        for c in ("conservative", "embryos left", "censored")
    ]
    delivered = [1 - curve.survival[-1] for curve in ends]
    assert delivered[0] <= delivered[1] + 1e-12
    assert delivered[1] <= delivered[2] + 1e-12


@given(TIMES, BIRTHS)
def test_exchanging_the_arms_inverts_the_hazard_ratio(times: np.ndarray, birth: np.ndarray) -> None:
    arms = [life_table(times, birth, g == ARM, last=5) for g in (0, 1)]
    assume(all(arm.events.sum() >= 2 for arm in arms))
    assert log_rank(*arms).statistic == pytest.approx(log_rank(*arms[::-1]).statistic, nan_ok=True)
    for ties in ("efron", "breslow", "exact"):
        forth, back = (hazard_ratio(*a, QUESTION, ties=ties) for a in (arms, arms[::-1]))
        assert forth.converged == back.converged
        if forth.converged:
            assert forth.estimate == pytest.approx(1 / back.estimate, rel=1e-6)


@given(TIMES, BIRTHS, st.permutations(range(20)))
def test_the_order_of_couples_does_not_matter(
    times: np.ndarray, birth: np.ndarray, order: list[int]
) -> None:
    one, other = life_table(times, birth), life_table(times[order], birth[order])
    assert one.at_risk.tolist() == other.at_risk.tolist()
    assert one.events.tolist() == other.events.tolist()


@given(TIMES, BIRTHS)
def test_weight_two_is_a_couple_twice(times: np.ndarray, birth: np.ndarray) -> None:
    weights = np.where(np.arange(20) == 0, 2.0, 1.0)
    weighted = kaplan_meier(life_table(times, birth, weights))
    twice = kaplan_meier(life_table(np.r_[times, times[0]], np.r_[birth, birth[0]]))
    assert weighted.survival == pytest.approx(twice.survival)
