"""Modified Poisson risk ratios: hand calculations, statsmodels and non-convergence."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.regression.poisson import fit_poisson, modified_poisson

#: Ten patients: risk 4/6 under treatment, 1/4 without.
THERAPY = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
Y = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0, 0])
X = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0])


def study(y=Y, **covariates):
    kinds = {name: Numeric() for name in covariates}
    columns = {"therapy": THERAPY, "y": y, **covariates}
    return analysis_set(columns, treatment="therapy", outcome="y", covariates=kinds)


def test_ten_patients_by_hand():
    """Without covariates the estimate is the risk ratio with the standard error of Katz."""
    answer = modified_poisson(study())
    assert answer.estimate == pytest.approx((4 / 6) / (1 / 4))
    assert answer.std_error == pytest.approx(np.sqrt(1 / 4 - 1 / 6 + 1 / 1 - 1 / 4))
    assert (answer.scale, answer.estimand.summary) == ("risk ratio", "risk ratio")


def test_covariates_as_in_statsmodels():
    answer = modified_poisson(study(x=X))
    design = np.column_stack([np.ones(10), THERAPY, X])
    peer = sm.GLM(Y, design, family=sm.families.Poisson()).fit(cov_type="HC0", tol=1e-12)
    assert np.log(answer.estimate) == pytest.approx(peer.params[1], rel=1e-8)
    assert answer.std_error == pytest.approx(peer.bse[1], rel=1e-8)
    assert answer.estimand.summary == "conditional risk ratio given x"


@pytest.mark.parametrize(
    ("outcome", "column"),
    [(Y * (THERAPY == 1), THERAPY), (Y * 0, THERAPY), (Y, np.ones(10))],
    ids=["no event in an arm", "no event at all", "collinear"],
)
def test_what_cannot_be_estimated_is_flagged(outcome, column):
    fit = fit_poisson(np.column_stack([np.ones(10), column]), outcome)
    assert not fit.converged
    assert np.isnan(fit.coef).all()


def test_a_failed_fit_does_not_affect_other_studies():
    designs = np.stack([np.column_stack([np.ones(10), a]) for a in (THERAPY, np.ones(10), THERAPY)])
    fit = fit_poisson(designs, np.stack([Y, Y, Y[::-1]]))
    assert fit.converged.tolist() == [True, False, True]
    alone = fit_poisson(designs[2], Y[::-1])
    assert fit.coef[2] == pytest.approx(alone.coef, rel=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_no_direction_improves_the_likelihood(seed):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y, w = rng.poisson(1.0, 60), rng.random(60)
    fit = fit_poisson(design, y, w)
    mu = np.exp(design @ fit.coef)
    assert design.T @ (w * (y - mu)) == pytest.approx(np.zeros(3), abs=1e-6)
