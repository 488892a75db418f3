"""Invariants of every additive interaction, and the coverage of its intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimate.core.complete_cases import analysis_set
from estimate.heterogeneity.additive import additive_interaction, interaction_coefficients, recode

LOGS = st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=3).map(np.array)
COV = np.diag([0.05, 0.07, 0.1]) - 0.01


@given(LOGS)
def test_exchanging_the_exposures_changes_nothing(coef: np.ndarray) -> None:
    other = coef[[1, 0, 2]]
    swapped = COV[[1, 0, 2]][:, [1, 0, 2]]
    a, b = additive_interaction(coef, COV), additive_interaction(other, swapped)
    assert a.reri.std_error == pytest.approx(b.reri.std_error)
    assert (a.mover_low, a.mover_high) == pytest.approx((b.mover_low, b.mover_high))


@given(LOGS)
def test_the_lowest_risk_as_reference_leaves_nothing_preventive(coef: np.ndarray) -> None:
    moved, cov, _ = recode(coef, COV)
    ours = additive_interaction(moved, cov)
    assert min(ours.ratio10, ours.ratio01, ours.ratio11) >= 1 - 1e-12
    assert ours.mover_low <= ours.reri.estimate <= ours.mover_high


@given(st.floats(-1, 1.5), st.floats(-1, 1.5))
def test_additive_odds_have_no_interaction(a: float, b: float) -> None:
    both = np.exp(a) + np.exp(b) - 1
    if both > 0.05:
        coef = np.array([a, b, np.log(both) - a - b])
        assert additive_interaction(coef, COV).reri.estimate == pytest.approx(0, abs=1e-9)


def test_intervals_cover_the_truth() -> None:
    """2,000 cohorts of 542 patients; MOVER misses on both sides, the delta method on one."""
    rng = np.random.default_rng(5)
    truth = np.array([0.5, 0.4, 0.3])
    therapy, s = rng.random((2, 2000, 542)) < 0.5
    eta = -1 + truth[0] * therapy + truth[1] * s + truth[2] * therapy * s
    y = rng.random(eta.shape) < 1 / (1 + np.exp(-eta))
    data = analysis_set({"therapy": therapy, "y": y}, treatment="therapy", outcome="y")
    ours = additive_interaction(*interaction_coefficients(data, s))
    real = additive_interaction(truth, np.eye(3)).reri.estimate
    below, above = (ours.mover_high < real).mean(), (ours.mover_low > real).mean()
    assert abs(below + above - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 2000) + 0.005
    assert min(below, above) > 0.01
    delta = ((ours.reri.conf_low < real) & (real < ours.reri.conf_high)).mean()
    assert delta > 0.92
