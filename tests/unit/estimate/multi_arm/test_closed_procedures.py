"""Closed tests of several treatments: boundaries, decisions and combination of stages."""

import numpy as np
import pytest
from scipy.stats import norm

from estimate.multi_arm.closed_tests import dunnett_adjusted
from estimate.multi_arm.combination_test import combination_test, stage_z
from estimate.multi_arm.local_tests import PROCEDURES, local_tests
from estimate.multi_arm.plan import plan_multi_arm
from estimate.multi_arm.set_boundaries import joint_boundary
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.spending import Spending
from protocol.errors import InputError

OF, SPEND = WangTsiatis(0.0), Spending("OF")


def decided(procedure, z, **more):
    """Return the treatments whose hypotheses a trial with one analysis rejects."""
    tests = local_tests(procedure, [1.0], OF, [1.0] * len(z), 0.025, **more)
    return np.flatnonzero(tests.decide(np.asarray(z)[None, None, :, None])[0, :, 0]).tolist()


def test_procedures_reject_according_to_their_definitions():
    z = [2.05, 2.30, 1.98]  # one-sided p 0.0202, 0.0107, 0.0239
    assert decided("unadjusted", z) == [0, 1, 2]
    assert decided("bonferroni", z) == []  # none below 0.0083
    assert decided("holm", z) == []
    assert decided("dunnett", [2.05, 2.36, 1.98]) == [1]  # constant 2.3490
    assert decided("closed dunnett", [2.05, 2.36, 1.98]) == [1]  # 2.05 is below 2.2121
    assert decided("closed dunnett", [2.30, 2.36, 1.98]) == [0, 1, 2]
    assert decided("holm", [2.30, 2.45, 1.98]) == [0, 1, 2]
    assert decided("fixed sequence", z, order=[2, 0, 1]) == [0, 1, 2]
    assert decided("fixed sequence", [1.9, 3.0, 3.0], order=[0, 1, 2]) == []


def test_one_analysis_is_the_step_down_test_of_adjusted_p_values():
    z = np.random.default_rng(7).normal(1.5, 1.2, (40, 4))
    tests = local_tests("closed dunnett", [1.0], OF, [0.5] * 4, 0.025)
    found = tests.decide(z[:, None, :, None])[..., 0]
    adjusted = np.stack([dunnett_adjusted(each, ratio=0.5) for each in z])
    assert (found == (adjusted <= 0.025)).all()


def test_boundaries_of_all_treatments_are_those_of_the_plan():
    rates = (0.5, 1.0)
    for shape in (SPEND, OF):
        plan = plan_multi_arm(rates, shape, 3)
        assert joint_boundary(rates, shape, (1.0,) * 3, 0.025) == pytest.approx(
            plan.upper, abs=1e-6
        )


def test_treatments_of_different_sizes_share_the_level():
    ratios = (0.5, 2.0)
    upper = joint_boundary((1.0,), OF, ratios, 0.025)[0]
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    below = [
        norm.cdf(upper * np.sqrt(1 + r) + np.sqrt(r) * nodes) for r in ratios
    ]  # P(Z_k < upper | control)
    assert 1 - weights @ (below[0] * below[1]) / weights.sum() == pytest.approx(0.025, abs=1e-7)


def drawn(replicates, treatments, rates, seed):
    """Draw null statistics, cumulative and by stage."""
    random, share = np.random.default_rng(seed), np.sqrt(np.diff(rates, prepend=0.0))
    control = random.normal(size=(replicates, len(rates), 1)) * share[:, None]
    treated = random.normal(size=(replicates, len(rates), treatments)) * share[:, None]
    new = (treated - control) / np.sqrt(2)
    return (new.cumsum(1) / np.sqrt(rates)[:, None])[..., None], (new / share[:, None])[..., None]


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_family_wise_error_over_two_analyses(procedure):
    rates = np.array([0.5, 1.0])
    z, _ = drawn(40_000, 3, rates, 5)
    order = [1, 0, 2] if procedure == "fixed sequence" else []
    tests = local_tests(procedure, rates, SPEND, [1.0] * 3, 0.025, order=order)
    error = tests.decide(z).any((1, 2)).mean()
    expected = {"unadjusted": 0.0628, "holm": 0.0230, "bonferroni": 0.0230}.get(procedure, 0.025)
    assert error == pytest.approx(expected, abs=3.5 * 0.0008)


