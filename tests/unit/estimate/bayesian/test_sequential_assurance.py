"""Assurance of group-sequential trials, against gsDesign and closed forms."""

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy.stats import multivariate_normal, norm

from estimate.bayesian.sequential_assurance import score_trial, sequential_assurance
from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import FutilityRule
from estimate.sequential.spending import Spending
from protocol.errors import InputError


def test_probabilities_of_success_are_those_of_gsdesign():
    """gsDesign 3.11 (its test fixtures): gsDesign(k = 4, test.type = 4), theta 0 or delta.

    gsPOS with weights 1/2 is 0.4614539730739; gsCPOS after analysis 2 is 0.5931874153382.
    """
    plan = plan_sequential(
        [0.25, 0.5, 0.75, 1.0], Spending("HSD", -4.0), alpha=0.025, power=0.9,
        futility=Spending("HSD", -2.0),
    )  # fmt: skip
    found = sequential_assurance(plan, [0.0, plan.drift], [0.5, 0.5])
    assert found.success == pytest.approx(0.4614539730739, abs=1e-6)
    assert found.success_after[1] == pytest.approx(0.5931874153382, abs=1e-6)


def test_assurance_of_one_analysis_has_its_closed_form():
    plan = plan_sequential([1.0], Spending("OF"), alpha=0.025, power=0.9)
    nodes, weight = hermegauss(80)
    mean, sd = 2.5, 1.2
    found = sequential_assurance(plan, mean + sd * nodes, weight / weight.sum())
    expected = norm.sf((norm.isf(0.025) - mean) / np.hypot(sd, 1))
    assert found.success == pytest.approx(expected, abs=1e-6)
    assert found.expected_rate == pytest.approx(1)


def test_assurance_of_two_analyses_equals_the_bivariate_normal():
    """With a normal prior of the drift, both z are jointly normal, so recursion is unnecessary."""
    plan = plan_sequential([0.4, 1.0], Spending("Pocock"), alpha=0.025, power=0.9)
    nodes, weight = hermegauss(80)
    mean, sd, root = 2.0, 1.0, 0.4**0.5
    found = sequential_assurance(plan, mean + sd * nodes, weight / weight.sum())
    rises = np.array([root, 1.0])  # E(Z_k) = drift * sqrt(t_k)
    covariance = np.array([[1, root], [root, 1]]) + sd**2 * np.outer(rises, rises)
    joint = multivariate_normal(mean * rises, covariance)
    low = joint.cdf([plan.upper[0], plan.upper[1]])
    assert found.success == pytest.approx(1 - low, abs=1e-6)
    first = norm.sf((plan.upper[0] - mean * root) / covariance[0, 0] ** 0.5)
    assert found.expected_rate == pytest.approx(0.4 * first + 1 - first, abs=1e-6)


def test_weights_that_do_not_sum_to_one_are_refused():
    plan = plan_sequential([1.0], Spending("OF"), alpha=0.025, power=0.9)
    for weight in ([0.5, 0.4], [1.5, -0.5], [1.0]):
        with pytest.raises(InputError, match="sum to 1"):
            sequential_assurance(plan, [0.0, 1.0], weight)


@pytest.mark.parametrize(("sides", "nulls"), [(1, (0.0,)), (2, (0.0,)), (1, (-0.1,))])
def test_trials_of_counts_equal_the_enumeration_of_one_pair_of_risks(sides, nulls):
    futility = FutilityRule("z", (0.0,)) if sides == 1 else None
    plan = plan_sequential(
        [0.5, 1.0], Spending("OF"), alpha=0.05, sides=sides, power=0.8, futility=futility
    )
    lower = plan.lower if sides == 1 else None
    trial = score_trial([(20, 25), (40, 50)], plan.upper, lower, sides=sides, nulls=nulls)
    found = trial.at_risks(0.6, 0.35)
    known = exact_sequential(
        [20, 40], [25, 50], plan.upper, 0.6, 0.35, lower=lower, sides=sides, nulls=nulls
    )
    assert found.success == pytest.approx(known.favourable.sum(), abs=1e-9)
    assert found.outcome[[0, 2]].sum() == pytest.approx(known.power, abs=1e-9)
    assert found.expected_participants == pytest.approx(known.expected_participants, abs=1e-6)
