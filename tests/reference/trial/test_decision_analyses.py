"""Decision analyses with delayed endpoints, compared with rpact and with the bivariate normal.

rpact's values are those in its own tests of `getDesignGroupSequential` with
``delayedInformation`` (rpact 3.3, `test-f_design_group_sequential.R`): alpha 0.05, power 0.9,
information rates 0.4, 0.65, 1.
"""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.delayed.decision_analysis import critical_decision, delayed_exits
from estimate.sequential.spending import Spending

RATES = (0.4, 0.65, 1.0)

#: Family, binding, information awaited, critical values, probabilities of reversal.
RPACT = [
    ("OF", True, (0.1, 0.2), (1.3388855, 1.5378695), (1.7563249e-06, 0.0014674026)),
    ("OF", True, (0.3, 0.3), (1.505831, 1.5735979), (0.00018341474, 0.0027022502)),
    ("Pocock", False, (0.1, 0.2), (1.3362296, 1.657468), (0.0020439695, 0.0026967589)),
]

#: Information awaited, drift squared, and rejection at each analysis (binding O'Brien-Fleming).
POWER = [
    ((0.1, 0.2), 8.8633082, (0.15755984, 0.43333745, 0.30910271)),
    ((0.0, 0.2), 8.8633608, (0.15755967, 0.43333886, 0.30910148)),
    ((0.3, 0.3), 8.7180222, (0.15429254, 0.43322998, 0.31247748)),
]


def plan_of(family, binding):
    shape = Spending(family)
    return plan_sequential(RATES, shape, alpha=0.05, power=0.9, futility=shape, binding=binding)


@pytest.mark.parametrize(("family", "binding", "awaited", "critical", "reversal"), RPACT)
def test_critical_values_and_reversals_are_those_of_rpact(
    family, binding, awaited, critical, reversal
):
    plan = plan_of(family, binding)
    found = [critical_decision(plan, k + 1, RATES[k] + awaited[k]) for k in range(2)]
    assert found == pytest.approx(critical, abs=1e-6)
    exits = delayed_exits(plan, awaited)
    assert exits.success_reversed[:2] == pytest.approx(reversal, abs=2e-9)
    assert exits.futility_reversed[:2] == pytest.approx(reversal, abs=2e-9)


@pytest.mark.parametrize(("awaited", "shift", "rejection"), POWER)
def test_power_is_that_of_rpact(awaited, shift, rejection):
    exits = delayed_exits(plan_of("OF", True), awaited, shift**0.5)
    assert exits.rejection == pytest.approx(rejection, abs=2e-8)


def test_two_analyses_agree_with_the_bivariate_normal():
    shape = Spending("OF")
    plan = plan_sequential([0.5, 1.0], shape, alpha=0.025, futility=shape, binding=True)
    (upper, _), (lower, _) = plan.upper, plan.lower
    drift, rate = 2.5, 0.7
    critical = critical_decision(plan, 1, rate)
    covariance = [[1, (0.5 / rate) ** 0.5], [(0.5 / rate) ** 0.5, 1]]
    for theta in (0.0, drift):
        mean = theta * np.sqrt([0.5, rate])
        joint = multivariate_normal(mean, covariance)

        def below(a, b, joint=joint):
            return float(joint.cdf([a, b]))

        top = 40.0
        lost = below(top, critical) - below(upper, critical)
        gained = below(lower, top) - below(lower, critical)
        found = delayed_exits(plan, [rate - 0.5], theta)
        assert found.success_reversed[0] == pytest.approx(lost, abs=1e-7)
        assert found.futility_reversed[0] == pytest.approx(gained, abs=1e-7)
    assert delayed_exits(plan, [0.2]).rejection.sum() == pytest.approx(0.025, abs=1e-9)


@pytest.mark.parametrize("awaited", [(0.02, 0.02), (0.3, 0.3)])
@pytest.mark.parametrize("obeyed", [True, False])
def test_type_i_error_is_controlled_whether_or_not_futility_is_followed(awaited, obeyed):
    for family in ("OF", "Pocock"):
        exits = delayed_exits(plan_of(family, False), awaited, obeyed=obeyed)
        assert exits.rejection.sum() <= 0.05 + 1e-9
