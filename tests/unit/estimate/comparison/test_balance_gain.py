"""Small strata do not overstate the variance reduction from balance within strata."""

import numpy as np
import pytest
from scipy.special import expit

from estimate.causal.randomised_g_computation import g_computation_by_arm
from estimate.comparison.balance_gain import SmallSample, balance_gain, chance_products
from estimate.regression.logistic import fit_logistic


def trials(replicates, *, site_sd, sites=8, per_site=20):
    """Return outcome, arm, covariate and site of null trials in blocks of 4 by site."""
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(sites), per_site)
    blocks = np.tile([0, 0, 1, 1], (replicates * sites * per_site // 4, 1))
    arm = rng.permuted(blocks, axis=1).reshape(replicates, -1).astype(float)
    x = rng.normal(size=arm.shape)
    level = site_sd * np.linspace(-1, 1, sites)[site]
    y = (rng.random(arm.shape) < expit(-0.5 + 0.8 * x + level)).astype(float)
    return y, arm, x, np.broadcast_to(site, arm.shape)


def gains(y, arm, x, site, *, corrected):
    """Return the reduction in the variance of the risk difference, shape (replicate,)."""
    rows = np.stack([np.ones_like(y), arm, x], -1)
    fit = fit_logistic(rows, y)
    eta = (rows @ fit.coef[..., None])[..., 0]
    effect = fit.coef[:, 1:2] * arm
    predicted = np.stack([expit(eta - effect), expit(eta - effect + fit.coef[:, 1:2])], -2)
    kept = np.ones_like(y)
    own = np.where(arm > 0, predicted[:, 1], predicted[:, 0])
    sample = SmallSample(rows.swapaxes(-1, -2), np.zeros_like(y), fit.cov)
    noise = chance_products(sample, own * (1 - own), arm, kept, site) if corrected else None
    gain = balance_gain(y, arm, kept, predicted, site, noise)
    return gain[:, 0, 0] + gain[:, 1, 1] - 2 * gain[:, 0, 1]


def test_equal_strata_have_no_variance_reduction_on_average():
    drawn = trials(600, site_sd=0.0)
    plain, corrected = (gains(*drawn, corrected=each) for each in (False, True))
    error = corrected.std() / np.sqrt(corrected.size)
    assert abs(corrected.mean()) < 3 * error
    assert plain.mean() > 10 * error  # random variation counted as a gain


def test_the_variance_reduction_of_different_strata_is_kept():
    small, large = (
        gains(*trials(200, site_sd=1.2, per_site=size), corrected=True) for size in (20, 200)
    )
    error = small.std() / np.sqrt(small.size)
    assert small.mean() == pytest.approx(large.mean(), abs=3 * error)
    assert small.mean() > 0.05


def test_reported_variance_is_that_of_the_estimates_in_small_strata():
    y, arm, x, site = trials(3000, site_sd=0.6)
    found = g_computation_by_arm(y, arm, x[..., None], stratum=site, small_sample=True)
    variance = found.cov[:, 0, 0] + found.cov[:, 1, 1] - 2 * found.cov[:, 0, 1]
    spread = (found.treated - found.untreated).var(ddof=1)
    assert variance.mean() / spread == pytest.approx(1.013, abs=0.08)  # t quantile: 1.013
