"""Invariants of every sequential design."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from estimate.sample_size.exact_fixed import fisher_test
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.recursion import exit_probabilities
from estimate.sequential.spending import Spending

spendings = st.one_of(
    st.just(Spending("OF")),
    st.just(Spending("Pocock")),
    st.floats(-6, 3).map(lambda gamma: Spending("HSD", gamma)),
    st.floats(0.5, 4).map(lambda rho: Spending("KD", rho)),
)
rates = st.lists(st.integers(1, 20), min_size=1, max_size=5).map(
    lambda steps: np.cumsum(steps) / np.sum(steps)
)


@given(rates, spendings, st.floats(0.005, 0.1), st.sampled_from([1, 2]), st.floats(0.5, 0.95))
@settings(max_examples=40)
def test_alpha_is_spent_as_planned_and_power_is_reached(t, shape, alpha, sides, power):
    design = plan_sequential(t, shape, alpha=alpha, sides=sides, power=power)
    planned = sides * shape.spent(t, alpha / sides)
    assert design.alpha_spent() == pytest.approx(planned, rel=1e-6, abs=1e-12)
    _, up = design.exits(design.drift)
    assert up.sum() == pytest.approx(power, abs=1e-9)
    assert design.inflation >= 1 - 1e-9


@given(rates, spendings, spendings, st.floats(0.01, 0.05), st.floats(0.6, 0.95), st.booleans())
@settings(max_examples=20)
def test_beta_is_spent_as_planned(t, shape, futility, alpha, power, binding):
    design = plan_sequential(t, shape, alpha=alpha, power=power, futility=futility, binding=binding)
    assert design.lower[-1] == design.upper[-1]
    assert design.alpha_spent()[-1] == pytest.approx(alpha, rel=1e-6)
    spent = design.beta_spent()
    assert spent[-1] == pytest.approx(1 - power, abs=1e-8)
    # A futility boundary never exceeds the efficacy boundary; otherwise it spends
    # beta.
    free = [low < high for low, high in zip(design.lower, design.upper, strict=True)][:-1]
    planned = futility.spent(t, 1 - power)
    if all(free):
        assert spent == pytest.approx(planned, abs=1e-8)


@given(rates, st.floats(-0.3, 0.7), st.floats(-4, 4))
@settings(max_examples=40)
def test_exits_mirror_when_boundaries_and_drift_change_sign(t, delta, drift):
    upper = 2.2 * t ** (delta - 0.5)
    lower = -1.5 * np.ones_like(t)
    low, up = exit_probabilities(t, lower, upper, drift)
    mirrored_low, mirrored_up = exit_probabilities(t, -upper, -lower, -drift)
    assert low == pytest.approx(mirrored_up, abs=1e-10)
    assert up == pytest.approx(mirrored_low, abs=1e-10)


@given(rates, st.floats(0.1, 100))
@settings(max_examples=20)
def test_the_unit_of_information_does_not_matter(t, unit):
    upper = np.full(t.size, 2.3)
    lower = np.append(np.full(t.size - 1, -np.inf), 2.3)
    plain = exit_probabilities(t, lower, upper, 2.0)
    scaled = exit_probabilities(unit * t, lower, upper, 2.0 / np.sqrt(unit))
    assert scaled[1] == pytest.approx(plain[1], abs=1e-10)


@given(st.floats(0.05, 0.9), st.floats(0.05, 0.9), st.integers(1, 15), st.integers(1, 15))
@settings(max_examples=30)
def test_exact_sequential_probabilities_add_up(p1, p2, first, more):
    trial = exact_sequential(
        [first, first + more], [first, first + more], [2.5, 2.0], p1, p2, lower=[0.0, 2.0]
    )
    assert (trial.efficacy + trial.futility).sum() == pytest.approx(1.0)
    assert 2 * first <= trial.expected_participants <= 2 * (first + more) + 1e-9


@given(st.integers(1, 25), st.integers(1, 25), st.data(), st.sampled_from(["greater", "two-sided"]))
@settings(max_examples=60)
def test_fishers_critical_values_agree_with_its_p_value(n1, n2, data, side):
    x1, x2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    p = float(fisher_exact([[x1, n1 - x1], [x2, n2 - x2]], alternative=side).pvalue)
    sides = 2 if side == "two-sided" else 1
    assert fisher_test(p * (1 + 1e-6), sides)(n1, n2)[x1, x2]
    assert not fisher_test(p * (1 - 1e-6), sides)(n1, n2)[x1, x2]


def test_large_exact_trials_approach_the_normal_recursion():
    design = plan_sequential([0.5, 1], WangTsiatis(0))
    risk, effect, participants = 0.4, 0.03, np.array([1000, 2000])
    information = participants / (risk * (1 - risk) + (risk + effect) * (1 - risk - effect))
    normal = exit_probabilities(information, [-np.inf, design.upper[1]], design.upper, effect)[
        1
    ].sum()
    exact = exact_sequential(participants, participants, design.upper, risk + effect, risk).power
    assert exact == pytest.approx(normal, abs=2e-3)
