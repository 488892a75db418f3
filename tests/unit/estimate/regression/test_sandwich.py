"""Robust standard errors of ten patients against textbook formulas.

No other Python package has HC2 and HC3 for logistic regression (statsmodels returns HC0 under
these names), so the tests implement the formulas of MacKinnon and White (1985).
"""

import numpy as np
import pytest
import statsmodels.api as sm

from estimate.regression.logistic import fit_logistic
from estimate.regression.sandwich import leverage, sandwich

X = np.column_stack([np.ones(10), [0, 1, 0, 1, 0, 1, 1, 0, 1, 0], [2, 7, 1, 8, 2, 8, 1, 8, 2, 8]])
Y = np.array([0, 1, 0, 1, 1, 0, 1, 1, 0, 0])
WEIGHTS = np.array([1.0, 2.0, 0.5, 1.0, 3.0, 1.0, 1.0, 0.7, 1.0, 1.2])


def by_hand(weights, power):
    """Return the sandwich of w_i^2 e_i^2 x_i x_i' / (1 - h_i)^power and the inverse information."""
    beta = fit_logistic(X, Y, weights).coef
    mu = 1 / (1 + np.exp(-X @ beta))
    curvature = weights * mu * (1 - mu)
    bread = np.linalg.inv(sum(c * np.outer(x, x) for c, x in zip(curvature, X, strict=True)))
    meat = np.zeros((3, 3))
    for x, y, m, w, c in zip(X, Y, mu, weights, curvature, strict=True):
        h = c * x @ bread @ x
        meat += w**2 * (y - m) ** 2 * np.outer(x, x) / (1 - h) ** power
    return bread @ meat @ bread


@pytest.mark.parametrize("weights", [np.ones(10), WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(("correction", "power"), [("HC0", 0), ("HC2", 1), ("HC3", 2)])
def test_ten_patients_by_hand(weights, correction, power):
    fit = fit_logistic(X, Y, weights)
    ours = sandwich(X, Y, fit, weights, correction=correction)
    assert ours == pytest.approx(by_hand(weights, power), rel=1e-6)


def test_ten_patients_in_statsmodels():
    peer = sm.GLM(Y, X, family=sm.families.Binomial()).fit(cov_type="HC0", tol=1e-12)
    fit = fit_logistic(X, Y)
    assert sandwich(X, Y, fit) == pytest.approx(peer.cov_params(), rel=1e-7)
    assert sandwich(X, Y, fit, correction="HC1") == pytest.approx(
        peer.cov_params() * 10 / 7, rel=1e-7
    )
    hat = peer.get_hat_matrix_diag()
    assert leverage(X, fit) == pytest.approx(hat, rel=1e-7)


def test_leverages_sum_to_the_number_of_coefficients():
    assert leverage(X, fit_logistic(X, Y, WEIGHTS), WEIGHTS).sum() == pytest.approx(3)
