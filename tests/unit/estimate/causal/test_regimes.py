"""Dynamic strategies: clones, weights, and recovery of an effect where naive methods are biased."""

from functools import cache

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from estimate.longitudinal.g_formula import g_formula_risks
from estimate.longitudinal.regimes import courses, regime_risks
from protocol.errors import InputError

STRATEGIES = {
    "if low": lambda hormone: (hormone < 0) * 1.0,
    "never": lambda hormone: np.zeros_like(hormone),
}


def simulate(rng, shape, follow=None):
    """Simulate three months; low hormone predicts treatment and failure; treatment is effective."""
    base = rng.normal(size=shape)
    hormone = 0.6 * base + rng.normal(size=shape)
    last, given, measured = np.zeros(shape), [], []
    for month in range(3):
        if month:
            hormone = 0.5 * hormone + 0.3 * base + 0.7 * last + 0.8 * rng.normal(size=shape)
        free = rng.random(shape) < expit(0.1 - 0.6 * hormone + 0.4 * last)
        last = free * 1.0 if follow is None else follow(hormone)
        given.append(last)
        measured.append(hormone)
    chance = expit(-1.1 + 0.5 * hormone + 0.4 * base + 0.25 * sum(given))
    success = (rng.random(shape) < chance) * 1.0
    x = np.stack([np.stack(measured, -1), np.broadcast_to(base[..., None], (*shape, 3))], -1)
    return np.stack(given, -1), x, success


def asked(x):
    return {name: rule(x[..., 0]) for name, rule in STRATEGIES.items()}


@cache
def truth():
    rng = np.random.default_rng(9)
    first, second = (
        simulate(rng, (400_000,), STRATEGIES[name])[2].mean() for name in ("if low", "never")
    )
    return first - second


@cache
def studies():
    rng = np.random.default_rng(100)
    given, x, success = simulate(rng, (400, 1000))
    lost = rng.random(success.shape) < expit(-2.2 - 0.4 * x[..., -1, 0])
    return courses(given, x, np.where(lost, np.nan, success)), asked(x)


def test_weighted_clones_recover_the_effect_of_strategies_nobody_was_assigned():
    data, strategies = studies()
    answer = regime_risks(data, strategies).compare("if low", "never")[0]
    error = answer.estimate - truth()
    assert abs(error.mean()) < 3 * error.std() / 20 + 0.004
    covered = ((answer.conf_low < truth()) & (truth() < answer.conf_high)).mean()
    assert 0.95 - 3 * 0.011 < covered < 0.95 + 3 * 0.011
    assert answer.std_error.mean() == pytest.approx(answer.estimate.std(), rel=0.1)


def test_unweighted_clones_and_ever_against_never_treated_do_not():
    data, strategies = studies()
    plain = regime_risks(data, strategies, weighted=False).compare("if low", "never")[0]
    assert (plain.estimate - truth()).mean() < -0.05
    ever = data.treatment.any(-1)
    naive = [np.nanmean(y[e]) - np.nanmean(y[~e]) for y, e in zip(data.outcome, ever, strict=True)]
    assert np.mean(naive) - truth() < -0.03


def test_weights_equal_those_computed_by_hand():
    given, x, success = simulate(np.random.default_rng(4), (500,))
    found = regime_risks(courses(given, x, success), asked(x))
    before = np.concatenate([np.zeros((500, 1)), given[:, :-1]], 1)
    rows = [
        [*(float(month == k) for k in range(3)), *x[i, month], before[i, month]]
        for i in range(500)
        for month in range(3)
    ]
    model = sm.Logit(given.ravel(), np.array(rows)).fit(disp=0, tol=1e-12)
    chance = model.predict().reshape(500, 3)
    for place, wanted in enumerate(asked(x).values()):
        for i in range(500):
            expected = 1.0
            for month in range(3):
                if given[i, month] != wanted[i, month]:
                    expected = 0.0
                    break
                p = chance[i, month]
                expected /= p if given[i, month] else 1 - p
            assert found.weights[place, i] == pytest.approx(expected, rel=1e-6)
        w = found.weights[place]
        assert found.risk[place] == pytest.approx((w * success).sum() / w.sum())


def test_a_grace_period_keeps_clones_and_asks_for_no_weight():
    given, x, success = simulate(np.random.default_rng(4), (300,))
    wanted = asked(x)["if low"]
    wanted[:, 0] = np.nan
    free = np.full((300, 3), np.nan)
    found = regime_risks(courses(given, x, success), {"grace": wanted, "any": free})
    assert found.adherent[0] > regime_risks(courses(given, x, success), asked(x)).adherent[0]
    assert found.adherent[1] == 300
    assert found.weights[1] == pytest.approx(1.0)
    assert found.risk[1] == pytest.approx(success.mean())


def test_a_month_in_which_everyone_is_treated_needs_no_weight():
    given, x, success = simulate(np.random.default_rng(4), (500,))
    given[:, 0] = 1
    found = regime_risks(courses(given, x, success), {"always": np.ones((500, 3))})
    rest = regime_risks(courses(given[:, 1:], x[:, 1:], success), {"always": np.ones((500, 2))})
    assert found.converged
    assert (found.weights > 0).sum() == (rest.weights > 0).sum() == found.adherent[0]
    assert found.weights[found.weights > 0].min() >= 1
    risk, sound = g_formula_risks(courses(given, x, success), {"always": np.ones((500, 3))})
    assert sound
    assert risk[0] == pytest.approx(found.risk[0], abs=0.05)


def test_a_batch_is_its_studies_one_by_one():
    data, strategies = studies()
    few = courses(data.treatment[:3], data.covariates[:3], data.outcome[:3])
    together = regime_risks(few, {name: each[:3] for name, each in strategies.items()})
    alone = regime_risks(
        courses(data.treatment[1], data.covariates[1], data.outcome[1]),
        {name: each[1] for name, each in strategies.items()},
    )
    assert together.risk[1] == pytest.approx(alone.risk, rel=1e-8)
    assert together.cov[1] == pytest.approx(alone.cov, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a, x, y: (a[:, :2], x, y), "do not fit"),
        (lambda a, x, y: (a + 1, x, y), "is not 0/1"),
        (lambda a, x, y: (a, np.where(x > 1, np.nan, x), y), "a value is missing"),
    ],
)
def test_courses_that_cannot_be_analysed_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        courses(*change(*simulate(np.random.default_rng(1), (20,))))
