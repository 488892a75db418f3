"""Random designs as rpact 3.3.4 computes them: boundaries, drift, sizes with margins."""

import numpy as np
import pytest

from estimate.sample_size.closed_form import size_two_proportions
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import FutilityRule, WangTsiatis
from estimate.sequential.spending import Spending

#: Information, family, alpha and beta, futility z; boundaries and drift; then margin, risks,
#: allocation; participants of a fixed trial. One side; futility does not bind.
DESIGNS = [
    ([0.138, 0.1694, 0.2138, 0.6514, 1.0], Spending("OF"), 0.05, 0.1, (-0.5, -0.38, -0.1, 0.86),
     [5.1474848, 4.6252294, 4.0874609, 2.1659753, 1.6906627], 3.4736793,
     0.03, 0.84, 0.69, 0.5, 156.033004550924, 312.066009101847),
    ([0.36, 0.6239, 1.0], Spending("HSD", 2.8), 0.025, 0.2, (-0.88, -0.2),
     [2.1223484, 2.3555807, 2.5059564], 3.1906846,
     0.0, 0.65, 0.54, 0.25, 196.028354827348, 784.113419309391),
    ([0.5989, 0.8389, 1.0], WangTsiatis(0.32), 0.025, 0.2, (-0.93, -0.05),
     [2.3421968, 2.2043438, 2.135734], 2.8906989,
     0.0, 0.35, 0.26, 0.25, 250.190037813531, 1000.76015125412),
    ([0.1032, 0.4781, 1.0], Spending("KD", 1.47), 0.05, 0.2, (-0.44, 0.5),
     [2.9156903, 2.1563411, 1.7393305], 2.8920402,
     0.03, 0.5, 0.36, 4.0, 621.184010145503, 155.296002536376),
    ([0.0813, 0.483, 1.0], Spending("Pocock"), 0.01, 0.2, (-0.38, -0.12),
     [3.0096793, 2.5862056, 2.5693945], 3.5867326,
     0.0, 0.64, 0.42, 0.25, 63.371327907936, 253.485311631742),
]  # fmt: skip


@pytest.mark.parametrize("given", DESIGNS, ids=["OF", "HSD", "WT", "KD", "Pocock"])
def test_boundaries_drift_and_sizes_are_those_of_rpact(given):
    rates, shape, alpha, beta, futile, upper, drift, margin, p1, p2, ratio, n1, n2 = given
    plan = plan_sequential(
        rates, shape, alpha=alpha, power=1 - beta, futility=FutilityRule("z", futile)
    )
    assert plan.upper == pytest.approx(upper, abs=1e-4)
    assert plan.lower[:-1] == pytest.approx(np.minimum(futile, upper[:-1]))
    assert plan.drift == pytest.approx(drift, abs=1e-4)
    assert plan.alpha_spent()[-1] == pytest.approx(alpha, abs=1e-9)
    size = size_two_proportions(
        p1, p2, alpha=alpha, power=1 - beta, allocation=ratio, null=margin or None
    )
    assert (float(size.arm1), float(size.arm2)) == pytest.approx((n1, n2), rel=1e-9)