def test_later_hypotheses_wait_for_earlier_ones():
    tests = local_tests("closed dunnett", [1.0], OF, [1.0, 1.0], 0.025, steps=2)
    z = np.array([
        [[3.0, 3.0], [0.0, 5.0]],  # the second treatment fails its first hypothesis
        [[2.25, 3.0], [2.0, 1.5]],  # 2.25 passes for both, then 2.0 > 1.96
        [[2.0, 9.0], [1.0, 9.0]],  # 2.0 is below 2.2121
    ])  # fmt: skip
    found = tests.decide(z[:, None])
    assert found[0].tolist() == [[True, True], [False, False]]
    assert found[1].tolist() == [[True, True], [True, False]]
    assert not found[2].any()


def test_later_hypotheses_may_wait_for_all_treatments():
    z = np.array([[[2.23, 5.0], [2.0, 1.5]], [[3.0, 5.0], [1.0, 5.0]]])[:, None]
    shared, after_all = (
        local_tests("closed dunnett", [1.0], OF, [1.0, 1.0], 0.025, steps=2, after_all=each)
        for each in (False, True)
    )
    # Shared: the second later hypothesis has half of alpha; 2.23 is below 2.2414 (Bonferroni).
    assert shared.decide(z)[0].tolist() == [[False, False], [True, False]]
    assert after_all.decide(z)[0].tolist() == [[True, True], [True, False]]
    assert shared.decide(z)[1, 0].tolist() == [True, True]
    assert after_all.decide(z)[1, 0].tolist() == [True, False]


def test_sets_of_different_hypotheses_are_tested_with_bonferroni():
    tests = local_tests("closed dunnett", [1.0], OF, [1.0, 1.0], 0.025, steps=2)
    mixed = (tests.step == (0, 1)).all(1)
    assert tests.critical[mixed].ravel() == pytest.approx([norm.ppf(1 - 0.0125)] * 2)


def test_combined_stages_control_the_error_under_any_dropping_rule():
    rates = np.array([0.5, 1.0])
    _, alone = drawn(40_000, 3, rates, 11)
    tests = local_tests("bonferroni", rates, SPEND, [1.0] * 3, 0.025)
    sizes = np.ones((40_000, 4))
    for within, lowest in (("dunnett", 0.02), ("sidak", 0.015)):
        combined = combination_test(tests, rates, SPEND, 0.025, intersection=within)
        crossed = combined.add(alone[:, 0], 0, sizes)
        best = alone[:, 0, :, 0].argmax(1)
        second = np.where(np.arange(3) == best[:, None], alone[:, 1, :, 0], np.nan)
        crossed |= combined.add(second[..., None], 1, sizes)
        error = tests.rejected(crossed).any((1, 2)).mean()
        assert lowest < error < 0.025 + 3 * 0.0008


def test_the_p_value_of_a_stage_is_that_of_its_largest_statistic():
    for z in (-0.4, 1.2, 2.6):
        adjusted = dunnett_adjusted([z, -9.0, -9.0], closed=False)[0]
        assert norm.sf(stage_z(np.array([z]), 3, 1.0)[0]) == pytest.approx(adjusted, abs=2e-4)
        assert norm.sf(stage_z(np.array([z]), 3, 0.0)[0]) == pytest.approx(
            1 - norm.cdf(z) ** 3, abs=1e-9
        )
    assert stage_z(np.array([1.3]), 1, 1.0)[0] == 1.3


@pytest.mark.parametrize(
    ("procedure", "treatments", "rates", "message"),
    [
        ("closed dunnett", 3, [0.2, 0.4, 0.6, 0.8, 1.0], "5 analyses are too many"),
        ("hochberg", 3, [1.0], "choose from closed dunnett"),
        ("holm", 13, [1.0], "too many to close"),
    ],
)
def test_what_cannot_be_closed_is_refused(procedure, treatments, rates, message):
    with pytest.raises(InputError, match=message):
        local_tests(procedure, rates, SPEND, [1.0] * treatments, 0.025)
