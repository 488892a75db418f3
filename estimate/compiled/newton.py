"""Logistic regression by Newton's method, one compiled pass per data set and step.

As `estimate.regression.logistic`, for members that converge without halving a step, whose
predictors stay in range and whose coefficients are well identified: the others are left to it. The
data of one data set stay in cache, and the exponential is branch-free and therefore vectorised;
numpy's is not on processors without AVX-512.
"""

import math

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from estimate.core.arrays import Bools, Floats, Ints

#: Fits with a larger variance inflation are left to numpy, which detects singularity.
INFLATION = 1e6

#: Order of sums is free, as in BLAS: the last bits depend on the width of the processor's vectors.
_FREE = {"contract", "reassoc", "nsz", "arcp"}

#: 1.5 * 2^52: added, it rounds to a whole number.
_ROUND = 6755399441055744.0
_PER_LN2 = 1.4426950408889634
_LN2 = math.log(2.0)
_LN2_HIGH, _LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10


#: The fraction of a float64, and the exponent of numbers from 1 to 2.
_MANTISSA, _ONE = 0x000FFFFFFFFFFFFF, 0x3FF0000000000000

#: Numbers from 1 to 2 whose product is finite.
_PER_LOG = 1000


@intrinsic
def _bits(context, number):
    """Return the bits of a float64 as an int64."""
    return types.int64(types.float64), lambda c, b, s, a: b.bitcast(a[0], ir.IntType(64))


@intrinsic
def _real(context, bits):
    """Return the float64 of these bits."""
    return types.float64(types.int64), lambda c, b, s, a: b.bitcast(a[0], ir.DoubleType())


@njit(inline="always")
def _exp(x: float) -> float:
    """Return exp(x) for |x| <= 500, to an error of one unit in the last place."""
    shifted = x * _PER_LN2 + _ROUND
    power = shifted - _ROUND
    r = x - power * _LN2_HIGH
    r = r - power * _LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 1.984126984126984e-04
    p = p * r + 1.388888888888889e-03
    p = p * r + 8.333333333333333e-03
    p = p * r + 4.1666666666666664e-02
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    return p * _real((_bits(shifted) + 1023) << 52)


@njit(nogil=True, cache=True, fastmath={"contract"})
def _exp_minus(eta, out):
    for i in range(eta.shape[0]):
        out[i] = _exp(-min(max(eta[i], -500.0), 500.0))


