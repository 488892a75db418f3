"""Random-intercept logistic model: agreement with lme4 and quadrature, limits, batches."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from estimate.regression.logistic import fit_logistic
from estimate.regression.random_intercept import by_site, fit_random_intercept

REFERENCE = json.loads(
    (Path(__file__).parents[3] / "reference" / "r" / "g16_random_intercept.json").read_text()
)


def recipe(variation):
    """Return outcome, design and site of the 240 patients of one trial analysed with lme4."""
    i = np.arange(240)
    arm, site, x = i % 2, (i // 2) % 8, ((37 * i) % 101) / 50 - 1
    threshold = ((61 * i + 13) % 97) / 97
    chance = expit(-0.6 + 0.7 * arm + 0.9 * x + variation * np.sin(2 * site))
    design = np.stack([np.ones(240), arm, x], -1)
    return (threshold < chance).astype(float)[None], design[None], site[None]


def fitted(y, design, site, **how):
    sites = int(site.max()) + 1
    X, won, patients = by_site(site, sites, design, y, np.ones(y.shape))
    return fit_random_intercept(X, won, patients, **how)


def drawn(trials, sd, seed, patients=120, sites=6):
    rng = np.random.default_rng(seed)
    site, arm = rng.integers(0, sites, (trials, patients)), rng.integers(0, 2, (trials, patients))
    own = np.take_along_axis(sd * rng.normal(size=(trials, sites)), site, 1)
    y = (rng.random((trials, patients)) < expit(-1 + 0.8 * arm + own)).astype(float)
    return y, np.stack([np.ones_like(y), arm], -1), site


@pytest.mark.parametrize("columns", [2, 3])
def test_lme4_has_the_same_estimates_and_errors(columns):
    formula = {2: "Y ~ A + (1|site)", 3: "Y ~ A + X + (1|site)"}[columns]
    expected = REFERENCE["spread_1"][formula]
    y, design, site = recipe(1)
    fit = fitted(y, design[..., :columns], site, points=25)
    assert fit.coef[0] == pytest.approx(expected["coef"], abs=2e-5)
    assert np.sqrt(np.diag(fit.cov[0])) == pytest.approx(expected["se"], abs=2e-5)
    assert fit.sd[0] == pytest.approx(expected["sd"], abs=2e-5)
    nine = fitted(y, design[..., :columns], site)
    assert nine.coef[0] == pytest.approx(fit.coef[0], abs=1e-6)


def test_equal_sites_leave_the_logistic_model():
    expected = REFERENCE["spread_0"]["Y ~ A + X + (1|site)"]
    y, design, site = recipe(0)
    fit, plain = fitted(y, design, site), fit_logistic(design, y)
    assert fit.sd[0] == 0
    assert fit.converged[0]
    assert fit.coef[0] == pytest.approx(expected["coef"], abs=2e-6)
    assert fit.coef[0] == pytest.approx(plain.coef[0], abs=1e-8)
    assert fit.cov[0] == pytest.approx(plain.cov[0], abs=1e-8)
    assert fit.loglik[0] == pytest.approx(plain.loglik[0])


def test_the_likelihood_is_that_of_plain_quadrature():
    y, design, site = drawn(1, 0.9, 3, patients=60, sites=4)

    u = np.linspace(-9, 9, 2001)[:, None]

    def minus(theta):
        p = expit(design[0] @ theta[:2] + np.exp(theta[2]) * u)
        likelihood = np.where(y[0] == 1, p, 1 - p)
        sites = [likelihood[:, site[0] == k].prod(1) * norm.pdf(u[:, 0]) for k in range(4)]
        return -np.log(np.trapezoid(sites, u[:, 0], axis=1)).sum()

    fit = fitted(y, design, site, points=25)
    found = np.r_[fit.coef[0], np.log(fit.sd[0])]
    assert -minus(found) == pytest.approx(fit.loglik[0], abs=1e-8)
    best = minimize(minus, found + 0.05, method="Nelder-Mead", options={"xatol": 1e-5})
    assert best.x == pytest.approx(found, abs=2e-3)
    assert -best.fun <= fit.loglik[0] + 1e-7


def test_a_batch_is_its_trials_and_padding_changes_nothing():
    y, design, site = drawn(12, 0.6, 4)
    batch = fitted(y, design, site)
    for k in (0, 5, 11):
        alone = fitted(y[[k]], design[[k]], site[[k]])
        assert alone.coef[0] == pytest.approx(batch.coef[k], rel=1e-9)
        assert alone.sd[0] == pytest.approx(batch.sd[k], rel=1e-7)


def test_counting_patients_alike_together_changes_nothing():
    y, design, site = drawn(3, 0.6, 5)
    single = fitted(y, design, site)
    cell = site * 2 + design[..., 1].astype(int)
    count = np.stack([np.bincount(each, minlength=12) for each in cell]).reshape(3, 6, 2)
    won = np.stack([np.bincount(c, w, 12) for c, w in zip(cell, y, strict=True)])
    X = np.broadcast_to([[1.0, 0.0], [1.0, 1.0]], (3, 6, 2, 2))
    counted = fit_random_intercept(X, won.reshape(3, 6, 2) / count, count)
    assert counted.coef == pytest.approx(single.coef, abs=1e-8)
    assert counted.cov == pytest.approx(single.cov, abs=1e-8)


def test_recoding_arms_inverts_the_ratio_and_order_is_irrelevant():
    y, design, site = drawn(4, 0.5, 6)
    first = fitted(y, design, site)
    other = design.copy()
    other[..., 1] = 1 - other[..., 1]
    assert fitted(y, other, site).coef[:, 1] == pytest.approx(-first.coef[:, 1], abs=1e-7)
    order = np.random.default_rng(1).permutation(y.shape[1])
    mixed = fitted(y[:, order], design[:, order], site[:, order])
    assert mixed.coef == pytest.approx(first.coef, abs=1e-8)
    assert fitted(y, design, 5 - site).coef == pytest.approx(first.coef, abs=1e-8)


def test_the_truth_is_recovered_and_is_not_the_marginal_one():
    y, design, site = drawn(40, 1.2, 7, patients=900, sites=30)
    fit = fitted(y, design, site)
    assert fit.converged.all()
    error = fit.coef[:, 1].std() / np.sqrt(40)
    assert abs(fit.coef[:, 1].mean() - 0.8) < 3.5 * error
    assert abs(fit.sd.mean() - 1.2) < 0.08  # ML is biased low with 30 sites
    marginal = fit_logistic(design, y).coef[:, 1]
    assert marginal.mean() < fit.coef[:, 1].mean() - 5 * error
    assert np.sqrt(fit.cov[:, 1, 1]).mean() == pytest.approx(fit.coef[:, 1].std(), rel=0.25)


def test_a_trial_without_a_finite_answer_is_reported():
    y, design, site = drawn(2, 0.5, 8)
    y[1] = design[1, :, 1]  # treatment predicts the outcome perfectly
    fit = fitted(y, design, site)
    assert fit.converged.tolist() == [True, False]
