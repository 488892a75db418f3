"""Mediation under correlated errors: known effects, and the ordinary estimate at correlation 0."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from estimate.mediation.bivariate_probit import normal_pair_cdf
from estimate.mediation.error_correlation import error_correlation, pool_correlations
from protocol.errors import InputError

RHO = 0.4


def latent(n, seed=1, rho=RHO):
    """Draw a study with correlated errors; return it with its true indirect effect."""
    rng = np.random.default_rng(seed)
    a, x = rng.integers(0, 2, n), rng.normal(size=n)
    e = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)

    def mediator(exposure):
        return -0.2 + 0.6 * exposure + 0.3 * x + e[:, 0] > 0

    def risk(exposure, of):
        return (-0.8 + 0.2 * exposure + 0.5 * mediator(of) + 0.3 * x + e[:, 1] > 0).mean()

    m = mediator(a)
    y = -0.8 + 0.2 * a + 0.5 * m + 0.3 * x + e[:, 1] > 0
    truth = (risk(0, 1) - risk(0, 0) + risk(1, 1) - risk(1, 0)) / 2
    return a, m * 1, y * 1, x[:, None], truth


@pytest.mark.parametrize("rho", [-0.95, -0.3, 0.0, 0.6, 0.95])
def test_pairs_of_normal_variables_as_in_scipy(rho):
    rng = np.random.default_rng(2)
    h, k = 1.5 * rng.normal(size=(2, 6))
    peer = multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    for sign in (1, -1):
        expected = [peer.cdf([a, sign * b]) for a, b in zip(h, k, strict=True)]
        if sign == -1:  # Pr(X <= h, Y <= -k) at rho is Pr(X <= h) - Pr(X <= h, Y <= k) at -rho
            expected = ndtr(h) - np.array(expected)
        assert normal_pair_cdf(h, k, rho, sign) == pytest.approx(np.array(expected), abs=1e-9)


def test_the_truth_is_recovered_at_the_true_correlation_and_missed_without_it():
    a, m, y, x, truth = latent(6000)
    found = error_correlation(a, m, y, covariates=x, rho=[0.0, RHO])
    assert abs(found.acme[1] - truth) < 3 * found.std_error[1]
    assert found.acme[0] - truth > 5 * found.std_error[0]
    assert found.total[0] == pytest.approx(found.total[1], abs=2e-3)


def test_without_correlation_it_is_the_product_of_two_probits():
    a, m, y, x, _ = latent(400)
    found = error_correlation(a, m, y, covariates=x, rho=[0.0])
    base = np.column_stack([np.ones(400), x])
    first = sm.Probit(m, np.column_stack([a, base])).fit(disp=0, tol=1e-10).params
    second = sm.Probit(y, np.column_stack([a, m, base])).fit(disp=0, tol=1e-10).params
    risk = np.empty((2, 2))
    for b in (0, 1):
        chance = ndtr(first[0] * b + base @ first[1:])
        for e in (0, 1):
            low, high = (ndtr(second[0] * e + second[1] * v + base @ second[2:]) for v in (0, 1))
            risk[e, b] = (low + chance * (high - low)).mean()
    acme = (risk[0, 1] - risk[0, 0] + risk[1, 1] - risk[1, 0]) / 2
    assert found.acme[0] == pytest.approx(acme, abs=1e-6)
    assert np.isnan(found.vanishes_at)


def test_the_indirect_effect_is_zero_at_the_reported_correlation():
    a, m, y, x, _ = latent(800)
    coarse = error_correlation(a, m, y, covariates=x, rho=[0.0, 0.45, 0.9])
    assert 0 < coarse.vanishes_at < 0.9
    at = error_correlation(a, m, y, covariates=x, rho=[coarse.vanishes_at])
    assert at.acme[0] == pytest.approx(0, abs=1e-4)


def test_recoding_the_exposure_inverts_the_effect_and_order_is_irrelevant():
    a, m, y, x, _ = latent(300)
    once = error_correlation(a, m, y, covariates=x, rho=[0.3])
    assert error_correlation(1 - a, m, y, covariates=x, rho=[0.3]).acme == pytest.approx(
        -once.acme, abs=1e-5
    )
    order = np.random.default_rng(0).permutation(300)
    moved = error_correlation(a[order], m[order], y[order], covariates=x[order], rho=[0.3])
    assert moved.acme == pytest.approx(once.acme, abs=1e-6)
    more = [np.r_[v, 1 - v[:50]] for v in (a, m, y)]
    kept = error_correlation(
        *more, covariates=np.r_[x, x[:50]], include=np.arange(350) < 300, rho=[0.3]
    )
    assert kept.acme == pytest.approx(once.acme, abs=1e-6)
    assert pool_correlations([once]) is once
    assert pool_correlations([once, kept]).std_error == pytest.approx(once.std_error, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rho": [0.2, 0.1]}, "list ascending numbers"),
        ({"rho": [0.99]}, "from -0.95 to 0.95"),
        ({"mediator": [0, 2, 1, 0]}, "mediator: is not 0/1"),
    ],
)
def test_what_has_no_meaning_is_refused(changes, message):
    study = {"exposure": [0, 1, 0, 1], "mediator": [0, 1, 1, 0], "outcome": [0, 1, 0, 1]}
    with pytest.raises(InputError, match=message):
        error_correlation(**{**study, **changes})
