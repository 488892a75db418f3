"""The compiled kernel agrees with numpy; irregular data sets are fitted by numpy."""

import numpy as np
import pytest
from scipy.special import expit

from estimate.compiled import switch
from estimate.compiled.newton import _exp_minus
from estimate.compiled.switch import compiled_kernels
from estimate.core.rounding import significant
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit


def studies(members: int, n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    X = random.normal(size=(members, n, p))
    X[..., 0], X[..., 1] = 1, random.random((members, n)) < 0.5
    y = random.random((members, n)) < expit(X @ random.normal(size=p) * 0.3)
    return X, y.astype(float)


def assert_same(one: LogisticFit, other: LogisticFit) -> None:
    for name in ("converged", "separated", "iterations"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("coef", "cov", "loglik"):
        assert getattr(other, name) == pytest.approx(
            getattr(one, name), rel=1e-9, abs=1e-12, nan_ok=True
        ), name


@pytest.mark.parametrize("p", [2, 3, 8])
@pytest.mark.parametrize("given", ["nothing", "weights", "offset", "start"])
def test_the_kernel_fits_as_numpy_does(p, given):
    X, y = studies(40, 130, p)
    random = np.random.default_rng(2)
    more = {
        "nothing": {},
        "weights": {"weights": (random.random(y.shape) < 0.8) * random.uniform(0.5, 2, y.shape)},
        "offset": {"offset": random.normal(size=y.shape)},
        "start": {"start": np.full(p, 0.1)},
    }[given]
    plain = fit_logistic(X, y, **more)
    with compiled_kernels(True) as used:
        compiled = fit_logistic(X, y, **more)
    assert used
    assert plain.converged.mean() > 0.9
    assert_same(plain, compiled)
    estimable = plain.converged & (np.abs(plain.coef) > 1e-9).all(-1)
    shown = [significant(fit.coef[estimable], 6).tolist() for fit in (plain, compiled)]
    assert shown[0] == shown[1]


def test_separated_collinear_and_empty_data_sets_are_fitted_by_numpy():
    X, y = studies(6, 60, 4)
    y[0] = X[0, :, 2] > 0  # separated
    X[1, :, 3] = 2 * X[1, :, 2]  # collinear
    y[2] = 0  # no events
    X[3, 0, 2] = 400  # outlier
    weights = np.ones_like(y)
    weights[4] = 0  # no patients
    plain = fit_logistic(X, y, weights)
    with compiled_kernels(True):
        assert_same(plain, fit_logistic(X, y, weights))
    assert plain.converged.tolist()[5]
    assert not plain.converged[[0, 1, 2, 4]].any()


def test_single_and_batched_fits_are_bitwise_equal():
    X, y = studies(9, 77, 5)
    with compiled_kernels(True):
        batch, alone = fit_logistic(X, y), fit_logistic(X[4], y[4])
    assert batch.coef[4].tobytes() == alone.coef.tobytes()
    assert batch.cov[4].tobytes() == alone.cov.tobytes()


def test_the_exponential_is_accurate_to_the_last_digit():
    x = np.concatenate([np.linspace(-500, 500, 20_001), np.linspace(-1, 1, 2001), [0.0]])
    found = np.empty_like(x)
    _exp_minus(x, found)
    assert found == pytest.approx(np.exp(-x), rel=3e-16)
    _exp_minus(np.array([1e9]), found[:1])
    assert found[0] == pytest.approx(np.exp(-500), rel=1e-15)


def test_numpy_fits_without_numba_or_by_request(monkeypatch):
    with compiled_kernels(False) as used:
        assert not used
    monkeypatch.setattr(switch, "find_spec", lambda name: None)
    with compiled_kernels(True) as used:
        assert not used
