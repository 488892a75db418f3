"""Closed combination test of three treatments against rpact 3.3.4, and an independent recursion.

rpact: getSimulationMultiArmRates(getDesignInverseNormal(kMax = 2, informationRates = c(0.5, 1),
alpha = 0.025, typeOfDesign = "asOF"), activeArms = 3, piControl = 0.4, treatments 0.45, 0.5 and
0.58, plannedSubjects = c(100, 200), typeOfSelection = "all", intersectionTest = "Sidak",
successCriterion = "all", maxNumberOfIterations = 40000, seed = 1).
"""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from estimate.multi_arm.set_boundaries import joint_boundary
from estimate.sequential.spending import Spending
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.simulate_arms import simulate_arms
from protocol.reading.documents import validate

#: At least one rejected and each rejected, without an effect and as planned.
RPACT = {
    "no treatment works": (0.01362, (0.00632, 0.00605, 0.00602)),
    "as planned": (0.84645, (0.14527, 0.36810, 0.83912)),
}


def test_combined_stages_reject_as_often_as_in_rpact():
    design = validate(
        {
            "id": "arms", "title": "t", "question": "q", "participants": 800,
            "risks_percent": {"control": 40, "a": 45, "b": 50, "c": 58},
            "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [400]}],
            "endpoint": {"variable": "any_sperm", "endpoint_month": 0},
            "monitoring": {"analyses_percent": [50, 100], "alpha_percent": 2.5, "sides": 1},
            "testing": {"procedure": "combination", "within_stages": "sidak"},
        },
        MultiArmDesign, "arms",
    )  # fmt: skip
    found = simulate_arms(design, 800, seed=1, size=20_000)
    for name, (any_of, each) in RPACT.items():
        rejected = found[name].rejected > 0
        ours = np.append(rejected.mean(0), rejected.any(1).mean())
        theirs = np.append(each, any_of)
        error = np.sqrt(theirs * (1 - theirs) * (1 / 20_000 + 1 / 40_000))
        assert (np.abs(ours - theirs) < 3.5 * error).all()


@pytest.mark.parametrize("ratios", [(1.0, 1.0), (0.5, 2.0)])
def test_two_treatments_over_two_analyses_by_the_normal_distribution_of_four_statistics(ratios):
    rates = (0.5, 1.0)
    upper = joint_boundary(rates, Spending("OF"), ratios, 0.025)
    share = np.sqrt(np.array(ratios) / (1 + np.array(ratios)))
    between = np.array([[1.0, share[0] * share[1]], [share[0] * share[1], 1.0]])
    over = np.sqrt(np.minimum.outer(rates, rates) / np.maximum.outer(rates, rates))
    below = multivariate_normal(np.zeros(4), np.kron(between, over), seed=1)
    below.maxpts = 200_000  # an argument from scipy 1.17 on
    assert 1 - below.cdf(np.tile(upper, 2)) == pytest.approx(0.025, abs=3e-5)
