"""Root finding by the methods of Brent and Chandrupatla: bitwise agreement with scipy."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.optimize.elementwise import find_root

from estimate.core.numeric.roots import RTOL, brent_root, chandrupatla_roots

FUNCTIONS = {
    "square": (lambda x: x * x - 2, 0.0, 2.0),
    "steep": (lambda x: math.exp(20 * x) - 3, -5.0, 5.0),
    "flat": (lambda x: (x - 0.3) ** 3 + 1e-3 * (x - 0.3), -1.0, 2.0),
    "step": (lambda x: -1.0 if x < 1 / 3 else 2.0, 0.0, 1.0),
    "cosine": (lambda x: math.cos(x) - x, 0.0, 1.5),
    "falling": (lambda x: 5 - x**3, 0.0, 40.0),
    "far": (lambda x: math.atan(x - 1e6), 0.0, 3e6),
    "turned": (lambda x: x - 0.1, 1.0, -1.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("xtol", [2e-12, 1e-4, 1e-15])
def test_a_root_is_that_of_scipy(name, xtol):
    function, low, high = FUNCTIONS[name]
    assert brent_root(function, low, high, xtol=xtol) == brentq(function, low, high, xtol=xtol)


def test_random_polynomials_have_the_roots_and_the_steps_of_scipy():
    rng = np.random.default_rng(5)
    for _ in range(300):
        powers = rng.normal(size=6)
        shift = np.polyval(powers, 0.7) + rng.normal(scale=1e-3)
        own, its = [], []

        def function(x, seen, powers=powers, shift=shift):
            seen.append(x)
            return float(np.polyval(powers, x) - shift)

        if function(-2.0, []) * function(2.0, []) > 0:
            continue
        found = brent_root(lambda x, f=function, o=own: f(x, o), -2, 2, rtol=1e-13)
        assert found == brentq(lambda x, f=function, i=its: f(x, i), -2, 2, rtol=1e-13)
        assert own == its


def test_a_root_at_an_end_is_that_end():
    assert brent_root(lambda x: x, 0, 3) == 0
    assert brent_root(lambda x: x - 3, 0, 3) == 3


def test_what_has_no_root_is_refused():
    with pytest.raises(ValueError, match="the same sign"):
        brent_root(lambda x: x * x + 1, -1, 1)
    with pytest.raises(ValueError, match="not a number at 1"):
        brent_root(lambda x: math.nan if x > 0 else -1.0, -1, 1)
    with pytest.raises(RuntimeError, match="no root within 100 steps"):
        brent_root(lambda x: 1.0 if x > 1e-300 else -1.0, -1, 1e300, xtol=1e-320, rtol=RTOL)


def test_many_roots_at_once_are_those_of_scipy():
    rng = np.random.default_rng(6)
    columns = rng.normal(size=(3, 400))

    def cubic(x, shift, slope, bend):
        return (x - shift) ** 3 + np.exp(slope) * (x - shift) + 0.1 * bend

    ends = np.full(400, -9.0), np.full(400, 9.0)
    tolerances = {"xatol": 1e-12, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0}
    its = find_root(cubic, ends, args=tuple(columns), tolerances=tolerances)
    assert its.success.all()
    assert np.array_equal(chandrupatla_roots(cubic, *ends, columns, xtol=1e-12), its.x)


def test_each_root_uses_its_own_columns():
    columns = np.array([[1.0, 8.0, 27.0]])
    ends = np.zeros(3), np.full(3, 4.0)
    found = chandrupatla_roots(lambda x, a: x**3 - a, *ends, columns, xtol=1e-12)
    assert found == pytest.approx([1, 2, 3], abs=1e-12)
