"""Rubin's rules: hand calculations."""

import numpy as np
import pytest
from scipy import stats

from estimate.core.estimand import Estimand
from estimate.core.result import wald
from estimate.imputation.pooled_tests import d1, d2, d3, d4, likelihood_ratio_test
from estimate.imputation.rubins_rules import pool, pool_estimates
from protocol.errors import InputError

Q, U = [1.0, 2.0, 3.0], [0.5, 0.5, 0.5]


def test_rubins_rules_by_hand() -> None:
    ours = pool(Q, U)
    assert ours.estimate == 2
    assert (ours.within, ours.between) == (0.5, 1)
    assert ours.total == pytest.approx(0.5 + 4 / 3)
    assert ours.riv == pytest.approx(8 / 3)
    assert ours.df == pytest.approx(2 * (1 + 3 / 8) ** 2)
    assert ours.p_value == pytest.approx(2 * stats.t.sf(2 / ours.std_error, ours.df))
    half = stats.t.ppf(0.975, ours.df) * ours.std_error
    assert (ours.conf_low, ours.conf_high) == pytest.approx((2 - half, 2 + half))


def test_few_patients_lower_the_degrees_of_freedom() -> None:
    share = (4 / 3) / (11 / 6)
    rubin, observed = 2 / share**2, 11 / 13 * 10 * (1 - share)
    assert pool(Q, U, df_complete=10).df == pytest.approx(1 / (1 / rubin + 1 / observed))


def test_the_axis_of_imputations_is_free() -> None:
    q = np.arange(24.0).reshape(2, 3, 4)
    middle = pool(q, np.ones_like(q), axis=1)
    last = pool(np.moveaxis(q, 1, -1), np.ones((2, 4, 3)))
    assert middle.total == pytest.approx(last.total)


def test_one_imputation_is_refused() -> None:
    with pytest.raises(InputError, match="give at least 2"):
        pool([1.0], [1.0])


def test_an_estimate_is_pooled_on_its_own_scale_and_is_reported() -> None:
    question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")
    each = wald(question, "adjusted", "odds ratio", Q, np.sqrt(U), 100)
    pooled = pool_estimates(each, df_complete=97)
    assert pooled.estimate == pytest.approx(np.exp(2))
    assert pooled.method == "adjusted"
    assert "Rubin, 3 imputations" in pooled.interval
    failed = wald(question, "adjusted", "odds ratio", Q, np.sqrt(U), 100, converged=[1, 0, 1])
    assert not pool_estimates(failed).converged
    assert np.isnan(pool_estimates(failed).estimate)


def test_d1_of_one_coefficient_is_the_square_of_t() -> None:
    ours = d1(np.reshape(Q, (3, 1)), np.reshape(U, (3, 1, 1)))
    assert ours.statistic == pytest.approx(pool(Q, U).statistic ** 2)
    # t = 2 is below the threshold of the second formula of Li et al.
    assert ours.df2 == pytest.approx(2 * 2 * (1 + 3 / 8) ** 2 / 2)


def test_d2_by_hand() -> None:
    chi2 = np.array([4.0, 9.0])
    riv = 1.5 * np.var([2, 3], ddof=1)
    ours = d2(chi2, 2)
    assert ours.riv == pytest.approx(riv)
    assert ours.statistic == pytest.approx((6.5 / 2 - 3 * riv) / (1 + riv))
    assert ours.df2 == pytest.approx(2 ** (-1.5) * (1 + 1 / riv) ** 2)


def test_d3_and_d4_by_hand() -> None:
    by_d3, by_d4 = d3([6.0, 8.0], [5.0, 6.0], 2), d4([6.0, 8.0], 5.5, 2)
    for ours in (by_d3, by_d4):
        assert ours.riv == pytest.approx(3 / 2 * 1.5)
        assert ours.statistic == pytest.approx(5.5 / (2 * (1 + 2.25)))
    assert by_d4.df2 == pytest.approx(2 * (1 + 1 / 2.25) ** 2)


def test_d4_never_counts_negative_missing_information() -> None:
    assert d4([6.0, 8.0], 7.5, 2).riv == 0
    assert d4([6.0, 8.0], 7.5, 2).p_value == pytest.approx(stats.chi2.sf(7.5, 2), rel=1e-6)


def test_identical_imputations_give_the_complete_data_test() -> None:
    rng = np.random.default_rng(1)
    X = np.broadcast_to(np.c_[np.ones(80), rng.normal(size=(80, 2))], (5, 80, 3))
    y = (rng.random(80) < 0.4).astype(float)
    complete = likelihood_ratio_test(np.repeat(X[:1], 2, 0), y, slice(2, 3))
    for method in ("D3", "D4", "D4 robust"):
        ours = likelihood_ratio_test(X, y, slice(2, 3), method=method)
        assert ours.statistic == pytest.approx(complete.statistic)
        assert ours.riv == pytest.approx(0, abs=1e-9)


def test_a_batch_of_tests_equals_single_tests() -> None:
    rng = np.random.default_rng(2)
    X = np.concatenate([np.ones((3, 4, 60, 1)), rng.normal(size=(3, 4, 60, 2))], -1)
    y = (rng.random((3, 1, 60)) < 0.5).astype(float)
    for method in ("D3", "D4", "D4 robust"):
        batch = likelihood_ratio_test(X, y, slice(1, 3), method=method)
        for i in range(3):
            alone = likelihood_ratio_test(X[i], y[i], slice(1, 3), method=method)
            assert batch.p_value[i] == pytest.approx(alone.p_value)


def test_separation_in_one_imputation_is_not_hidden() -> None:
    X = np.stack([np.ones(20), np.arange(20.0)], -1)
    shuffled = X[np.random.default_rng(3).permutation(20)]
    test = likelihood_ratio_test(np.stack([X, shuffled]), np.arange(20) > 9, slice(1, 2))
    assert np.isnan(test.p_value)
