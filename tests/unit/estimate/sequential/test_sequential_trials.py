import numpy as np
import pytest

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.spending import Spending
from estimate.sequential.trials import follow
from protocol.errors import InputError

DESIGN = plan_sequential([0.3, 0.7, 1], Spending("Pocock"), futility=Spending("KD", 2))
TRIALS = 40_000


def walks(drift, trials, seed):
    t = np.array(DESIGN.information_rates)
    steps = np.random.default_rng(seed).normal(size=(trials, 3)) * np.sqrt(np.diff(t, prepend=0))
    return (np.cumsum(steps, -1) + drift * t) / np.sqrt(t)


def test_stop_shares_agree_with_the_recursion():
    for drift in (0.0, DESIGN.drift):
        shares = follow(DESIGN, walks(drift, TRIALS, 1)).stop_shares()
        exact = np.stack([DESIGN.rejection(drift), DESIGN.futility(drift)], -1)
        assert shares.value == pytest.approx(exact, abs=4 * np.sqrt(0.25 / TRIALS))
        assert (np.abs(shares.value - exact) <= 4.5 * shares.mcse + 1e-12).all()
        assert shares.value.sum() == pytest.approx(1.0)


def test_boundaries_are_closed_above_and_open_below():
    upper, lower = DESIGN.upper, DESIGN.lower
    at_upper = follow(DESIGN, [upper[0], 0, 0])
    assert (at_upper.analysis, at_upper.rejected) == (1, True)
    at_lower = follow(DESIGN, [lower[0], upper[1], 0])
    assert (at_lower.analysis, at_lower.rejected) == (2, True)


def test_two_sides_reject_in_both_directions_and_never_stop_for_futility():
    design = plan_sequential([0.5, 1], WangTsiatis(0.5), alpha=0.05, sides=2)
    ends = follow(design, [[-3.0, 0.0], [3.0, 0.0], [0.0, -2.5], [0.0, 0.1]])
    assert ends.analysis.tolist() == [1, 1, 2, 2]
    assert ends.rejected.tolist() == [True, True, True, False]


def test_an_analysis_without_a_statistic_does_not_stop_the_trial():
    ends = follow(DESIGN, [[np.nan, 5.0, 5.0], [1.0, 1.9, np.nan]])
    assert ends.analysis.tolist() == [2, 3]
    assert ends.rejected.tolist() == [True, False]


def test_leading_axes_are_kept():
    z = walks(1.0, 60, 2).reshape(3, 4, 5, 3)
    ends = follow(DESIGN, z)
    assert ends.analysis.shape == (3, 4, 5)
    assert ends.stop_shares().value.shape == (3, 4, 3, 2)
    assert follow(DESIGN, z[1, 2]).analysis.tolist() == ends.analysis[1, 2].tolist()


def test_a_statistic_per_analysis_is_needed():
    with pytest.raises(InputError, match="3 analyses"):
        follow(DESIGN, [1.0, 2.0])
