"""Population estimates from a table against hand calculations, known values and other software."""

import warnings

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import logit, ndtri

from estimate.population.grouped_quantiles import grouped_quantiles, rounding_step
from estimate.population.indistinguishable import nearness, separation
from estimate.population.missing_values import fit_missing_values
from estimate.population.ordered_liability import Seen, _Model, fit_liability
from estimate.population.score_correlation import (
    MIN_EIGENVALUE,
    group_shifts,
    normal_scores,
    score_correlations,
)
from protocol.errors import InputError


def test_a_quantile_of_rounded_values_is_interpolated_within_its_class() -> None:
    # values 4, 5, 6 with counts 1, 2, 1: the median is the middle of class 5
    ages = [4, 5, 5, 6, np.nan]
    assert grouped_quantiles(ages, [0.25, 0.5, 0.625], 1).tolist() == [4.5, 5.0, 5.25]
    assert grouped_quantiles([1.0, 2.0], [0.5], 0).tolist() == [1.5]


def test_rounding_moves_a_quantile_little() -> None:
    values = np.random.default_rng(4).normal(31.3, 4, 400_000)
    wanted = np.quantile(values, [0.25, 0.5, 0.75])
    found = grouped_quantiles(np.rint(values), [0.25, 0.5, 0.75], 1)
    assert np.abs(found - wanted).max() < 0.03
    assert np.abs(np.quantile(np.rint(values), [0.25, 0.5, 0.75]) - wanted).max() > 0.2


def test_one_value_has_no_quantiles() -> None:
    with pytest.raises(InputError, match="two or more"):
        grouped_quantiles([3.0, np.nan], [0.5], 1)


@pytest.mark.parametrize(
    ("values", "step"),
    [([20, 30], 10), ([25, 30], 5), ([1.5, 2.0], 0.5), ([18.13], 0.01), ([0.1234], 0.0)],
)
def test_the_step_is_the_coarsest_that_fits(values: list[float], step: float) -> None:
    assert rounding_step(values) == step


def test_scores_of_ties_are_equal_and_missing_values_stay() -> None:
    scores = normal_scores([5, 5, np.nan, 1, 9])
    assert scores[0] == scores[1]
    assert np.isnan(scores[2])
    assert scores[4] == pytest.approx(ndtri(3.5 / 4))


def test_shifts_of_groups_are_differences_of_means() -> None:
    shifts = group_shifts([[0.0], [2.0], [5.0], [np.nan]], [0, 0, 1, 2], 3)
    assert shifts.ravel().tolist() == [0.0, 4.0, 0.0]


def test_pairwise_correlations_become_a_positive_definite_matrix() -> None:
    drawn = np.random.default_rng(1).standard_normal((300, 3))
    drawn[:, 1] = drawn[:, 0] + 0.1 * drawn[:, 1]
    drawn[:, 2] = drawn[:, 0] + 0.1 * drawn[:, 2]
    table = drawn.copy()
    table[:100, 0] = table[100:200, 1] = table[200:, 2] = np.nan
    table[200:, 1] *= -1  # the pairwise correlations are not jointly possible
    matrix = score_correlations(table)
    assert np.linalg.eigvalsh(matrix)[0] > 0.5 * MIN_EIGENVALUE
    assert np.allclose(np.diag(matrix), 1)
    assert np.allclose(score_correlations(drawn), np.corrcoef(drawn.T), atol=0.002)


def _liability(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.stack([np.ones(n), rng.standard_normal(n), rng.integers(0, 2, n)], -1)
    level = X @ [-0.8, 0.5, 0.9] + logit(rng.random(n))
    return X, level, np.where(level <= 0, Seen.BELOW, np.where(level > 1.5, Seen.ABOVE, 2))


def test_the_liability_is_proportional_odds_where_everything_is_seen() -> None:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    X, _, seen = _liability(3000, 3)
    fit = fit_liability(X, seen, np.zeros(3000, int), 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = OrderedModel(seen, X[:, 1:], distr="logit").fit(method="bfgs", disp=False)
    lower, gap = peer.params[2], np.exp(peer.params[3])
    assert fit.converged
    assert fit.coef == pytest.approx([-lower, *peer.params[:2]], abs=0.003)
    assert fit.upper == pytest.approx([gap], abs=0.003)


def test_the_liability_is_found_though_most_limits_are_hidden() -> None:
    n = 40_000
    X, level, seen = _liability(n, 8)
    hidden = np.arange(n) % 3
    seen = np.where(hidden == 1, np.where(level > 0, Seen.POSITIVE, Seen.BELOW), seen)
    seen = np.where((hidden == 2) & (level <= 1.5), Seen.NOT_ABOVE, seen)
    seen[:1000] = Seen.UNKNOWN
    fit = fit_liability(X, seen, np.zeros(n, int), 1)
    assert fit.coef == pytest.approx([-0.8, 0.5, 0.9], abs=0.08)
    assert fit.upper == pytest.approx([1.5], abs=0.05)


def test_the_gradient_of_the_liability_is_its_slope() -> None:
    X, _, seen = _liability(60, 2)
    model = _Model(X, seen, np.arange(60) % 2, 2)
    at = np.array([0.3, -0.2, 0.1, 0.4, -0.5])
    error = check_grad(lambda v: model.evaluate(v)[0], lambda v: model.evaluate(v)[1], at)
    assert error < 1e-4


def test_separated_patients_have_a_finite_fit() -> None:
    X = np.stack([np.ones(40), np.arange(40) >= 20], -1).astype(float)
    fit = fit_liability(X, np.where(X[:, 1] > 0, Seen.POSITIVE, Seen.BELOW), np.zeros(40, int), 1)
    assert fit.converged
    assert 3 < fit.coef[1] < 20


def test_missing_values_are_fitted_as_they_are_drawn() -> None:
    rng = np.random.default_rng(6)
    n, shares, pull, correlation = 20_000, np.array([0.04, 0.12]), 0.3, 0.6
    flag = rng.random(n) < 0.5
    common, own = rng.standard_normal((n, 1)), rng.standard_normal((n, 2))
    score = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    limits = np.sqrt(1 + pull**2) * ndtri(shares) + pull * (2 * flag - 1)[:, None]
    fit = fit_missing_values(score < limits, flag[:, None])
    assert fit.shares == pytest.approx(shares, abs=0.008)
    assert fit.pulls == pytest.approx([pull], abs=0.04)
    assert fit.correlation == pytest.approx(correlation, abs=0.06)


def test_values_that_are_never_missing_have_share_zero() -> None:
    missing = np.zeros((50, 2), bool)
    missing[:5, 1] = True
    fit = fit_missing_values(missing, np.zeros((50, 0)))
    assert fit.shares[0] == 0
    assert fit.correlation == 0


def test_a_classifier_finds_a_difference_and_only_where_there_is_one() -> None:
    rng = np.random.default_rng(12)
    first, second = rng.standard_normal((2, 1500, 3))
    alike = separation(first, second, 1)
    assert alike.conf_low < 0.5 < alike.conf_high
    second[:, 2] = 0.6 * second[:, 0] + 0.8 * second[:, 2]  # marginals are unchanged
    assert separation(first, second, 1).conf_low > 0.6


def test_copies_of_patients_are_counted() -> None:
    real = np.random.default_rng(2).standard_normal((200, 3))
    fresh = np.random.default_rng(3).standard_normal((400, 3))
    assert nearness(real, fresh).copies == 0
    assert 1 < nearness(real, fresh).close_percent < 12
    copied = nearness(real, np.concatenate([fresh, real[:7]]))
    assert copied.copies == 7
