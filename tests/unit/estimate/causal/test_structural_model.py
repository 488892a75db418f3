"""Marginal structural models: hand calculations, stacked equations, known effect, input errors."""

import numpy as np
import pytest
from scipy.special import expit, logit

from estimate.longitudinal.regimes import courses
from estimate.longitudinal.structural_model import structural_model
from protocol.errors import InputError


def simulate(rng, shape, randomised=False):
    """Simulate three months; low hormone makes treatment more likely and success less likely."""
    base = rng.normal(size=shape)
    hormone = 0.6 * base + rng.normal(size=shape)
    last, given, measured = np.zeros(shape), [], []
    for month in range(3):
        if month:
            hormone = 0.5 * hormone + 0.3 * base + 0.7 * last + 0.8 * rng.normal(size=shape)
        chance = 0.5 if randomised else expit(0.1 - 0.6 * hormone + 0.4 * last)
        last = (rng.random(shape) < chance) * 1.0
        given.append(last)
        measured.append(hormone)
    level = 0.5 * hormone + 0.4 * base + 0.25 * sum(given)
    success = (rng.random(shape) < expit(-1.1 + level)) * 1.0
    x = np.stack([np.stack(measured, -1), np.broadcast_to(base[..., None], (*shape, 3))], -1)
    return np.stack(given, -1), x, success


def test_weights_and_coefficient_by_hand():
    given, x, success = simulate(np.random.default_rng(4), (300,))
    data = courses(given, x, success)
    found = structural_model(data, baseline=1)
    import statsmodels.api as sm

    before = np.concatenate([np.zeros((300, 1)), given[:, :-1]], 1)
    rows = [(i, t) for i in range(300) for t in range(3)]
    months = np.eye(3)
    full = np.array([[*months[t], *x[i, t], before[i, t]] for i, t in rows])
    bare = np.array([[*months[t], x[i, t, 1], before[i, t]] for i, t in rows])
    expected = np.ones(300)
    for design, power in ((full, -1), (bare, 1)):
        p = sm.Logit(given.ravel(), design).fit(disp=0, tol=1e-12).predict().reshape(300, 3)
        expected *= (np.where(given > 0, p, 1 - p) ** power).prod(1)
    assert found.weights[:, 2] == pytest.approx(expected, rel=1e-6)
    assert (found.weights[:, :2] == 0).all()
    design = np.column_stack([given.sum(1), np.ones(300), x[:, 0, 1]])
    model = sm.GLM(success, design, family=sm.families.Binomial(), var_weights=expected).fit()
    assert found.coef == pytest.approx(model.params, rel=1e-5)


@pytest.mark.parametrize("kind", ["binary", "measured", "event", "lost"])
def test_errors_are_those_of_the_stacked_equations(kind):
    """A jackknife over patients that refits every model gives nearly the same standard error."""
    rng = np.random.default_rng(8)
    given, x, success = simulate(rng, (250,))
    monthly = (rng.random(given.shape) < expit(-1 + 0.5 * x[..., 0] + 0.3 * given)) * 1.0
    if kind == "measured":
        monthly = x[..., 0] + given + rng.normal(size=given.shape)
    if kind == "lost":
        gone = np.logical_or.accumulate(rng.random(given.shape) < expit(-2.5 - x[..., 0]), 1)
        monthly[gone] = np.nan

    def fit(kept):
        data = courses(given[kept], x[kept], success[kept])
        return structural_model(data, monthly[kept], baseline=1, event=kind == "event")

    everyone = np.arange(250)
    batch = np.stack([np.delete(everyone, i) for i in everyone])
    one_less = fit(batch).coef[:, 0]
    jackknife = np.sqrt(((one_less - one_less.mean()) ** 2).sum() * 249 / 250)
    found = fit(everyone)
    assert np.sqrt(found.cov[0, 0]) == pytest.approx(jackknife, rel=0.03)
    assert found.cov[0, 0] != pytest.approx(found.cov_robust[0, 0], rel=0.01)


def test_it_finds_the_effect_of_each_month_where_regression_does_not():
    given, _, success = simulate(np.random.default_rng(9), (600_000,), randomised=True)
    months = given.sum(1)
    b = np.zeros(2)  # the truth: fitted to a trial that randomises every month
    X = np.column_stack([months, np.ones_like(months)])
    for _ in range(8):
        p = expit(X @ b)
        b += np.linalg.solve((X * (p * (1 - p))[:, None]).T @ X, X.T @ (success - p))
    data = courses(*simulate(np.random.default_rng(100), (300, 800)))
    found = structural_model(data).effect("success")
    error = np.log(found.estimate) - b[0]
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(300) + 0.01
    covered = ((found.conf_low < np.exp(b[0])) & (np.exp(b[0]) < found.conf_high)).mean()
    assert 0.95 - 3 * 0.0126 < covered <= 0.95 + 3 * 0.0126
    rate = [[y[a.sum(-1) == k].mean() for k in (0, 3)] for a, y in
            zip(data.treatment, data.outcome, strict=True)]  # fmt: skip
    naive = np.diff(logit(np.mean(rate, axis=0)))[0] / 3
    assert naive < b[0] - 0.1


def test_a_month_in_which_all_are_treated_or_nobody_is_lost_has_weight_one():
    given, x, success = simulate(np.random.default_rng(4), (400,))
    given[:, 0] = 1
    monthly = np.column_stack([success, success, success])
    monthly[:40, 2] = np.nan
    found = structural_model(courses(given, x, success), monthly, baseline=1)
    assert found.converged
    assert found.weights[:, 0] == pytest.approx(1)
    later = structural_model(courses(given[:, 1:], x[:, 1:], success), monthly[:, 1:], baseline=1)
    assert found.coef[0] != pytest.approx(later.coef[0], abs=1e-3)  # a month more in the outcome
    assert np.isfinite(found.cov).all()


def test_truncated_weights_lie_between_the_quantiles():
    data = courses(*simulate(np.random.default_rng(4), (400,)))
    whole, cut = structural_model(data), structural_model(data, truncate=(0.05, 0.95))
    low, high = np.quantile(whole.weights[:, 2], (0.05, 0.95))
    assert cut.weights[:, 2].min() == pytest.approx(low)
    assert cut.weights[:, 2].max() == pytest.approx(high)
    current = structural_model(data, exposure="current").effect(exposure="current")
    assert "treatment of the month" in str(current.estimand)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"baseline": 3}, "from 0 to 2"),
        ({"monthly": np.zeros((20, 2))}, "do not fit"),
        ({"monthly": np.full((20, 3), np.inf)}, "infinite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, words):
    data = courses(*simulate(np.random.default_rng(1), (20,)))
    with pytest.raises(InputError, match=words):
        structural_model(data, **change)