@njit(nogil=True, cache=True, fastmath=_FREE)
def _dot(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@njit(nogil=True, cache=True, fastmath=_FREE)
def _four(w, a, b0, b1, b2, b3):
    """Return weighted products of one column with four others."""
    s0 = s1 = s2 = s3 = 0.0
    for i in range(w.shape[0]):
        v = w[i] * a[i]
        s0 += v * b0[i]
        s1 += v * b1[i]
        s2 += v * b2[i]
        s3 += v * b3[i]
    return s0, s1, s2, s3


@njit(nogil=True, cache=True, fastmath=_FREE)
def _one(w, a, b):
    total = 0.0
    for i in range(w.shape[0]):
        total += w[i] * a[i] * b[i]
    return total


@njit(nogil=True, cache=True, fastmath=_FREE)
def _add(factor, x, y):
    for i in range(y.shape[0]):
        y[i] += factor * x[i]


@njit(nogil=True, cache=True, fastmath={"contract"})
def _residuals(eta, y, total, residual, curvature):
    """Turn exp(-predictor) into 1 + that; fill residuals and curvatures."""
    for i in range(eta.shape[0]):
        t = total[i] + 1.0
        mu = 1.0 / t
        total[i] = t
        residual[i] = y[i] - mu
        curvature[i] = mu * (1.0 - mu)


@njit(nogil=True, cache=True, fastmath=_FREE | {"nnan"})
def _smallest(curvature):
    """Return the smallest of numbers of which none is NaN."""
    smallest = 1.0
    for i in range(curvature.shape[0]):
        smallest = min(smallest, curvature[i])
    return smallest


@njit(nogil=True, cache=True, fastmath=_FREE)
def _sum_of_logs(total, mantissa):
    """Return the sum of the logarithms of numbers of at least 1, by one for many of them.

    Exponents are added as integers; the mantissas, from 1 to 2, are multiplied.
    """
    exponents = 0
    for i in range(total.shape[0]):
        bits = _bits(total[i])
        exponents += (bits >> 52) - 1023
        mantissa[i] = _real((bits & _MANTISSA) | _ONE)
    s = exponents * _LN2
    for first in range(0, total.shape[0], _PER_LOG):
        product = 1.0
        for i in range(first, min(first + _PER_LOG, total.shape[0])):
            product *= mantissa[i]
        s += math.log(product)
    return s


@njit(nogil=True, cache=True, fastmath=_FREE)
def _of_failures(eta, y):
    """Return the sum of (y - 1) eta."""
    s = 0.0
    for i in range(eta.shape[0]):
        s += (y[i] - 1.0) * eta[i]
    return s


@njit(nogil=True, cache=True)
def _log_likelihood(eta, y, total, w, weighted, mantissa):
    """Return the sum of (y - 1) eta - log(total)."""
    s = 0.0
    n = eta.shape[0]
    if weighted:
        for i in range(n):
            if w[i] > 0.0:
                s += w[i] * ((y[i] - 1.0) * eta[i] - math.log(total[i]))
        return s
    return _of_failures(eta, y) - _sum_of_logs(total, mantissa)


@njit(nogil=True, cache=True)
def _factor(matrix, p, lower):
    """Fill the Cholesky factor; return whether the matrix is positive definite."""
    for j in range(p):
        s = matrix[j, j]
        for k in range(j):
            s -= lower[j, k] * lower[j, k]
        if not s > 0.0:
            return False
        d = math.sqrt(s)
        lower[j, j] = d
        for i in range(j + 1, p):
            s = matrix[i, j]
            for k in range(j):
                s -= lower[i, k] * lower[j, k]
            lower[i, j] = s / d
    return True


@njit(nogil=True, cache=True)
def _solve(lower, p, right, out):
    for i in range(p):
        s = right[i]
        for k in range(i):
            s -= lower[i, k] * out[k]
        out[i] = s / lower[i, i]
    for i in range(p - 1, -1, -1):
        s = out[i]
        for k in range(i + 1, p):
            s -= lower[k, i] * out[k]
        out[i] = s / lower[i, i]


@njit(nogil=True, cache=True)
def _climb(Xt, y, w, offset, start, tolerance, limits, coef, cov, loglik, steps, regular):
    """Fit each member; ``limits`` are the most steps and the smallest curvature of a regular fit.

    ``w`` and ``offset`` have no rows if there are none.
    """
    members, p, n = Xt.shape
    weighted, shifted = w.shape[0] > 0, offset.shape[0] > 0
    # separate arrays: rows of one array are strided for the compiler, which would prevent
    # vectorisation
    eta, total, residual, curvature = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    mantissa = np.empty(n)
    information, lower = np.zeros((p, p)), np.zeros((p, p))
    score, step, unit = np.empty(p), np.empty(p), np.empty(p)
    for r in range(members):
        X = Xt[r]
        b = start[r].copy()
        weight = w[r] if weighted else residual
        best = -np.inf
        for done in range(int(limits[0])):
            if shifted:
                eta[:] = offset[r]
            else:
                eta[:] = 0.0
            for j in range(p):
                _add(b[j], X[j], eta)
            _exp_minus(eta, total)
            _residuals(eta, y[r], total, residual, curvature)
            value = _log_likelihood(eta, y[r], total, weight, weighted, mantissa)
            if not value >= best - 1e-10 * abs(best) or _smallest(curvature) < limits[1]:
                break
            best = value
            if weighted:
                for i in range(n):
                    residual[i] *= weight[i]
                    curvature[i] *= weight[i]
            for j in range(p):
                score[j] = _dot(X[j], residual)
                k = 0
                while k + 4 <= j + 1:
                    s = _four(curvature, X[j], X[k], X[k + 1], X[k + 2], X[k + 3])
                    information[j, k], information[j, k + 1] = s[0], s[1]
                    information[j, k + 2], information[j, k + 3] = s[2], s[3]
                    k += 4
                while k <= j:
                    information[j, k] = _one(curvature, X[j], X[k])
                    k += 1
            if not _factor(information, p, lower):
                break
            _solve(lower, p, score, step)
            gain = 0.0
            for j in range(p):
                gain += step[j] * score[j]
                b[j] += step[j]
            if gain < tolerance[r]:
                sound = True
                for j in range(p):
                    unit[:] = 0.0
                    unit[j] = 1.0
                    _solve(lower, p, unit, step)
                    cov[r, j] = step
                    if not information[j, j] * step[j] < INFLATION:
                        sound = False
                coef[r], loglik[r], steps[r], regular[r] = b, value + gain / 2, done + 1, sound
                break


def climb(
    Xt: Floats,
    y: Floats,
    weights: Floats | None,
    offset: Floats | None,
    start: Floats,
    tolerance: Floats,
    *,
    most_steps: int,
    smallest_curvature: float,
) -> tuple[Floats, Floats, Floats, Ints, Bools]:
    """Return coefficients, covariance, log likelihood, steps, and which members are regular.

    Parameters
    ----------
    Xt
        (member, p, n) transposed design matrices.
    y, weights, offset
        (member, n).
    start
        (member, p) first coefficients.
    tolerance
        (member,) squared length of the last step, in standard errors.
    """
    members, p, n = Xt.shape
    none = np.empty((0, n))
    given = [none if a is None else np.ascontiguousarray(a) for a in (weights, offset)]
    coef, cov = np.empty((members, p)), np.empty((members, p, p))
    loglik, steps = np.empty(members), np.zeros(members, np.int64)
    regular = np.zeros(members, np.bool_)
    limits = np.array([most_steps, smallest_curvature])
    _climb(
        np.ascontiguousarray(Xt), np.ascontiguousarray(y), *given, np.ascontiguousarray(start),
        tolerance, limits, coef, cov, loglik, steps, regular,
    )  # fmt: skip
    return coef, cov, loglik, steps, regular
