"""Score limits of a logistic coefficient are where an independent score test equals 1.96."""

import numpy as np
import pytest
import statsmodels.api as sm

from estimate.comparison.risk_difference import score_interval
from estimate.regression.coefficient_limits import randomisation_limits, rao_statistic
from estimate.regression.logistic import fit_logistic

PATIENTS = np.array([140, 253, 34, 115])
TABLE = np.array([[1, 0], [1, 1], [1, 0], [1, 1]]), np.array([0, 0, 1, 1])


def study():
    rng = np.random.default_rng(8)
    arm, x = np.arange(90) % 2, rng.normal(size=(90, 2))
    y = (rng.random(90) < 0.3 + 0.25 * arm).astype(float)
    return np.column_stack([np.ones(90), arm, x]), y


def score_of(design, y, value):
    """Return the score statistic of a value by another package's fit of the other columns."""
    rest, arm = np.delete(design, 1, axis=1), design[:, 1]
    fit = sm.GLM(y, rest, family=sm.families.Binomial(), offset=value * arm).fit(tol=1e-12)
    weight = fit.mu * (1 - fit.mu)
    residual = arm - rest @ np.linalg.solve(
        (rest * weight[:, None]).T @ rest, (rest * weight[:, None]).T @ arm
    )
    return (arm * (y - fit.mu)).sum() / np.sqrt((weight * residual**2).sum())


def test_the_statistic_is_that_of_another_package():
    design, y = study()
    assert rao_statistic(design, y, 1) == pytest.approx(score_of(design, y, 0.0), rel=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 0.8, 1.3])
def test_the_test_of_a_limit_has_the_critical_value(ratio):
    design, y = study()
    rao = rao_statistic(design, y, 1)
    limits = randomisation_limits(design, y, fit_logistic(design, y), 1, rao / ratio)
    found = [score_of(design, y, float(each)) for each in limits]
    assert found == pytest.approx([1.959964 * ratio, -1.959964 * ratio], abs=1e-5)


def test_without_covariates_they_are_the_score_limits_of_an_odds_ratio():
    fit = fit_logistic(*TABLE, PATIENTS)
    z = rao_statistic(*TABLE, 1, PATIENTS)
    low, high = np.exp(randomisation_limits(*TABLE, fit, 1, z, PATIENTS))
    plain = score_interval(115, 368, 34, 174, measure="odds ratio", variance="Farrington-Manning")
    assert np.array([low, high]) == pytest.approx(np.array(plain), rel=1e-6)


def test_a_statistic_of_zero_gives_an_interval():
    table = np.array([20, 20, 10, 10])
    fit = fit_logistic(*TABLE, table)
    low, high = randomisation_limits(*TABLE, fit, 1, np.array(0.0), table)
    assert -low == pytest.approx(high)
    assert 0.5 < high < 2
