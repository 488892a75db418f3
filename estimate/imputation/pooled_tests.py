"""One test of several coefficients at once from many imputations: D1 to D4.

Each function documents the axis of imputations; all other leading axes are replicates.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Bools, Floats
from estimate.regression.logistic import fit_logistic


@dataclass(frozen=True, slots=True)
class PooledTest:
    """An F test of k coefficients at once after imputation; ``riv`` as in `Pooled`, mean over k."""

    method: str
    statistic: Floats
    df1: int
    df2: Floats
    p_value: Floats
    riv: Floats


def d1(coef: ArrayLike, cov: ArrayLike, *, df_complete: float = np.inf) -> PooledTest:
    """Test that k coefficients are 0 from their pooled values and covariances.

    Li KH, Raghunathan TE, Rubin DB. *J Am Stat Assoc* 1991;86:1065-73; with a finite
    ``df_complete``, Reiter JP. *Biometrika* 2007;94:502-8.

    Parameters
    ----------
    coef, cov
        (..., m, k) and (..., m, k, k).
    """
    coef, cov = np.asarray(coef, float), np.asarray(cov, float)
    m, k = coef.shape[-2:]
    mean, within = coef.mean(-2), cov.mean(-3)
    deviation = coef - mean[..., None, :]
    between = np.einsum("...mi,...mj->...ij", deviation, deviation) / (m - 1)
    solved = np.linalg.solve(within, np.concatenate([between, mean[..., None]], -1))
    riv = (1 + 1 / m) * np.trace(solved[..., :k], axis1=-2, axis2=-1) / k
    f = (mean * solved[..., k]).sum(-1) / (k * (1 + riv))
    t = k * (m - 1)
    df2 = _li_df(t, riv, k) if np.isinf(df_complete) else _reiter_df(t, riv, df_complete)
    return _f_test("D1", f, k, df2, riv)


def d2(chi_square: ArrayLike, k: int) -> PooledTest:
    """Pool the chi-square statistics (..., m) of a test on k degrees of freedom.

    It needs only the statistics, and is the least powerful and least reliable of the four.
    Li KH, Meng XL, Raghunathan TE, Rubin DB. *Stat Sinica* 1991;1:65-92.
    """
    d = np.asarray(chi_square, float)
    m = d.shape[-1]
    riv = (1 + 1 / m) * np.sqrt(d).var(-1, ddof=1)
    f = (d.mean(-1) / k - (m + 1) / (m - 1) * riv) / (1 + riv)
    with np.errstate(divide="ignore"):
        df2 = k ** (-3 / m) * (m - 1) * (1 + 1 / riv) ** 2
    return _f_test("D2", f, k, df2, riv)


def d3(chi_square: ArrayLike, at_pooled: ArrayLike, k: int) -> PooledTest:
    """Pool likelihood-ratio statistics (..., m) given those at the pooled coefficients.

    Meng XL, Rubin DB. *Biometrika* 1992;79:103-11.
    """
    own, common = np.asarray(chi_square, float).mean(-1), np.asarray(at_pooled, float).mean(-1)
    m = np.shape(chi_square)[-1]
    riv = (m + 1) / (k * (m - 1)) * (own - common)
    return _f_test("D3", common / (k * (1 + riv)), k, _li_df(k * (m - 1), riv, k), riv)


def d4(
    chi_square: ArrayLike,
    stacked: ArrayLike,
    k: int,
    *,
    full: tuple[ArrayLike, ArrayLike, int] | None = None,
) -> PooledTest:
    """Pool likelihood-ratio statistics through the stacked data set; never negative.

    Chan KW, Meng XL. *Stat Sinica* 2022;32:1489-1514, algorithms 1 and 2 (robust).

    Parameters
    ----------
    chi_square
        (..., m) statistic in each imputation.
    stacked
        (...) statistic of all imputations in one data set, divided by m.
    full
        For the robust version, valid also if the null hypothesis is false: 2 log likelihood of
        the full model in each imputation (..., m), of the stacked data divided by m (...), and
        its number of coefficients.
    """
    mean, stacked = np.asarray(chi_square, float).mean(-1), np.asarray(stacked, float)
    m, name = np.shape(chi_square)[-1], "D4"
    if full is None:
        h, excess = k, mean - stacked
    else:
        name, h = "D4 robust", full[2]
        excess = np.asarray(full[0], float).mean(-1) - np.asarray(full[1], float)
    riv = np.maximum(0.0, (m + 1) / (h * (m - 1)) * excess)
    with np.errstate(divide="ignore"):
        df2 = h * (m - 1) * (1 + 1 / riv) ** 2
    return _f_test(name, stacked / (k * (1 + riv)), k, df2, riv)


def likelihood_ratio_test(
    X: ArrayLike,
    y: ArrayLike,
    tested: slice,
    *,
    weights: ArrayLike | None = None,
    method: Literal["D3", "D4", "D4 robust"] = "D4",
) -> PooledTest:
    """Test logistic coefficients after imputation, for example an interaction.

    Parameters
    ----------
    X
        (..., m, n, p) design in each imputation.
    y
        (..., m, n), or any shape that broadcasts to it.
    tested
        The columns of ``X`` that the smaller model omits.
    weights
        Like ``y``; 0 excludes a patient.
    """
    X = np.asarray(X, float)
    m, n, p = X.shape[-3:]
    y = np.broadcast_to(np.asarray(y, float), X.shape[:-1])
    w = np.broadcast_to(1.0 if weights is None else np.asarray(weights, float), X.shape[:-1])
    keep = np.ones(p, bool)
    keep[tested] = False
    k = int(p - keep.sum())
    full, null = fit_logistic(X, y, w), fit_logistic(X[..., keep], y, w)
    own = 2 * (full.loglik - null.loglik)
    if method == "D3":
        common = [
            _loglik(design, y, w, fit.coef.mean(-2))
            for design, fit in ((X, full), (X[..., keep], null))
        ]
        return _sound(d3(own, 2 * (common[0] - common[1]), k), full.converged & null.converged)
    long = X.reshape(*X.shape[:-3], m * n, p)
    flat = y.reshape(*y.shape[:-2], m * n), w.reshape(*w.shape[:-2], m * n)
    # The maximum of all imputations together is close to their mean.
    stacked = fit_logistic(long, *flat, start=_near(full.coef))
    stacked_null = fit_logistic(long[..., keep], *flat, start=_near(null.coef))
    together = 2 * (stacked.loglik - stacked_null.loglik) / m
    whole = (2 * full.loglik, 2 * stacked.loglik / m, p) if method == "D4 robust" else None
    return _sound(d4(own, together, k, full=whole), full.converged & null.converged)


def _near(coef: Floats) -> Floats:
    """Return coefficients (..., p) to start the search of all imputations (..., m, p)."""
    mean = coef.mean(-2)
    return np.where(np.isfinite(mean), mean, 0.0)


def _loglik(X: Floats, y: Floats, w: Floats, coef: Floats) -> Floats:
    """Return the log likelihood (..., m) of each imputation at common coefficients (..., p)."""
    eta = np.einsum("...mnp,...p->...mn", X, coef)
    return np.asarray((w * (y * eta - np.logaddexp(0, eta))).sum(-1))


def _sound(test: PooledTest, converged: Bools) -> PooledTest:
    """Return the test with NaN where a fit in some imputation failed."""
    ok = converged.all(-1)
    return replace(
        test,
        statistic=np.where(ok, test.statistic, np.nan),
        p_value=np.where(ok, test.p_value, np.nan),
    )


def _li_df(t: int, riv: Floats, k: int) -> Floats:
    """Return the denominator degrees of freedom of Li et al. 1991, t = k (m - 1)."""
    with np.errstate(divide="ignore"):
        if t > 4:
            return np.asarray(4 + (t - 4) * (1 + (1 - 2 / t) / riv) ** 2)
        return np.asarray(t * (1 + 1 / k) * (1 + 1 / riv) ** 2 / 2)


def _reiter_df(t: int, riv: Floats, complete: float) -> Floats:
    """Return the small-sample denominator degrees of freedom of Reiter 2007, section 2."""
    a = riv * t / (t - 2)
    v = (complete + 1) / (complete + 3) * complete
    c0, c1, c2 = 1 / (t - 4), v - 2 * (1 + a), v - 4 * (1 + a)
    z = (
        1 / c2
        + c0 * a**2 * c1 / ((1 + a) ** 2 * c2)
        + c0 * (8 * a**2 * c1 / ((1 + a) * c2**2) + 4 * a**2 / ((1 + a) * c2))
        + c0 * (4 * a**2 / (c2 * c1) + 16 * a**2 * c1 / c2**3)
        + c0 * 8 * a**2 / c2**2
    )
    return np.asarray(4 + 1 / z)


def _f_test(method: str, f: Floats, k: int, df2: Floats, riv: Floats) -> PooledTest:
    # With infinite degrees of freedom F is chi-square / k; fdtrc answers NaN, and loses digits
    # from about 1e10 on in older versions.
    positive, many = np.maximum(f, 0), df2 > 1e9
    few = special.fdtrc(k, np.where(many, 1.0, df2), positive)
    p = np.where(many, special.chdtrc(k, k * positive), few)
    return PooledTest(method, np.asarray(f), k, np.asarray(df2), np.asarray(p), np.asarray(riv))
