"""Efficacy and futility boundaries at information fractions that differ from the plan."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import HaybittlePeto, WangTsiatis
from estimate.sequential.conditional_power import conditional_power, predictive_power
from estimate.sequential.interim_inference import analyse_final, observed_boundaries, repeated_p
from estimate.sequential.observed_boundaries import boundaries_as_observed, spend_rest
from estimate.sequential.recursion import exit_probabilities
from estimate.sequential.spending import Spending

OF, LATE = Spending("OF"), Spending("HSD", -2)
THIRDS = [1 / 3, 2 / 3, 1]


@pytest.mark.parametrize("binding", [False, True])
def test_analyses_as_planned_have_the_boundaries_of_the_plan(binding):
    plan = plan_sequential(THIRDS, OF, futility=LATE, binding=binding)
    came = boundaries_as_observed(plan, OF, THIRDS, futility=LATE)
    assert came.upper == pytest.approx(plan.upper, abs=1e-12)
    assert came.lower == pytest.approx(plan.lower, abs=1e-12)


@pytest.mark.parametrize("binding", [False, True])
def test_both_errors_are_spent_at_the_observed_information_fractions(binding):
    plan = plan_sequential(THIRDS, OF, futility=LATE, binding=binding)
    came = boundaries_as_observed(plan, OF, [0.3, 0.55, 0.9], futility=LATE, last=True)
    alpha = [*OF.spent([0.3, 0.55], 0.025), 0.025]
    assert came.alpha_spent() == pytest.approx(alpha, abs=1e-12)
    assert came.beta_spent()[:2] == pytest.approx(LATE.spent([0.3, 0.55], 0.2), abs=1e-12)
    assert came.lower[-1] == came.upper[-1]


def test_without_futility_they_are_those_of_monitor_boundaries():
    plan = plan_sequential(THIRDS, OF, alpha=0.05, sides=2)
    came = boundaries_as_observed(plan, OF, [0.3, 0.7, 1.1])
    expected = observed_boundaries(0.05, OF, [30, 70, 110], 100, sides=2)
    assert came.upper == pytest.approx(expected, abs=1e-12)
    assert came.lower == pytest.approx(-expected, abs=1e-12)


def test_a_first_analysis_by_hand():
    """Lan and DeMets: alpha(t) = 2 - 2 Phi(z(alpha / 2) / sqrt t); beta(t) has the same form."""
    plan = plan_sequential(THIRDS, OF, futility=OF)
    came = boundaries_as_observed(plan, OF, [0.5], futility=OF)
    alpha = 2 * ndtr(ndtri(0.0125) / np.sqrt(0.5))
    beta = 2 * ndtr(ndtri(0.1) / np.sqrt(0.5))
    assert came.upper[0] == pytest.approx(-ndtri(alpha), abs=1e-9)
    assert came.lower[0] == pytest.approx(plan.drift * np.sqrt(0.5) + ndtri(beta), abs=1e-9)


@pytest.mark.parametrize(
    ("shape", "sides", "alpha"),
    [(WangTsiatis(0.25), 2, 0.05), (HaybittlePeto(3), 1, 0.025), (WangTsiatis(0.0), 1, 0.025)],
)
def test_a_trial_of_fixed_boundaries_that_ends_early_spends_what_is_left(shape, sides, alpha):
    plan = plan_sequential(THIRDS, shape, sides=sides, alpha=alpha)
    final = spend_rest(plan, [1 / 3, 0.6])
    assert final.upper[0] == plan.upper[0]
    assert final.upper[1] < plan.upper[1]
    low, up = exit_probabilities([1 / 3, 0.6], final.ignored_lower, final.upper)
    spent = up.sum() + (low.sum() if sides == 2 else 0)
    assert spent == pytest.approx(alpha, abs=1e-12)


def test_a_fixed_boundary_at_the_only_analysis_is_that_of_a_trial_without_analyses():
    plan = plan_sequential(THIRDS, WangTsiatis(0.0))
    assert spend_rest(plan, [1 / 3]).upper == pytest.approx([-ndtri(0.025)], abs=1e-9)


def test_extreme_effects_have_conditional_power_of_0_or_1():
    rates, upper = [0.01, 1.0], [8.0, 1.96]
    assert conditional_power(rates, upper, 1, 0.0, [-1e6, 1e6]) == pytest.approx([0, 1])
    near = conditional_power(rates, upper, 1, 0.0, 3.0)
    assert near == pytest.approx(ndtr((3 * 0.99 - 1.96) / np.sqrt(0.99)), abs=1e-12)
    # An analysis with almost no information hardly predicts the final result.
    assert predictive_power(rates, upper, 1, 0.0) == pytest.approx(ndtr(-1.96 / 9.95), abs=0.01)


def test_very_early_analyses_have_finite_boundaries():
    """At 1 % of the information OF spends 1e-110, and almost nothing at the next analysis."""
    plan = plan_sequential(THIRDS, OF)
    upper = np.array(boundaries_as_observed(plan, OF, [0.01, 0.0102, 0.5, 1]).upper)
    assert (upper[:2] > 8).all()
    alone = plan_sequential([0.5, 1], OF).upper
    assert upper[2:] == pytest.approx(alone, abs=1e-9)


def test_a_tiny_first_analysis_does_not_change_the_final_analysis():
    plan = plan_sequential([0.001, 1], OF)
    final = analyse_final(plan, [0.1, 100], 2.5)
    assert final.median_unbiased == pytest.approx(0.25, abs=1e-9)
    assert (final.conf_low, final.conf_high) == pytest.approx(
        (0.25 - 0.1959964, 0.25 + 0.1959964), abs=1e-7
    )


def test_an_unlikely_statistic_has_a_repeated_p_of_nearly_one():
    shape = WangTsiatis(0.25)
    assert repeated_p(shape, THIRDS, 1, 0.0, sides=2) == pytest.approx(1, abs=1e-5)
    assert repeated_p(shape, THIRDS, 3, -1.0) == pytest.approx(0.5, abs=1e-5)
